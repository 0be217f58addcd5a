import * as compute from "@pulumi/azure-native/compute";
import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import type { AzureNodePlan, ClusterPlan } from "../../plan/cluster-plan";
import type { CloudMachine } from "../cloud-machine";
import { cloudTags } from "../cloud-tags";
import { createFirstBoot } from "../first-boot";
import { isKept, warnOfKept } from "../kept-server";
import { cloudUser } from "../user-data";
import { azureDiskName } from "./azure-disk-name";
import { imageReference } from "./azure-images";
import type { AzureNetwork } from "./azure-network";
import { type FailedMachines, keptMachineChanges, machineChanges, RETRY_TAG, retriedMachineChanges } from "./machine-changes";

// The metadata service, and the host that hands a machine its custom data:
// https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service, https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
const METADATA_ADDRESSES = ["169.254.169.254", "168.63.129.16"];

export interface AzureMachineArgs {
  readonly plan: AzureNodePlan;
  readonly network: AzureNetwork;
  readonly cluster: Pick<ClusterPlan, "name" | "allowServerReplacement">;
  readonly failedMachines: FailedMachines;
}

/** An Azure VM with its SSH host key, address and NIC; warns where it is kept though the plan asks for another one. */
export function createAzureMachine(name: string, args: AzureMachineArgs, parent: pulumi.Resource): CloudMachine {
  const { plan, cluster } = args;
  const { hostKey, userData } = createFirstBoot(name, plan, parent);
  const publicIp = plan.publicIp ? createPublicIp(name, args, parent) : undefined;
  const nic = createNic(name, args, publicIp, parent);
  const vm = createVm(name, args, { nic, userData }, parent);
  const address = publicIp
    ? publicIp.ipAddress.apply((ip) => ip ?? "")
    : nic.ipConfigurations.apply((list) => list?.[0]?.privateIPAddress ?? "");
  const typeNow = vm.hardwareProfile.apply((profile) => profile?.vmSize ?? plan.vmSize);
  if (isKept(plan, cluster)) warnOfShape(args, vm, typeNow);
  // The resource id is made of names, and the same for the next machine of this name.
  return { vm, id: vm.vmId, address, hostKey, metadataAddresses: METADATA_ADDRESSES, type: plan.vmSize, typeNow };
}

const placeOf = ({ plan, cluster, network }: AzureMachineArgs) => ({
  resourceGroupName: network.resourceGroup,
  location: plan.region,
  tags: cloudTags(cluster.name, plan),
});
const zonesOf = ({ zone }: AzureNodePlan) => (zone === undefined ? {} : { zones: [zone] });

function createPublicIp(name: string, args: AzureMachineArgs, parent: pulumi.Resource): network.PublicIPAddress {
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

function createNic(name: string, args: AzureMachineArgs, publicIp: network.PublicIPAddress | undefined, parent: pulumi.Resource) {
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

function createVm(name: string, args: AzureMachineArgs, { nic, userData }: VmNeeds, parent: pulumi.Resource): compute.VirtualMachine {
  const { plan } = args;
  const retryOf = args.failedMachines.get(plan.name);
  const kept = isKept(plan, args.cluster);
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
          name: azureDiskName(plan.name, kept ? retryOf : undefined),
          createOption: "FromImage",
          // A kept server's outlives its machine, whoever deletes that: no lock does, which takes more rights than to make a machine. It goes with
          // the resource group, or, once the server may be replaced, with the machine again.
          deleteOption: kept ? "Detach" : "Delete",
          diskSizeGB: plan.diskGb,
          managedDisk: { storageAccountType: "StandardSSD_LRS" },
        },
      },
      // Detach: address and NIC are resources of this stack. They go with the node, and a machine that is made again finds them.
      networkProfile: { networkInterfaces: [{ id: nic.id, primary: true, deleteOption: "Detach" }] },
    },
    { parent, dependsOn: args.network, deleteBeforeReplace: true, ...changesOf(args) },
  );
}

function changesOf({ plan, cluster, failedMachines }: AzureMachineArgs) {
  if (failedMachines.has(plan.name)) return retriedMachineChanges;
  return isKept(plan, cluster) ? keptMachineChanges : machineChanges;
}

function warnOfShape({ plan, network: shared }: AzureMachineArgs, vm: compute.VirtualMachine, type: pulumi.Output<string>): void {
  const { name, diskGb } = plan;
  const disk = vm.storageProfile.apply((profile) => profile?.osDisk?.diskSizeGB ?? diskGb);
  const shape = pulumi.all([type, disk]).apply(([typeNow, diskNow]) => ({ type: typeNow, diskGb: diskNow }));
  const diskName = vm.storageProfile.apply((profile) => profile?.osDisk?.name ?? azureDiskName(name));
  const byHand = pulumi.all([shared.resourceGroup, diskName]).apply(([group, diskNow]) => {
    const machine = `-g ${group} -n ${name}`;
    return {
      changeType: (size: string) => `az vm resize ${machine} --size ${size}`,
      growDisk: (gb: number) =>
        `az vm deallocate ${machine} && az disk update -g ${group} -n ${diskNow} --size-gb ${gb} && az vm start ${machine}`,
    };
  });
  warnOfKept(plan, { type: plan.vmSize, diskGb }, shape, byHand);
}
