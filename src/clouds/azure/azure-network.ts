import * as network from "@pulumi/azure-native/network";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import type { AzureNetworkPlan, SubnetPlan } from "../../plan/cluster-plan";
import { WIREGUARD_PORT, everywhere } from "../cloud-firewall";
import { cloudTags } from "../cloud-tags";
import { azureComponent } from "./version-aliases";

export interface AzureNetworkArgs {
  readonly plan: AzureNetworkPlan;
  readonly cluster: string;
}

/** What the Azure machines of one region share: resource group, virtual network, ways out, firewall; the network may be there already. */
export class AzureNetwork extends pulumi.ComponentResource {
  readonly resourceGroup: pulumi.Output<string>;
  readonly firewallId: pulumi.Output<string>;
  private readonly subnetIds = new Map<string, pulumi.Input<string>>();
  private readonly plan: AzureNetworkPlan;

  constructor(name: string, args: AzureNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:clouds/azure:AzureNetwork", name, {}, azureComponent(opts));
    const { plan, cluster } = args;
    this.plan = plan;
    const group = new resources.ResourceGroup(
      `${name}-group`,
      { resourceGroupName: plan.name, location: plan.region, tags: cloudTags(cluster) },
      { parent: this },
    );
    this.resourceGroup = group.name;
    this.firewallId = this.createFirewall(name, args).id;
    if (plan.vnet.kind === "existing") this.subnetIds.set(plan.vnet.subnetId, plan.vnet.subnetId);
    else this.createSubnets(name, args, plan.vnet);
    this.registerOutputs({ resourceGroup: this.resourceGroup, firewallId: this.firewallId });
  }

  subnetId(name: string): pulumi.Input<string> {
    const id = this.subnetIds.get(name);
    if (id === undefined) throw new Error(`network ${this.plan.name} has no subnet ${name}`);
    return id;
  }

  private place({ plan, cluster }: AzureNetworkArgs) {
    return { resourceGroupName: this.resourceGroup, location: plan.region, tags: cloudTags(cluster) };
  }

  private createSubnets(
    name: string,
    args: AzureNetworkArgs,
    made: { cidr: string; subnets: readonly SubnetPlan[]; natGateway: boolean },
  ): void {
    const opts = { parent: this };
    const vnet = new network.VirtualNetwork(
      `${name}-vnet`,
      { ...this.place(args), virtualNetworkName: `${args.plan.name}-vnet`, addressSpace: { addressPrefixes: [made.cidr] } },
      opts,
    );
    const nat = made.natGateway ? this.createNatGateway(name, args) : undefined;
    let previous: pulumi.Resource = vnet;
    for (const { name: what, cidr, isPublic } of made.subnets) {
      const subnet = new network.Subnet(
        `${name}-${what}`,
        {
          resourceGroupName: this.resourceGroup,
          virtualNetworkName: vnet.name,
          subnetName: what,
          addressPrefix: cidr,
          // Machines reach out by their own address or by the gateway, never by one that Azure lends.
          defaultOutboundAccess: false,
          ...(!isPublic && nat !== undefined && { natGateway: { id: nat.id } }),
        },
        // Azure takes one change of a virtual network at a time (error AnotherOperationInProgress).
        { ...opts, dependsOn: previous },
      );
      this.subnetIds.set(what, subnet.id);
      previous = subnet;
    }
  }

  private createNatGateway(name: string, args: AzureNetworkArgs): network.NatGateway {
    const address = new network.PublicIPAddress(
      `${name}-nat-address`,
      {
        ...this.place(args),
        publicIpAddressName: `${args.plan.name}-nat`,
        sku: { name: "Standard" },
        publicIPAllocationMethod: "Static",
      },
      // Azure tells here which gateway uses it; the gateway's own side is ours to say.
      { parent: this, ignoreChanges: ["natGateway"] },
    );
    return new network.NatGateway(
      `${name}-nat`,
      {
        ...this.place(args),
        natGatewayName: `${args.plan.name}-nat`,
        sku: { name: "Standard" },
        publicIpAddresses: [{ id: address.id }],
      },
      { parent: this },
    );
  }

  private createFirewall(name: string, args: AzureNetworkArgs): network.NetworkSecurityGroup {
    const rule = (priority: number, what: string, access: string, protocol: string, port: string, sources: readonly string[]) => ({
      name: what,
      priority,
      direction: "Inbound",
      access,
      protocol,
      ...(sources.length === 1 ? { sourceAddressPrefix: sources[0] ?? everywhere } : { sourceAddressPrefixes: [...sources] }),
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
      destinationPortRange: port,
    });
    return new network.NetworkSecurityGroup(
      `${name}-firewall`,
      {
        ...this.place(args),
        networkSecurityGroupName: `${args.plan.name}-firewall`,
        securityRules: [
          rule(100, "wireguard", "Allow", "Udp", String(WIREGUARD_PORT), [everywhere]),
          rule(110, "ssh", "Allow", "Tcp", "22", args.plan.sshCidrs),
          // Azure's own rules let neighbours in the virtual network and its load balancer in.
          rule(4096, "nothing-else", "Deny", "*", "*", ["*"]),
        ],
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }
}
