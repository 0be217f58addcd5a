import assert from "node:assert/strict";
import { it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { keepOptions } from "../helpers/kept-options";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";
import { threeServers } from "../helpers/three-servers";

it("begins a cluster again, and reads it again, where all servers of before are made again with the permission", async () => {
  const options = keepOptions();
  const urn = "urn:pulumi:lab::hybrid-k3s::hybrid-k3s:cluster:HybridCluster$pulumi-nodejs:dynamic/remote:Script::cluster-access";
  const servers = Object.fromEntries([1, 2, 3].map((i) => [`rack-${i}`, { identity: "of-before" }]));
  const cluster = { name: "edge", firstServer: "rack-1", identity: "of-before", serverReplacement: "allowed", servers };
  const answers = {
    ...mockedAnswers,
    "pulumi:pulumi:readStackOutputs": { outputs: { cluster } },
    "pulumi:pulumi:readStackResourceOutputs": { outputs: { [urn]: { type: "pulumi-nodejs:dynamic/remote:Script", outputs: {} } } },
  };
  const { registrations, outputs } = await recordProgram(runOf("lab", threeServers(labSettings(labWithFixedKeys())), { answers }));
  const waitsFor = (name: string, other: string) => options.get(name)?.dependsOn.some((found) => found.endsWith(`::${other}`));
  assert.deepEqual(
    [
      waitsFor("cluster-access", "rack-1-install"),
      waitsFor("rack-1-install", "cluster-access"),
      waitsFor("rack-2-install", "cluster-access"),
    ],
    [true, false, true],
  );
  const { identity, begunBy } = outputs["cluster"] as { identity: string; begunBy?: string };
  assert.equal(begunBy, identity);
  const access = registrations.find(({ name }) => name === "cluster-access")?.inputs as { previous: string };
  assert.equal(access.previous, identity);
});
