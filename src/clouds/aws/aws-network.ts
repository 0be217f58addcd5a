import * as ec2 from "@pulumi/aws/ec2";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { Architecture, ImageName } from "../../catalog/images";
import type { AwsNetworkPlan, SubnetPlan } from "../../plan/cluster-plan";
import { WIREGUARD_PORT, everywhere } from "../cloud-firewall";
import { cloudTags } from "../cloud-tags";
import { errorText } from "../cloud-errors";
import { imageParameter } from "./aws-images";

export interface AwsNetworkArgs {
  readonly plan: AwsNetworkPlan;
  readonly cluster: string;
}

/** What the AWS machines of one region share: VPC, subnets, ways out, firewall; or the firewall alone in a VPC that is there already. */
export class AwsNetwork extends pulumi.ComponentResource {
  readonly firewallId: pulumi.Output<string>;
  private readonly subnetIds = new Map<string, pulumi.Input<string>>();
  private readonly images = new Map<string, pulumi.Output<string | undefined>>();
  private readonly plan: AwsNetworkPlan;

  constructor(name: string, args: AwsNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:clouds/aws:AwsNetwork", name, {}, opts);
    const { plan } = args;
    this.plan = plan;
    const { vpc } = plan;
    if (vpc.kind === "existing") {
      for (const id of vpc.subnetIds) this.subnetIds.set(id, id);
      this.firewallId = this.createFirewall(name, args, vpc.vpcId).id;
    } else {
      const made = new ec2.Vpc(
        `${name}-vpc`,
        { region: plan.region, cidrBlock: vpc.cidr, enableDnsSupport: true, enableDnsHostnames: false, tags: this.tags(args, "vpc") },
        { parent: this },
      );
      this.createSubnets(name, args, made, vpc);
      this.firewallId = this.createFirewall(name, args, made.id).id;
    }
    this.registerOutputs({ firewallId: this.firewallId });
  }

  subnetId(name: string): pulumi.Input<string> {
    const id = this.subnetIds.get(name);
    if (id === undefined) throw new Error(`network ${this.plan.name} has no subnet ${name}`);
    return id;
  }

  /**
   * The image's present id in this region, asked once for each system and architecture; machines keep the one that they were made from. So
   * nothing is wrong with those where it is not told, and a run for other nodes goes on: the provider refuses new machines without an image.
   */
  imageId(image: ImageName, architecture: Architecture): pulumi.Output<string | undefined> {
    const name = imageParameter(image, architecture);
    const known = this.images.get(name);
    if (known !== undefined) return known;
    const { region } = this.plan;
    // `value` is marked secret, because parameters may be; these are public.
    const asked = ssm.getParameterOutput({ name, region }, { parent: this }).insecureValue;
    const found = pulumi.recover<string | undefined>(asked, (error) => {
      const left = "machines that stand keep theirs, and new ones cannot be made there";
      void pulumi.log.warn(`${region}: AWS did not tell the id of the image ${image} (${errorText(error)}); ${left}`);
      return undefined;
    });
    this.images.set(name, found);
    return found;
  }

  private tags({ cluster, plan }: AwsNetworkArgs, what: string): Record<string, string> {
    return { Name: `${plan.name}-${what}`, ...cloudTags(cluster) };
  }

  private createSubnets(
    name: string,
    args: AwsNetworkArgs,
    vpc: ec2.Vpc,
    made: { subnets: readonly SubnetPlan[]; natGatewayIn?: string },
  ): void {
    const { region } = args.plan;
    const opts = { parent: this };
    const gateway = new ec2.InternetGateway(`${name}-gateway`, { region, vpcId: vpc.id, tags: this.tags(args, "gateway") }, opts);
    const tableTo = (what: string, target: { gatewayId: pulumi.Input<string> } | { natGatewayId: pulumi.Input<string> }) => {
      const table = new ec2.RouteTable(
        `${name}-${what}-routes`,
        { region, vpcId: vpc.id, tags: this.tags(args, `${what}-routes`) },
        // Routes to the operator's networks, given here or propagated, are the operator's: an inline list would take them away.
        { ...opts, ignoreChanges: ["propagatingVgws"] },
      );
      new ec2.Route(`${name}-${what}-out`, { region, routeTableId: table.id, destinationCidrBlock: everywhere, ...target }, opts);
      return table;
    };
    const subnet = ({ name: what, zone, cidr }: SubnetPlan, table: ec2.RouteTable) => {
      const place = { region, vpcId: vpc.id, cidrBlock: cidr, ...(zone !== undefined && { availabilityZone: zone }) };
      const made = new ec2.Subnet(`${name}-${what}`, { ...place, mapPublicIpOnLaunch: false, tags: this.tags(args, what) }, opts);
      new ec2.RouteTableAssociation(`${name}-${what}-route`, { region, subnetId: made.id, routeTableId: table.id }, opts);
      this.subnetIds.set(what, made.id);
    };
    const outward = tableTo("public", { gatewayId: gateway.id });
    for (const plan of made.subnets.filter(({ isPublic }) => isPublic)) subnet(plan, outward);
    if (made.natGatewayIn === undefined) return;
    const address = new ec2.Eip(
      `${name}-nat-address`,
      { region, domain: "vpc", tags: this.tags(args, "nat") },
      { ...opts, dependsOn: gateway },
    );
    const nat = new ec2.NatGateway(
      `${name}-nat`,
      { region, allocationId: address.id, subnetId: this.subnetId(made.natGatewayIn), tags: this.tags(args, "nat") },
      // Its address can serve one gateway at a time.
      { ...opts, dependsOn: gateway, deleteBeforeReplace: true },
    );
    const inward = tableTo("private", { natGatewayId: nat.id });
    for (const plan of made.subnets.filter(({ isPublic }) => !isPublic)) subnet(plan, inward);
  }

  private createFirewall(name: string, args: AwsNetworkArgs, vpcId: pulumi.Input<string>): ec2.SecurityGroup {
    const { region, sshCidrs } = args.plan;
    const rule = (protocol: string, port: number, cidrBlocks: readonly string[], description: string) => ({
      protocol,
      fromPort: port,
      toPort: port,
      cidrBlocks: [...cidrBlocks],
      description,
    });
    return new ec2.SecurityGroup(
      `${name}-firewall`,
      {
        region,
        vpcId,
        // AWS keeps names that begin with `sg-` to itself, and a cluster may be called so.
        name: `hybrid-k3s-${args.plan.name}`,
        description: "Nodes of a hybrid-k3s cluster",
        ingress: [rule("udp", WIREGUARD_PORT, [everywhere], "WireGuard of the tailnet"), rule("tcp", 22, sshCidrs, "SSH of the operator")],
        egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: [everywhere], description: "All outgoing" }],
        tags: this.tags(args, "firewall"),
      },
      // Create first where it is replaced: its name need be unique in its VPC only, and machines use the old one.
      { parent: this },
    );
  }
}
