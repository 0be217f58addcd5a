import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { clusterStatus } from "../../src/plan/cluster-status";
import { planCluster } from "../../src/plan/plan-cluster";
import { refuseLostQuorum, refuseOtherServerKind } from "../../src/preview/refuse-lost-quorum";
import { configWith, hostKey, type Overrides } from "../helpers/config-builder";
import { mockLastRun } from "../helpers/last-run";

/** A plan with these servers, by number; `again` are made again. */
function planOf(servers: readonly number[], again: readonly number[] = [], more: Overrides = {}) {
  const hosts = servers.map((i) => ({
    ...{ name: `rack-${i}`, address: `192.0.2.${30 + i}`, user: "ops", hostKey: hostKey(50 + i) },
    ...(again.includes(i) && { generation: 1 }),
  }));
  return planCluster(configWith({ "pools.rack.hosts": hosts, "vpn.integration": "routes", ...more }));
}

const saidOf = async (refused: Promise<void>) =>
  refused.then(
    () => "",
    (error: unknown) => {
      assert.ok(pulumi.RunError.isInstance(error), String(error));
      return error.message;
    },
  );

describe("a run that takes servers away", () => {
  const said = async (before: readonly number[], plan: ReturnType<typeof planOf>) => {
    await mockLastRun({ cluster: clusterStatus(planOf(before)) });
    return saidOf(refuseLostQuorum(plan, []));
  };
  const five = [1, 2, 3, 4, 5];

  it("may replace one of them, or as many as leave a majority of etcd", async () => {
    assert.equal(await said([1, 2, 3], planOf([1, 2, 3])), "");
    assert.equal(await said([1, 2, 3], planOf([1, 2, 3], [1])), "");
    assert.equal(await said(five, planOf(five, [1, 5])), "");
  });

  it("is refused, all named, where those that stay would be no majority", async () => {
    assert.equal(
      await said([1, 2, 3], planOf([1, 2, 3], [1, 3])),
      "This run would replace rack-1, rack-3, and of the 3 servers of the cluster edge 1 would stay: etcd needs 2 of them at every moment. " +
        "Nothing was changed. Take back the change for all of them but one, run pulumi up, then go on with the next.",
    );
    assert.match(
      await said(five, planOf([1, 2, 3], [1])),
      /^This run would replace rack-1 and remove rack-4, rack-5, and .* 2 would stay: etcd needs 3 /,
    );
  });

  it("may take out servers down to a legal number, as each leaves etcd before it stops, but never all of them", async () => {
    assert.equal(await said(five, planOf([1, 2, 3])), "");
    assert.match(await said([1, 2, 3], planOf([4, 5, 6])), /^This run would remove rack-1, rack-2, rack-3, and .* 0 would stay/);
  });

  it("is of another cluster under another name", async () => {
    assert.equal(await said([1, 2, 3], planOf([1, 2, 3], [1, 2], { "cluster.name": "north" })), "");
  });
});

describe("another kind of control plane on a cluster that stands", () => {
  it("is refused in both directions, and free for a new cluster", async () => {
    const said = async (before: readonly number[] | undefined, now: readonly number[]) => {
      await mockLastRun(before === undefined ? {} : { cluster: clusterStatus(planOf(before)) });
      return saidOf(refuseOtherServerKind(planOf(now)));
    };
    assert.match(
      await said([1], [1, 2, 3]),
      /^This run would take the cluster edge from one server to several, which is not available yet; nothing was changed/,
    );
    assert.match(await said([1, 2, 3], [1]), / from several servers to one, /);
    assert.equal(await said([1, 2, 3], [1, 2, 3, 4, 5]), "");
    assert.equal(await said([1], [1]), "");
    assert.equal(await said(undefined, [1, 2, 3]), "");
  });
});
