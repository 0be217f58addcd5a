/** The vmId of each node's machine that Azure has in the state Failed and that never became a node. */
export type FailedMachines = ReadonlyMap<string, string>;

/** The tag of a machine that takes the place of one which Azure could not make: that one's vmId. It stays, whatever later runs say. */
export const RETRY_TAG = "hybrid-k3s-retry-of";

/** All but deleteOption. */
const DISK = ["name", "createOption", "diskSizeGB", "managedDisk", "caching"].map((field) => `storageProfile.osDisk.${field}`);
const PLACE_AND_MARKET = ["zones", "priority", "evictionPolicy", "billingProfile", "networkProfile"];

/** What becomes of a change of an Azure VM, by who made it and whether Azure takes it on a machine that stands. */
export const machineChanges = {
  // Others' affair, which --refresh brings into the state: disks that a volume driver attached, and what Azure Policy sets on machines, the
  // mode of patching (https://learn.microsoft.com/azure/update-manager/periodic-assessment-at-scale) and an identity
  // (https://learn.microsoft.com/azure/governance/machine-configuration/overview). It would be taken back, and with a node made again.
  ignoreChanges: ["storageProfile.dataDisks", "osProfile.linuxConfiguration.patchSettings", "identity", `tags["${RETRY_TAG}"]`],
  // Azure refuses these on a living machine, and a resize would restart it past its pods' disruption budgets. What becomes of the disk when
  // its machine goes (deleteOption) is changed in place.
  replaceOnChanges: [...["hardwareProfile", "osProfile", "storageProfile.imageReference"], ...DISK, ...PLACE_AND_MARKET],
};

/** The same of a server, which nothing that a config may say of a machine stops or replaces. */
export const keptMachineChanges = {
  ignoreChanges: [...machineChanges.ignoreChanges, ...["hardwareProfile", "osProfile", "storageProfile.imageReference"], ...DISK],
  replaceOnChanges: PLACE_AND_MARKET,
};

/** The same where the machine is one that Azure could not make: its new tag replaces it. */
export const retriedMachineChanges = {
  ...machineChanges,
  ignoreChanges: [],
  replaceOnChanges: [...machineChanges.replaceOnChanges, "tags"],
};
