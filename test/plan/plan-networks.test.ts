import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Network, overlap, readCidr } from "../../src/config/values/cidr";
import type { HybridConfig } from "../../src/config/schema";
import type { CloudNetworkPlan } from "../../src/plan/cluster-plan";
import { planCluster } from "../../src/plan/plan-cluster";
import { cloudPools, configWith, type Overrides } from "../helpers/config-builder";
import { arbitraryConfig, sshPublicKey } from "./arbitrary-config";

const planOf = (config: HybridConfig) => planCluster(config, { mirrorCaPem: "", warnings: [], sshPublicKey });
const networksWith = (overrides: Overrides) => planOf(configWith(overrides)).networks;
const nat = { networks: { aws: { "eu-central-1": { natGateway: true } }, azure: { westeurope: { natGateway: true } } } };
const hidden = { publicIp: false, reachableBy: "private" };

function read(text: string): Network {
  const cidr = readCidr(text);
  return cidr.kind === "network" ? cidr.network : assert.fail(`${text} is no network`);
}

function subnetsOf(network: CloudNetworkPlan) {
  const made = network.kind === "aws" ? network.vpc : network.vnet;
  return made.kind === "made" ? made.subnets : [];
}

describe("planNetworks", () => {
  it("plans a VPC with a public subnet for each zone", () => {
    assert.deepEqual(networksWith(cloudPools({ count: 1, zones: ["eu-central-1c", "eu-central-1a"] })), [
      {
        kind: "aws",
        name: "edge-aws-eu-central-1",
        region: "eu-central-1",
        sshCidrs: ["203.0.113.7/32"],
        vpc: {
          kind: "made",
          cidr: "172.16.128.0/20",
          subnets: [
            { name: "public-eu-central-1a", zone: "eu-central-1a", cidr: "172.16.128.0/23", isPublic: true },
            { name: "public-eu-central-1c", zone: "eu-central-1c", cidr: "172.16.132.0/23", isPublic: true },
          ],
        },
      },
    ]);
  });

  it("plans a VNet with one public subnet", () => {
    assert.deepEqual(networksWith(cloudPools({}, { count: 2 })), [
      {
        kind: "azure",
        name: "edge-azure-westeurope",
        region: "westeurope",
        sshCidrs: ["203.0.113.7/32"],
        vnet: {
          kind: "made",
          cidr: "172.27.48.0/20",
          subnets: [{ name: "public", cidr: "172.27.48.0/21", isPublic: true }],
          natGateway: false,
        },
      },
    ]);
  });

  it("adds private subnets and the NAT gateway where a pool has no public addresses", () => {
    const [aws, azure] = networksWith({
      ...cloudPools({ count: 1, zones: ["eu-central-1b"], ...hidden }, { count: 1, ...hidden }),
      ...nat,
    });
    assert.deepEqual(aws?.kind === "aws" && aws.vpc, {
      kind: "made",
      cidr: "172.16.128.0/20",
      subnets: [
        { name: "public-eu-central-1b", zone: "eu-central-1b", cidr: "172.16.130.0/23", isPublic: true },
        { name: "private-eu-central-1b", zone: "eu-central-1b", cidr: "172.16.138.0/23", isPublic: false },
      ],
      natGatewayIn: "public-eu-central-1b",
    });
    assert.deepEqual(azure?.kind === "azure" && azure.vnet, {
      kind: "made",
      cidr: "172.27.48.0/20",
      subnets: [{ name: "private", cidr: "172.27.56.0/21", isPublic: false }],
      natGateway: true,
    });
  });

  it("makes no NAT gateway that nothing would use", () => {
    const networks = networksWith({ ...cloudPools({ count: 1 }, { count: 1 }), ...nat });
    assert.deepEqual(
      networks
        .map((network) => (network.kind === "aws" ? network.vpc : network.vnet))
        .map((made) => made.kind === "made" && ("natGateway" in made ? made.natGateway : made.natGatewayIn)),
      [undefined, false],
    );
  });

  it("leaves the NAT gateway where it stands when another pool of the region bursts", () => {
    const more = { ...(cloudPools({ count: 0, ...hidden })["pools.burst"] as object) };
    const gatewayWith = (count: number) => {
      const burst = cloudPools({ count: 1, zones: ["eu-central-1b"], ...hidden });
      const [aws] = networksWith({ ...burst, "pools.more": { ...more, count }, ...nat });
      const vpc = aws?.kind === "aws" && aws.vpc.kind === "made" ? aws.vpc : assert.fail("no VPC of the stack's");
      assert.ok(
        vpc.subnets.some(({ name, isPublic }) => isPublic && name === vpc.natGatewayIn),
        `it has no subnet ${vpc.natGatewayIn ?? ""}`,
      );
      return vpc.natGatewayIn;
    };
    assert.equal(gatewayWith(0), gatewayWith(3));
  });

  it("names existing networks by their ids", () => {
    const vpc = { vpcId: "vpc-0123456789abcdef0", subnetIds: ["subnet-0123456789abcdef0"] };
    const subnetId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a";
    const [aws, azure] = networksWith({
      ...cloudPools({ count: 1 }, { count: 1 }),
      networks: { aws: { "eu-central-1": vpc }, azure: { westeurope: { subnetId } } },
    });
    assert.deepEqual(aws?.kind === "aws" && aws.vpc, { kind: "existing", ...vpc });
    assert.deepEqual(azure?.kind === "azure" && azure.vnet, { kind: "existing", subnetId });
  });

  it("cuts the network that is written", () => {
    const networks = { aws: { "eu-central-1": { cidr: "10.9.0.0/16" } } };
    const [aws] = networksWith({ ...cloudPools({ count: 1, zones: ["eu-central-1b"] }), networks });
    assert.deepEqual(aws === undefined ? [] : subnetsOf(aws).map(({ cidr }) => cidr), ["10.9.32.0/19"]);
  });

  it("shares one network among a region's pools, and lets it go with the last node", () => {
    const second = { ...(cloudPools({ count: 1 })["pools.burst"] as object) };
    const names = (overrides: Overrides) => networksWith(overrides).map(({ name }) => name);
    assert.deepEqual(names({ ...cloudPools({ count: 2 }, { count: 1 }), "pools.more": second }), [
      "edge-aws-eu-central-1",
      "edge-azure-westeurope",
    ]);
    assert.deepEqual(names({ ...cloudPools({}, { count: 1 }), "pools.more": second }), ["edge-aws-eu-central-1", "edge-azure-westeurope"]);
    assert.deepEqual(names(cloudPools({ count: 2, remove: [0, 1] }, { count: 1 })), ["edge-azure-westeurope"]);
    assert.deepEqual(names(cloudPools({})), []);
  });

  it("has a network and a subnet for every node, and none without a node", () => {
    fc.assert(
      fc.property(arbitraryConfig, (config) => {
        const { nodes, networks } = planOf(config);
        const inUse = nodes.flatMap((node) => (node.kind === "bare-metal" ? [] : [node.network]));
        assert.deepEqual(networks.map(({ name }) => name).sort(), [...new Set(inUse)].sort());
        for (const node of nodes) {
          if (node.kind === "bare-metal") continue;
          const network = networks.find(({ name }) => name === node.network) ?? assert.fail(node.network);
          const subnet = subnetsOf(network).find(({ name }) => name === node.subnet) ?? assert.fail(node.subnet);
          assert.equal(subnet.isPublic, node.publicIp);
          if (node.kind === "aws") assert.equal(subnet.zone, node.zone);
        }
      }),
    );
  });

  it("overlaps nothing: networks lie apart, subnets within theirs and apart", () => {
    fc.assert(
      fc.property(arbitraryConfig, (config) => {
        const { networks, podCidr, serviceCidr } = planOf(config);
        const made = networks.map((network) => {
          const { cidr } = (network.kind === "aws" ? network.vpc : network.vnet) as { cidr: string };
          return { whole: read(cidr), parts: subnetsOf(network).map((subnet) => read(subnet.cidr)) };
        });
        const apart = [read(podCidr), read(serviceCidr), ...made.map(({ whole }) => whole)];
        apart.forEach((a, i) => apart.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b))));
        for (const { whole, parts } of made) {
          parts.forEach((a, i) => parts.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b))));
          for (const part of parts) assert.ok(part.prefix > whole.prefix && overlap(whole, part));
        }
      }),
    );
  });
});
