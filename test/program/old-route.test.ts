import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { labSettings } from "../../lab/stack-config";
import { forgetLastRun } from "../../src/preview/last-run";
import { refuseOldRoute } from "../../src/preview/refuse-old-route";
import { clusterStatus } from "../../src/plan/cluster-status";
import { hostIdentity } from "../../src/plan/node-identity";
import { planCluster } from "../../src/plan/plan-cluster";
import { configWith, hostKey, type Overrides } from "../helpers/config-builder";
import { mockLastRun } from "../helpers/last-run";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

const agent = (name: string) => ({ name, pool: "edge", role: "agent", tailnetIp: "100.64.0.9" });
const words = /^The way to rack-1, the first server, is another one than in the last run .* this run removes or replaces kiosk-\d, /;

describe("another way to the first server", () => {
  const planWith = (overrides: Overrides) => planCluster(configWith(overrides));
  const lastRun = async (nodes: readonly string[], more: Overrides = {}, olderRelease = false) => {
    const { route, ...cluster } = clusterStatus(planWith(more));
    await mockLastRun({ cluster: { ...cluster, ...(!olderRelease && { route }) }, nodes: nodes.map(agent) });
  };
  const rotated = { "pools.rack.hosts[0].hostKey": hostKey(9) };

  for (const change of [rotated, { "pools.rack.hosts[0].address": "192.0.2.99" }, { "pools.rack.hosts[0].port": 2222 }]) {
    it(`by ${JSON.stringify(change).slice(0, 60)} is refused in the run that removes an agent, and only there`, async () => {
      await lastRun(["kiosk-1", "kiosk-2", "kiosk-9"]);
      await assert.rejects(refuseOldRoute(planWith(change)), (error: Error) => {
        assert.ok(pulumi.RunError.isInstance(error));
        assert.match(error.message, words);
        assert.match(
          error.message,
          /kiosk-9.*Do it in two runs: with that node left as before, pulumi up brings the new way into the state/,
        );
        assert.doesNotMatch(error.message, /kiosk-1/);
        return true;
      });
      await refuseOldRoute(planWith({}));
      await lastRun(["kiosk-1", "kiosk-2"]);
      await refuseOldRoute(planWith(change));
    });
  }

  it("is free where another cluster takes this one's place, as then nothing is drained, and after an older release", async () => {
    await lastRun(["kiosk-9"]);
    await refuseOldRoute(planWith({ ...rotated, "pools.rack.hosts[0].generation": 1 }));
    await lastRun(["kiosk-9"], {}, true);
    await refuseOldRoute(planWith(rotated));
  });

  it("is refused in a preview too where an agent is made again", async () => {
    const stack = labSettings(labWithFixedKeys());
    const { name, podCidr, serviceCidr } = stack["hybrid-k3s:cluster"] as Record<"name" | "podCidr" | "serviceCidr", string>;
    const cluster = { name, podCidr, serviceCidr };
    const identity = hostIdentity({ host: { generation: 0 }, role: "server", cluster, integration: "k3s" });
    const before = { name, firstServer: "rack-1", identity, serverReplacement: "refused", route: "of the old key" };
    const outputs = { cluster: before, nodes: [agent("kiosk-1")] };
    forgetLastRun();
    const given = runOf("lab", stack, {
      answers: { ...mockedAnswers, "pulumi:pulumi:readStackOutputs": { outputs } },
      unmade: ["kiosk-1-drain"],
    });
    await assert.rejects(recordProgram(given), { message: words });
  });
});
