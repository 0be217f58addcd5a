import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AwsNodePlan, AzureNodePlan, CloudNodePlan } from "../../src/plan/cluster-plan";
import { planCluster } from "../../src/plan/plan-cluster";
import { cloudPools, configWith, hostKey, type Overrides } from "../helpers/config-builder";

const sshPublicKey = hostKey(99);
const planWith = (overrides: Overrides) => planCluster(configWith(overrides), { mirrorCaPem: "", warnings: [], sshPublicKey });
const cloudNodes = (overrides: Overrides): readonly CloudNodePlan[] =>
  planWith(overrides).nodes.filter((node) => node.kind !== "bare-metal");
const first = (overrides: Overrides) => cloudNodes(overrides)[0] ?? assert.fail("no cloud node");

describe("planCloudNodes", () => {
  it("plans an AWS node with its pool's settings", () => {
    const bastion = { address: "203.0.113.9", user: "jump", hostKey: hostKey(9) };
    const node = first({
      ...cloudPools({ count: 1, spot: true, spotMaxPrice: 0.05, labels: { workload: "batch" }, drainTimeout: "1m", bastion }),
    });
    const expected: AwsNodePlan = {
      kind: "aws",
      name: "edge-burst-0",
      pool: "burst",
      role: "agent",
      labels: {
        "hybrid-k3s/jurisdiction": "eu",
        "hybrid-k3s/pool": "burst",
        "hybrid-k3s/provider": "aws",
        "hybrid-k3s/spot": "true",
        "node.kubernetes.io/instance-type": "t3.large",
        "topology.kubernetes.io/region": "eu-central-1",
        "topology.kubernetes.io/zone": "eu-central-1a",
        workload: "batch",
      },
      taints: ["hybrid-k3s/spot=true:NoSchedule"],
      drainSeconds: 60,
      removal: { removeData: true, drainPolicy: "force" },
      upgrade: { maxUnavailable: 1, drain: false },
      k3sConfig: node.k3sConfig,
      identity: node.identity,
      bastion: { address: "203.0.113.9", port: 22, user: "jump", hostKey: hostKey(9) },
      region: "eu-central-1",
      zone: "eu-central-1a",
      network: "edge-aws-eu-central-1",
      publicIp: true,
      architecture: "amd64",
      image: "debian-12",
      diskGb: 30,
      spot: { maxPrice: 0.05 },
      sshPublicKey,
      instanceType: "t3.large",
      subnet: "public-eu-central-1a",
    };
    assert.deepEqual(node, expected);
    assert.equal((first(cloudPools({ count: 1, tagInterface: true })) as AwsNodePlan).tagInterface, true);
    assert.deepEqual(node.k3sConfig["node-taint"], ["hybrid-k3s/spot=true:NoSchedule"]);
    assert.deepEqual(
      (node.k3sConfig["node-label"] as string[]).filter((label) => label.startsWith("topology")),
      ["topology.kubernetes.io/region=eu-central-1", "topology.kubernetes.io/zone=eu-central-1a"],
    );
  });

  it("plans an Azure node with its pool's settings", () => {
    const settings = {
      count: 1,
      region: "norwayeast",
      vmSize: "Standard_D2ps_v5",
      image: "ubuntu-24.04",
      diskGb: 64,
      publicIp: false,
      reachableBy: "private",
    };
    const node = first({ ...cloudPools({}, settings), "networks.azure.norwayeast.natGateway": true });
    const expected: AzureNodePlan = {
      kind: "azure",
      name: "edge-burst-az-0",
      pool: "burst-az",
      role: "agent",
      labels: {
        "hybrid-k3s/jurisdiction": "no",
        "hybrid-k3s/pool": "burst-az",
        "hybrid-k3s/provider": "azure",
        "node.kubernetes.io/instance-type": "Standard_D2ps_v5",
        "topology.kubernetes.io/region": "norwayeast",
        "topology.kubernetes.io/zone": "norwayeast-1",
      },
      taints: [],
      drainSeconds: 120,
      removal: { removeData: true, drainPolicy: "wait" },
      upgrade: { maxUnavailable: 1, drain: false },
      k3sConfig: node.k3sConfig,
      identity: node.identity,
      region: "norwayeast",
      zone: "1",
      network: "edge-azure-norwayeast",
      publicIp: false,
      architecture: "arm64",
      image: "ubuntu-24.04",
      diskGb: 64,
      sshPublicKey,
      vmSize: "Standard_D2ps_v5",
      subnet: "private",
    };
    assert.deepEqual(node, expected);
  });

  it("spreads nodes over zones by their index, so that taking one away moves none", () => {
    const places = (overrides: Overrides) => cloudNodes(overrides).map(({ name, zone }) => `${name} ${zone ?? "-"}`);
    const all = ["edge-burst-0 eu-central-1a", "edge-burst-1 eu-central-1b", "edge-burst-2 eu-central-1c", "edge-burst-3 eu-central-1a"];
    assert.deepEqual(places(cloudPools({ count: 4 })), all);
    assert.deepEqual(places(cloudPools({ count: 4, remove: [1, 9] })), [all[0], all[2], all[3]]);
    assert.deepEqual(places(cloudPools({ count: 2, zones: ["eu-central-1c"] })), [
      "edge-burst-0 eu-central-1c",
      "edge-burst-1 eu-central-1c",
    ]);
    assert.deepEqual(places(cloudPools({}, { count: 1, region: "westus" })), ["edge-burst-az-0 -"]);
  });

  it("places nodes in existing subnets in turn, and claims no zone for AWS's", () => {
    const subnetIds = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];
    const nodes = cloudNodes({
      ...cloudPools({ count: 3 }),
      "networks.aws": { "eu-central-1": { vpcId: "vpc-0123456789abcdef0", subnetIds } },
    });
    assert.deepEqual(
      nodes.map((node) => node.kind === "aws" && node.subnet),
      [subnetIds[0], subnetIds[1], subnetIds[0]],
    );
    for (const { zone, labels } of nodes) assert.deepEqual([zone, labels["topology.kubernetes.io/zone"]], [undefined, undefined]);
    const subnetId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a";
    const azure = first({ ...cloudPools({}, { count: 1 }), "networks.azure": { westeurope: { subnetId } } });
    assert.deepEqual([azure.kind === "azure" && azure.subnet, azure.zone], [subnetId, "1"]);
  });

  it("lets the pool's labels and its own word on the spot taint win", () => {
    const node = first(
      cloudPools({ count: 1, spot: true, labels: { "topology.kubernetes.io/zone": "mine" }, taints: ["hybrid-k3s/spot:PreferNoSchedule"] }),
    );
    assert.equal(node.labels["topology.kubernetes.io/zone"], "mine");
    assert.deepEqual(node.taints, ["hybrid-k3s/spot:PreferNoSchedule"]);
    assert.deepEqual(node.spot, {});
    assert.deepEqual(first(cloudPools({ count: 1, spot: true, taints: ["a=b:NoExecute"] })).taints, [
      "a=b:NoExecute",
      "hybrid-k3s/spot=true:NoSchedule",
    ]);
  });

  it("keeps existing nodes as they are when a pool grows", () => {
    const before = planWith(cloudPools({ count: 1 }, { count: 1 }));
    const after = planWith(cloudPools({ count: 3 }, { count: 3 }));
    const names = new Set(before.nodes.map(({ name }) => name));
    assert.deepEqual(
      after.nodes.filter(({ name }) => names.has(name)),
      before.nodes,
    );
    assert.deepEqual({ ...after, nodes: [] }, { ...before, nodes: [] });
  });

  it("starts the cluster on a cloud server where the config says so", () => {
    const plan = planWith({ ...cloudPools({ role: "server", count: 1 }), "pools.rack.role": "agent" });
    assert.equal(plan.firstServer.name, "edge-burst-0");
  });

  it("takes the public key from access.sshPublicKey, and plans no machine without one", () => {
    const overrides = cloudPools({ count: 1 });
    const key = hostKey(7);
    const plan = planCluster(configWith({ ...overrides, "access.sshPublicKey": key, "access.sshAgent": true, sshPrivateKey: undefined }));
    assert.ok(plan.nodes.some((node) => node.kind === "aws" && node.sshPublicKey === key));
    assert.throws(() => planCluster(configWith(overrides)), /no SSH public key for the machines of pool burst/);
    assert.doesNotThrow(() => planCluster(configWith(cloudPools({}))));
  });
});
