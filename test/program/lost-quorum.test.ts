import assert from "node:assert/strict";
import { it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { hostIdentity } from "../../src/plan/node-identity";
import { forgetLastRun } from "../../src/preview/last-run";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";
import { threeServers } from "../helpers/three-servers";

it("refuses in a preview that two of three servers are made again, also where the config does not name them", async () => {
  const stack = threeServers(labSettings(labWithFixedKeys()));
  const { name, podCidr, serviceCidr } = stack["hybrid-k3s:cluster"] as Record<"name" | "podCidr" | "serviceCidr", string>;
  const identity = hostIdentity({
    host: { generation: 0 },
    role: "server",
    cluster: { name, podCidr, serviceCidr },
    integration: "routes",
  });
  const servers = Object.fromEntries([1, 2, 3].map((i) => [`rack-${i}`, { identity }]));
  const cluster = { name, firstServer: "rack-1", identity, serverReplacement: "refused", servers };
  const answers = { ...mockedAnswers, "pulumi:pulumi:readStackOutputs": { outputs: { cluster } } };
  const preview = (unmade: readonly string[]) => {
    forgetLastRun();
    return recordProgram(runOf("lab", stack, { answers, unmade }));
  };
  await preview(["rack-2-join"]);
  await assert.rejects(preview(["rack-2-join", "rack-3-join"]), { message: /^This run would replace rack-2, rack-3, and / });
});
