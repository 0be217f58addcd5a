import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { awsPool, azurePool, cloudPools, configWith, faultsOf, hostKey, type Overrides } from "../../helpers/config-builder";

const hosts = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `rack-${i + 1}`, address: `192.0.2.${10 + i}`, user: "ops", hostKey: hostKey(40 + i) }));

/** So many servers on metal, with pod routes of the stack's own. */
const servers = (count: number, more: Overrides = {}): Overrides => ({
  "pools.rack.hosts": hosts(count),
  "vpn.integration": "routes",
  ...more,
});

describe("the rules for servers", () => {
  it("refuse no server", () => {
    assert.deepEqual(faultsOf({ "pools.rack.role": "agent" }), [
      "hybrid-k3s:pools: no pool has a server. Give one pool `role: server` and one host.",
    ]);
  });

  it("accept 1, 3, 5 and 7 in one place", () => {
    for (const count of [1, 3, 5, 7]) assert.deepEqual(faultsOf(servers(count)), [], String(count));
    assert.equal(configWith(servers(3)).cluster.datastore, "etcd");
  });

  it("refuse counts by which etcd gains nothing, with the reason", () => {
    const refusal = (count: number, why: string) => [
      `hybrid-k3s:pools: ${count} servers are asked for (in rack), and ${why}. Make it 1, 3, 5 or 7.`,
    ];
    assert.deepEqual(
      faultsOf(servers(2)),
      refusal(2, "of 2 neither may be lost: etcd needs more than half of its members, so that two fail more often than one"),
    );
    assert.deepEqual(faultsOf(servers(4)), refusal(4, "of 4 no more may be lost than of 3: etcd needs more than half of its members"));
    assert.deepEqual(faultsOf(servers(9)), refusal(9, "more than 7 only make each write wait for more of them"));
  });

  it("count a cloud pool's servers, whatever hides in other pools", () => {
    assert.deepEqual(
      faultsOf({ ...cloudPools({ role: "server", count: 3, remove: [] }), "pools.rack.role": "agent", "vpn.integration": "routes" }),
      [],
    );
    assert.deepEqual(faultsOf({ ...cloudPools({ role: "server", count: 1 }), "pools.rack.role": "agent" }), []);
    const [first, second] = faultsOf({ ...cloudPools({ role: "server", count: 1 }, { count: "3" }), "vpn.integration": "routes" });
    assert.match(first ?? "", /burst-az\.count: is the text "3"/);
    assert.match(second ?? "", /2 servers are asked for \(in rack, burst\)/);
  });

  it("want a way for pods that does not move etcd, and etcd itself", () => {
    assert.deepEqual(faultsOf({ ...servers(3), "vpn.integration": undefined, "cluster.datastore": "sqlite" }), [
      "hybrid-k3s:cluster.datastore: is sqlite, which is a file on one server, and there are 3. Write etcd or external, or remove it.",
      "hybrid-k3s:vpn.integration: is k3s, and there are 3 servers: k3s's own VPN flag takes a server out of the tailnet whenever its k3s stops, and what it calls " +
        "etcd's address differs from release to release (k3s#14515). Write routes or flannel-iface.",
    ]);
    assert.deepEqual(faultsOf({ "cluster.datastore": "sqlite" }), []);
  });

  it("want all servers in one place: one site, or one region of a cloud", () => {
    const spread =
      "and etcd waits for the slowest way between them at each write. Give the servers one bare-metal pool, or pools in one region of one cloud.";
    const inCloud = { "pools.rack.role": "agent", "vpn.integration": "routes", "access.allowedCidrs": ["203.0.113.7/32"] };
    const server = { role: "server", count: 1 };
    assert.deepEqual(faultsOf({ ...servers(2), "pools.burst": { ...awsPool, ...server }, "access.allowedCidrs": ["203.0.113.7/32"] }), [
      `hybrid-k3s:pools: the servers stand in several places (the pool rack, aws eu-central-1), ${spread}`,
    ]);
    assert.deepEqual(
      faultsOf({
        ...inCloud,
        "pools.a": { ...awsPool, ...server },
        "pools.b": { ...awsPool, role: "server", count: 2, instanceType: "t3.medium" },
      }),
      [],
    );
    assert.deepEqual(
      faultsOf({
        ...inCloud,
        "pools.a": { ...awsPool, ...server },
        "pools.b": { ...awsPool, ...server, region: "eu-west-1" },
        "pools.c": { ...azurePool, ...server },
      }).filter((fault) => fault.includes("several places")),
      [`hybrid-k3s:pools: the servers stand in several places (aws eu-central-1, aws eu-west-1, azure westeurope), ${spread}`],
    );
  });

  it("want what k3s compares between servers to be the same, and leave the rest to pools", () => {
    const inCloud = { "pools.rack.role": "agent", "vpn.integration": "routes", "access.allowedCidrs": ["203.0.113.7/32"] };
    const pools = (a: object, b: object) => ({
      ...inCloud,
      "pools.a": { ...awsPool, role: "server", count: 1, k3s: a },
      "pools.b": { ...awsPool, role: "server", count: 2, k3s: b },
    });
    assert.deepEqual(faultsOf(pools({ disable: ["traefik"] }, {})), [
      "hybrid-k3s:pools.b.k3s.disable: is another one than for the servers of a, and all servers must have the same. Write it in cluster.k3s instead.",
    ]);
    assert.deepEqual(faultsOf(pools({ disable: ["traefik"] }, { disable: ["traefik"] })), []);
    assert.deepEqual(faultsOf(pools({ "kubelet-arg": ["max-pods=50"] }, {})), []);
  });

  it("let several servers be drained by rules of their own, and not an only one", () => {
    assert.deepEqual(faultsOf(servers(3, { "pools.rack.removeData": true, "pools.rack.drainPolicy": "force" })), []);
    assert.equal(faultsOf({ "pools.rack.removeData": true }).length, 1);
  });
});
