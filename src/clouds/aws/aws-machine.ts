import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { architectures, imageNames } from "../../catalog/images";
import type { AwsNodePlan, ClusterPlan } from "../../plan/cluster-plan";
import { replaceCommand } from "../../remote/replace-command";
import type { CloudMachine } from "../cloud-machine";
import { cloudTags } from "../cloud-tags";
import { createFirstBoot } from "../first-boot";
import { isKept, warnOfKept } from "../kept-server";
import type { AwsNetwork } from "./aws-network";

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
const METADATA_ADDRESS = "169.254.169.254";

// As EC2 tells prices; another form of the same price would look like a change.
const PRICE_DIGITS = 6;

export interface AwsMachineArgs {
  readonly plan: AwsNodePlan;
  readonly network: AwsNetwork;
  readonly cluster: Pick<ClusterPlan, "name" | "allowServerReplacement">;
}

/** An EC2 instance with its SSH host key; warns where it is stopped, or kept though the plan asks for another one. */
export function createAwsMachine(name: string, args: AwsMachineArgs, parent: pulumi.Resource): CloudMachine {
  const { plan, network, cluster } = args;
  const { hostKey, userData } = createFirstBoot(name, plan, parent);
  const vm = createInstance(name, args, userData, { parent, dependsOn: network });
  warnOfStopped(plan, vm, isKept(plan, cluster));
  if (isKept(plan, cluster)) warnOfShape(plan, vm);
  if (plan.tagInterface) tagInterface(name, args, vm, parent);
  return {
    vm,
    id: vm.id,
    address: plan.publicIp ? vm.publicIp : vm.privateIp,
    hostKey,
    metadataAddresses: [METADATA_ADDRESS],
    type: plan.instanceType,
    typeNow: vm.instanceType,
  };
}

function createInstance(
  name: string,
  { plan, cluster, network }: AwsMachineArgs,
  userData: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): ec2.Instance {
  const kept = isKept(plan, cluster);
  const { own, others } = instanceNames(name, plan, kept);
  const tags = tagsOf(plan, cluster);
  const market = plan.spot === undefined ? "on-demand" : `spot ${plan.spot.maxPrice?.toFixed(PRICE_DIGITS) ?? ""}`.trim();
  return new ec2.Instance(
    own,
    {
      region: plan.region,
      ami: network.imageId(plan.image, plan.architecture),
      instanceType: plan.instanceType,
      subnetId: network.subnetId(plan.subnet),
      vpcSecurityGroupIds: [network.firewallId],
      associatePublicIpAddress: plan.publicIp,
      userData,
      // In place it would stop and start the machine, whose first boot is over, and change nothing.
      userDataReplaceOnChange: true,
      // One hop: an answer to a pod dies on the pod's bridge.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { volumeType: "gp3", volumeSize: plan.diskGb, encrypted: true, deleteOnTermination: true, tags },
      // An agent that powers itself off is gone, as a node that nobody drained should be; a server waits to be started.
      instanceInitiatedShutdownBehavior: plan.role === "server" ? "stop" : "terminate",
      // Against the console and the command line. Without forceDestroy the provider would heed it too, and `pulumi destroy` fail.
      ...(plan.role === "server" && { disableApiTermination: true, forceDestroy: true }),
      ...(plan.spot && { instanceMarketOptions: spotMarket(plan.spot) }),
      // The provider keeps what it knows of the market where the setting is taken away (hashicorp/terraform-provider-aws#38141).
      tags: { ...tags, "hybrid-k3s-market": market },
    },
    pulumi.mergeOptions(opts, {
      deleteBeforeReplace: true,
      aliases: others.map((other) => ({ name: other })),
      ignoreChanges: kept ? KEPT : IGNORED,
      // In place it would be stopped and started, under another address and past its pods' disruption budgets.
      ...(!kept && { replaceOnChanges: ["instanceType", "rootBlockDevice", 'tags["hybrid-k3s-market"]'] }),
    }),
  );
}

/**
 * Owners publish images all the time: a machine keeps the one that it was made from. Tags of the volume may be a backup tool's, which
 * --refresh brings into the state; ours never change.
 */
const IGNORED = ["ami", "rootBlockDevice.tags"];

/** Of a stopped machine the provider says that it was made without a public address (hashicorp/terraform-provider-aws#33775). */
const KEPT = ["ami", "userData", "instanceType", "rootBlockDevice", "associatePublicIpAddress"];

/**
 * What decides the image is in the name: under the same name a machine would keep the old image whatever else it became. That is wanted of a
 * kept server, which is the same machine under each of its names.
 */
function instanceNames(node: string, plan: AwsNodePlan, kept: boolean): { readonly own: string; readonly others: readonly string[] } {
  const place = `${node}-${plan.region}`;
  const own = `${place}-${plan.image}-${plan.architecture}-vm`;
  const all = imageNames.flatMap((image) => architectures.map((architecture) => `${place}-${image}-${architecture}-vm`));
  if (kept) return { own: `${place}-vm`, others: all };
  return { own, others: plan.role === "server" ? [`${place}-vm`] : [] };
}

function warnOfShape(plan: AwsNodePlan, vm: ec2.Instance): void {
  const { diskGb, region } = plan;
  const shape = pulumi.all([vm.instanceType, vm.rootBlockDevice]).apply(([type, disk]) => ({ type, diskGb: disk.volumeSize }));
  const byHand = pulumi.all([vm.id, vm.rootBlockDevice]).apply(([id, { volumeId }]) => ({
    changeType: (type: string) => {
      const each = [`stop-instances --instance-ids ${id}`, `wait instance-stopped --instance-ids ${id}`];
      each.push(`modify-instance-attribute --instance-id ${id} --instance-type ${type}`, `start-instances --instance-ids ${id}`);
      return each.map((command) => `aws ec2 ${command} --region ${region}`).join(" && ");
    },
    growDisk: (gb: number) => `aws ec2 modify-volume --volume-id ${volumeId} --size ${gb} --region ${region}`,
  }));
  warnOfKept(plan, { type: plan.instanceType, diskGb }, shape, byHand);
  pulumi.all([vm.id, vm.instanceState, vm.publicIp]).apply(([id, state, address]) => {
    const warning = addressWarning(plan, { id, state, address });
    if (warning !== undefined) void pulumi.log.warn(warning);
  });
}

/** What is to be said of a kept machine's public address: AWS decides at the launch whether it has one, and lends it only while the machine runs. */
export function addressWarning(
  { name, publicIp, region }: Pick<AwsNodePlan, "name" | "publicIp" | "region">,
  { id, state, address }: { readonly id: string; readonly state: string; readonly address: string },
): string | undefined {
  if (state !== "running" || (address !== "") === publicIp) return undefined;
  const has = publicIp ? "without a public address, and publicIp: true" : `at its public address ${address}, and publicIp: false`;
  const elastic = `aws ec2 allocate-address --region ${region}, then aws ec2 associate-address --region ${region} --instance-id ${id} --allocation-id ID`;
  const instead = publicIp
    ? `Write publicIp: false, or give it an Elastic IP of your own: ${elastic}; then pulumi up --refresh`
    : "AWS takes it from none but a new machine: write publicIp: true";
  return `${name}: its machine stays ${has} of the config waits: no run stops or replaces a server. ${instead}`;
}

/**
 * The provider launches no interface with tags (hashicorp/terraform-provider-aws#45887). Nothing waits for these, and no call takes them
 * away: they go with the interface, and EC2 refuses to take tags from one that is gone.
 */
function tagInterface(name: string, { plan, cluster }: AwsMachineArgs, vm: ec2.Instance, parent: pulumi.Resource): void {
  for (const [key, value] of Object.entries(tagsOf(plan, cluster))) {
    const tag = { region: plan.region, resourceId: vm.primaryNetworkInterfaceId, key, value };
    new ec2.Tag(`${name}-interface-${key}`, tag, { parent, retainOnDelete: true });
  }
}

function tagsOf(plan: AwsNodePlan, cluster: AwsMachineArgs["cluster"]): Readonly<Record<string, string>> {
  return { Name: plan.name, ...cloudTags(cluster.name, plan) };
}

/**
 * A server, and a machine without a public address, stays as it is when somebody stops it, and its node is down; of the others the provider
 * says at a refresh that they were made without one, which replaces them (hashicorp/terraform-provider-aws#33775).
 */
function warnOfStopped({ name, region }: AwsNodePlan, vm: ec2.Instance, kept: boolean): void {
  pulumi.all([vm.id, vm.instanceState, replaceCommand(vm)]).apply(([id, state, remake]) => {
    if (state !== "stopped" && state !== "stopping") return;
    const start = `start it (aws ec2 start-instances --region ${region} --instance-ids ${id}) and run pulumi up --refresh`;
    void pulumi.log.warn(
      `${name}: its machine ${id} is ${state}, and the node is down; ${kept ? start : `${start}, or make it again: ${remake}`}`,
    );
  });
}

function spotMarket({ maxPrice }: NonNullable<AwsNodePlan["spot"]>) {
  return {
    marketType: "spot",
    spotOptions: {
      spotInstanceType: "one-time",
      instanceInterruptionBehavior: "terminate",
      ...(maxPrice !== undefined && { maxPrice: maxPrice.toFixed(PRICE_DIGITS) }),
    },
  };
}
