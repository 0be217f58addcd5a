import * as compute from "@pulumi/azure-native/compute";
import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import type { AzureNodePlan } from "../plan/cluster-plan";
import type { HostRoute } from "../remote/connection";
import type { RemoteScript } from "../remote/remote-script";
import { type CloudNodeArgs, cloudTags, createFirstBoot, joinMachine } from "./cloud-node";
import { isKept, tellKept } from "../clouds/kept-server";
import type { JoinedNode, NodeMachine } from "./node";
import { cloudUser } from "../clouds/user-data";
import { imageReference } from "../clouds/azure/azure-images";
import type { AzureNetwork } from "../clouds/azure/azure-network";
import { keptMachineChanges, machineChanges, RETRY_TAG, retriedMachineChanges } from "../clouds/azure/machine-changes";
import { azureComponent } from "../clouds/azure/version-aliases";

// The metadata service, and the host that hands a machine its custom data:
// https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service, https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
const METADATA_ADDRESSES = ["169.254.169.254", "168.63.129.16"];

export interface AzureNodeArgs extends CloudNodeArgs {
  readonly plan: AzureNodePlan;
  readonly network: AzureNetwork;
}

/** An Azure VM that becomes a node. host key, address, NIC -> vm -> (reach | key -> leave) -> join. */
export class AzureNode extends pulumi.ComponentResource implements JoinedNode {
  readonly plan: AzureNodePlan;
  readonly route: HostRoute;
  readonly joined: RemoteScript;
  readonly holdsToken: boolean;
  readonly tailnetIp: pulumi.Output<string>;
  readonly replaceCommand: pulumi.Output<string>;
  readonly machine: NodeMachine;

  constructor(name: string, args: AzureNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-k3s:nodes:AzureNode", name, {}, azureComponent(opts));
    const { plan } = args;
    const boot = createFirstBoot(name, plan, this);
    const publicIp = plan.publicIp ? createPublicIp(name, args, this) : undefined;
    const nic = createNic(name, args, publicIp, this);
    const vm = createVm(name, args, { nic, userData: boot.userData }, this);
    const address = publicIp
      ? publicIp.ipAddress.apply((ip) => ip ?? "")
      : nic.ipConfigurations.apply((list) => list?.[0]?.privateIPAddress ?? "");
    // The resource id is made of names, and the same for the next machine of this name.
    const chain = joinMachine(name, args, { vm, id: vm.vmId, address, hostKey: boot.hostKey, metadataAddresses: METADATA_ADDRESSES }, this);

    this.plan = plan;
    this.route = chain.route;
    this.joined = chain.joined;
    this.holdsToken = args.agentToken !== undefined;
    this.tailnetIp = chain.tailnetIp;
    this.replaceCommand = chain.replaceCommand;
    const typeNow = vm.hardwareProfile.apply((profile) => profile?.vmSize ?? plan.vmSize);
    this.machine = { id: vm.vmId, resourceId: vm.id, type: plan.vmSize, typeNow };
    if (isKept(plan, args.context)) tellShape(args, vm, typeNow);
    this.registerOutputs({ tailnetIp: this.tailnetIp });
  }
}

const placeOf = ({ plan, context, network }: AzureNodeArgs) => ({
  resourceGroupName: network.resourceGroup,
  location: plan.region,
  tags: cloudTags(context.plan.name, plan),
});
const zonesOf = ({ zone }: AzureNodePlan) => (zone === undefined ? {} : { zones: [zone] });

function createPublicIp(name: string, args: AzureNodeArgs, parent: pulumi.Resource): network.PublicIPAddress {
  return new network.PublicIPAddress(
    `${name}-address`,
    {
      ...placeOf(args),
      publicIpAddressName: `${args.plan.name}-address`,
      sku: { name: "Standard" },
      publicIPAllocationMethod: "Static",
      ...zonesOf(args.plan),
    },
    { parent, deleteBeforeReplace: true, replaceOnChanges: ["zones"] },
  );
}

function createNic(name: string, args: AzureNodeArgs, publicIp: network.PublicIPAddress | undefined, parent: pulumi.Resource) {
  const { plan, network: shared } = args;
  return new network.NetworkInterface(
    `${name}-nic`,
    {
      ...placeOf(args),
      networkInterfaceName: `${plan.name}-nic`,
      networkSecurityGroup: { id: shared.firewallId },
      ipConfigurations: [
        {
          name: "primary",
          subnet: { id: shared.subnetId(plan.subnet) },
          privateIPAllocationMethod: "Dynamic",
          ...(publicIp && { publicIPAddress: { id: publicIp.id } }),
        },
      ],
    },
    // With another address Azure would have to let go of the old one first; the engine deletes it only once nothing holds it.
    { parent, dependsOn: shared, deleteBeforeReplace: true, replaceOnChanges: ["ipConfigurations"] },
  );
}

interface VmNeeds {
  readonly nic: network.NetworkInterface;
  readonly userData: pulumi.Output<string>;
}

function createVm(name: string, args: AzureNodeArgs, { nic, userData }: VmNeeds, parent: pulumi.Resource): compute.VirtualMachine {
  const { plan } = args;
  const retryOf = args.context.failedMachines.get(plan.name);
  const { tags, ...place } = placeOf(args);
  return new compute.VirtualMachine(
    `${name}-vm`,
    {
      ...place,
      tags: { ...tags, ...(retryOf !== undefined && { [RETRY_TAG]: retryOf }) },
      vmName: plan.name,
      hardwareProfile: { vmSize: plan.vmSize },
      ...zonesOf(plan),
      ...(plan.spot && { priority: "Spot", evictionPolicy: "Delete", billingProfile: { maxPrice: plan.spot.maxPrice ?? -1 } }),
      osProfile: {
        computerName: plan.name,
        adminUsername: cloudUser,
        customData: userData.apply((text) => Buffer.from(text).toString("base64")),
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          ssh: { publicKeys: [{ path: `/home/${cloudUser}/.ssh/authorized_keys`, keyData: plan.sshPublicKey }] },
        },
      },
      storageProfile: {
        imageReference: imageReference(plan.image, plan.architecture),
        // Managed disks are encrypted at rest (https://learn.microsoft.com/azure/virtual-machines/disk-encryption).
        osDisk: {
          name: `${plan.name}-disk`,
          createOption: "FromImage",
          deleteOption: "Delete",
          diskSizeGB: plan.diskGb,
          managedDisk: { storageAccountType: "StandardSSD_LRS" },
        },
      },
      // Detach: address and NIC are resources of this stack. They go with the node, and a machine that is made anew finds them.
      networkProfile: { networkInterfaces: [{ id: nic.id, primary: true, deleteOption: "Detach" }] },
    },
    { parent, dependsOn: args.network, deleteBeforeReplace: true, ...changesOf(args) },
  );
}

function changesOf({ plan, context }: AzureNodeArgs) {
  if (context.failedMachines.has(plan.name)) return retriedMachineChanges;
  return isKept(plan, context) ? keptMachineChanges : machineChanges;
}

function tellShape({ plan, network: shared }: AzureNodeArgs, vm: compute.VirtualMachine, type: pulumi.Output<string>): void {
  const { name, diskGb } = plan;
  const disk = vm.storageProfile.apply((profile) => profile?.osDisk?.diskSizeGB ?? diskGb);
  const shape = pulumi.all([type, disk]).apply(([typeNow, diskNow]) => ({ type: typeNow, diskGb: diskNow }));
  const byHand = pulumi.output(shared.resourceGroup).apply((group) => {
    const machine = `-g ${group} -n ${name}`;
    return {
      changeType: (size: string) => `az vm resize ${machine} --size ${size}`,
      growDisk: (gb: number) =>
        `az vm deallocate ${machine} && az disk update -g ${group} -n ${name}-disk --size-gb ${gb} && az vm start ${machine}`,
    };
  });
  tellKept(plan, { type: plan.vmSize, diskGb }, shape, byHand);
}
