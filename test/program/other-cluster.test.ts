import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { labSettings } from "../../lab/stack-config";
import { refuseOtherCluster } from "../../src/preview/refuse-other-cluster";
import { clusterStatus } from "../../src/plan/cluster-status";
import { planCluster } from "../../src/plan/plan-cluster";
import { configWith, type Overrides } from "../helpers/config-builder";
import { mockLastRun } from "../helpers/last-run";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers, mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

const planWith = (overrides: Overrides) => planCluster(configWith(overrides));

describe("a config that would replace the only server", () => {
  it("is refused before anything is registered", async () => {
    const registered: string[] = [];
    const before = { name: "edge", firstServer: "rack-9", identity: "other", serverReplacement: "refused" };
    const given = runOf("lab", labSettings(labWithFixedKeys()), {
      outputsOf: (type, name) => {
        registered.push(name);
        return mockedOutputs(type, name);
      },
      answers: { ...mockedAnswers, "pulumi:pulumi:readStackOutputs": { outputs: { cluster: before } } },
    });
    await assert.rejects(recordProgram(given), (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(error.message, /^This run would replace or remove rack-9, the only server of cluster edge, and with it everything/);
      return true;
    });
    assert.deepEqual(registered, []);
  });

  const lastRun = (overrides: Overrides) => mockLastRun({ cluster: clusterStatus(planWith(overrides)) });

  const changes: readonly Overrides[] = [
    { "cluster.name": "north" },
    { "cluster.podCidr": "10.52.0.0/16" },
    { "pools.rack.hosts[0].name": "rack-9" },
    { "pools.rack.hosts[0].generation": 1 },
  ];
  for (const change of changes) {
    it(`is one that has ${JSON.stringify(change)}, unless an earlier up had the permission`, async () => {
      await lastRun({});
      await refuseOtherCluster(planWith({}));
      await assert.rejects(refuseOtherCluster(planWith(change)), /everything the cluster holds/);
      await assert.rejects(
        refuseOtherCluster(planWith({ ...change, "cluster.allowServerReplacement": true })),
        /everything the cluster holds/,
      );
      await lastRun({ "cluster.allowServerReplacement": true });
      await refuseOtherCluster(planWith(change));
    });
  }
});
