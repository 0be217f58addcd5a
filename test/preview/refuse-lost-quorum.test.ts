import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { datastoreMarks } from "../../src/config/values/datastore-marks";
import { clusterStatus } from "../../src/plan/cluster-status";
import { planCluster } from "../../src/plan/plan-cluster";
import { refuseLostEtcd, refuseLostQuorum } from "../../src/preview/refuse-lost-quorum";
import { refuseOtherDatastore } from "../../src/preview/refuse-other-datastore";
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

  it("may lose them all where the run before had the permission: then they are lost already, and another cluster begins", async () => {
    const allowed = planOf([1, 2, 3], [], { "cluster.allowServerReplacement": true });
    const after = async (now: ReturnType<typeof planOf>) => {
      await mockLastRun({ cluster: clusterStatus(allowed) });
      return saidOf(refuseLostQuorum(now, []));
    };
    assert.equal(await after(planOf([1, 2, 3], [1, 2, 3])), "");
    assert.match(await after(planOf([1, 2, 3], [1, 2])), /^This run would replace rack-1, rack-2, and .* 1 would stay/);
  });

  it("is of another cluster under another name", async () => {
    assert.equal(await said([1, 2, 3], planOf([1, 2, 3], [1, 2], { "cluster.name": "north" })), "");
  });
});

describe("a run that takes servers of an external datastore away", () => {
  const external = { "cluster.datastore": "external", datastoreEndpoint: "postgres://k3s:secret@db.example.org/k3s" };
  const said = async (before: readonly number[], now: ReturnType<typeof planOf>) => {
    await mockLastRun({ cluster: clusterStatus(planOf(before, [], external)) });
    return saidOf(refuseLostQuorum(now, []));
  };

  it("needs no majority, and never takes the last one", async () => {
    assert.equal(await said([1, 2, 3], planOf([1, 2, 3], [1, 3], external)), "");
    assert.equal(await said([1, 2], planOf([2], [], external)), "");
    assert.equal(
      await said([1, 2], planOf([1, 2], [1, 2], external)),
      "This run would replace rack-1, rack-2, and of the 2 servers of the cluster edge 0 would stay: one must stay that answers. " +
        "Nothing was changed. Take back the change for all of them but one, run pulumi up, then go on with the next.",
    );
  });
});

describe("a living cluster's datastore", () => {
  const external = { "cluster.datastore": "external", datastoreEndpoint: "postgres://k3s:secret@db.example.org/k3s" };
  const said = async (before: Readonly<Record<string, unknown>>, now: ReturnType<typeof planOf>) => {
    await mockLastRun(before);
    return saidOf(refuseOtherDatastore(now));
  };
  const statusOf = (more: Overrides) => clusterStatus(planOf([1], [], more));

  it("is not changed to an external one, or from it, as k3s moves no data there", async () => {
    const why = "k3s moves no data between its own datastore and an external one, and the cluster would begin empty. Nothing was changed. ";
    const remedy = "for the other make a new cluster: another stack, or pulumi destroy first.";
    assert.equal(
      await said({ cluster: statusOf({}) }, planOf([1, 2], [], external)),
      `The cluster edge keeps its data in etcd, and hybrid-k3s:cluster.datastore is external: ${why}Write it as it was (etcd); ${remedy}`,
    );
    assert.equal(
      await said({ cluster: statusOf(external) }, planOf([1], [], { "cluster.datastore": "sqlite" })),
      `The cluster edge keeps its data in an external datastore, and hybrid-k3s:cluster.datastore is sqlite: ${why}Write it as it was (external); ${remedy}`,
    );
    const older = Object.fromEntries(Object.entries(statusOf({})).filter(([key]) => key !== "datastore"));
    assert.match(
      await said({ cluster: older }, planOf([1], [], external)),
      /keeps its data in what k3s embeds, and .* Write it as it was; for/,
    );
  });

  it("is its own business for a new cluster, and stays external for several servers", async () => {
    assert.equal(await said({}, planOf([1, 2], [], external)), "");
    assert.equal(await said({ cluster: statusOf({}) }, planOf([1], [1], external)), "", "another cluster, where that is allowed");
    assert.equal(await said({ cluster: statusOf(external) }, planOf([1, 2], [], external)), "");
    assert.equal(await saidOf(refuseLostEtcd(planOf([1, 2], [], external))), "");
  });
});

describe("the database of a living cluster", () => {
  const planIn = (database: string, more: Overrides = {}) => {
    const datastoreEndpoint = `postgres://k3s:secret@db.example.org/${database}`;
    const config = configWith({
      ...{ "vpn.integration": "routes", "cluster.datastore": "external", datastoreEndpoint },
      ...more,
    });
    return planCluster(config, { mirrorCaPem: "", warnings: [], datastoreMarks: datastoreMarks(datastoreEndpoint) });
  };
  const said = async (now: ReturnType<typeof planIn>) => {
    await mockLastRun({ cluster: clusterStatus(planIn("k3s")) });
    return saidOf(refuseOtherDatastore(now));
  };

  it("is not changed for another one unasked, and neither is shown", async () => {
    const text = await said(planIn("other"));
    assert.match(
      text,
      /^hybrid-k3s:datastoreEndpoint names another database than the one that holds the cluster edge: another kind, host, port or name\./,
    );
    assert.match(text, /Nothing was changed\. Set it as it was; .* set cluster\.allowDatastoreMove: true for one pulumi up\.$/);
    assert.doesNotMatch(text, /secret|db\.example\.org|other\b.*@/);
    assert.doesNotMatch(JSON.stringify(clusterStatus(planIn("k3s"))), /secret|db\.example\.org/);
  });

  it("stays what it is by its marks, or is another by the operator's word", async () => {
    assert.equal(await said(planIn("k3s")), "");
    assert.equal(await said(planIn("other", { "cluster.allowDatastoreMove": true })), "");
    const older = Object.fromEntries(Object.entries(clusterStatus(planIn("k3s"))).filter(([key]) => key !== "datastoreMarks"));
    await mockLastRun({ cluster: older });
    assert.equal(await saidOf(refuseOtherDatastore(planIn("other"))), "", "hosts look themselves");
  });
});

describe("a living cluster's etcd", () => {
  const said = async (before: ReturnType<typeof planOf> | undefined, now: ReturnType<typeof planOf>) => {
    await mockLastRun(before === undefined ? {} : { cluster: clusterStatus(before) });
    return saidOf(refuseLostEtcd(now));
  };
  const sqlite = { "cluster.datastore": "sqlite" };
  const vpnFlag = { "vpn.integration": "k3s" };

  it("is come to from SQLite, and from one server, and left for one again", async () => {
    assert.equal(await said(undefined, planOf([1], [], sqlite)), "");
    assert.equal(await said(planOf([1], [], sqlite), planOf([1])), "");
    assert.equal(await said(planOf([1], [], vpnFlag), planOf([1, 2, 3])), "");
    assert.equal(await said(planOf([1, 2, 3]), planOf([2])), "");
    assert.equal(await said(planOf([1]), planOf([1], [], vpnFlag)), "");
  });

  it("is come to from SQLite before other servers come", async () => {
    assert.match(
      await said(planOf([1], [], { ...sqlite, ...vpnFlag }), planOf([1, 2, 3])),
      /^This run would take the cluster edge from SQLite on one server to several servers with etcd at once\. Nothing was changed\. Do it in two runs/,
    );
  });

  it("is never left for SQLite", async () => {
    assert.equal(
      await said(planOf([1]), planOf([1], [], sqlite)),
      "The cluster edge keeps its data in etcd, and hybrid-k3s:cluster.datastore is sqlite: k3s never moves data back there. " +
        "Nothing was changed. Write etcd; for SQLite make a new cluster: another stack, or pulumi destroy first.",
    );
    assert.equal(await said(planOf([1]), planOf([1], [1], sqlite)), "", "another cluster, where that is allowed");
  });

  it("loses its other servers before the one that stays goes back to k3s's VPN flag", async () => {
    assert.match(
      await said(planOf([1, 2, 3]), planOf([1], [], vpnFlag)),
      /^This run would leave the cluster edge one of its servers and change hybrid-k3s:vpn\.integration to k3s at once\. Nothing was changed\. Do it in two runs/,
    );
  });
});
