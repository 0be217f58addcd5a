import { CloudError } from "../contract";

export const TYPES = {
  resourceGroup: "Microsoft.Resources/resourceGroups",
  virtualNetwork: "Microsoft.Network/virtualNetworks",
  subnet: "Microsoft.Network/virtualNetworks/subnets",
  securityGroup: "Microsoft.Network/networkSecurityGroups",
  networkInterface: "Microsoft.Network/networkInterfaces",
  publicAddress: "Microsoft.Network/publicIPAddresses",
  natGateway: "Microsoft.Network/natGateways",
  virtualMachine: "Microsoft.Compute/virtualMachines",
  disk: "Microsoft.Compute/disks",
} as const;
export type ResourceTypeName = (typeof TYPES)[keyof typeof TYPES];

export interface ArmId {
  readonly id: string;
  readonly subscription: string;
  readonly group: string;
  readonly type: ResourceTypeName;
  readonly name: string;
  /** The virtual network of a subnet. */
  readonly parent?: string;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
const NETWORK_NAME = /^[a-z0-9]([a-z0-9_.-]*[a-z0-9_])?$/i;
const NAME_RULES: Readonly<Record<ResourceTypeName, readonly [shortest: number, longest: number, form: RegExp]>> = {
  [TYPES.resourceGroup]: [1, 90, /^[\p{L}\p{N}_().-]*[\p{L}\p{N}_()-]$/u],
  [TYPES.virtualNetwork]: [2, 64, NETWORK_NAME],
  [TYPES.subnet]: [1, 80, NETWORK_NAME],
  [TYPES.securityGroup]: [1, 80, NETWORK_NAME],
  [TYPES.networkInterface]: [1, 80, NETWORK_NAME],
  [TYPES.publicAddress]: [1, 80, NETWORK_NAME],
  [TYPES.natGateway]: [1, 80, NETWORK_NAME],
  // The length is that of Linux machines; those of Windows are shorter.
  [TYPES.virtualMachine]: [1, 64, /^[^\s~!@#$%^&*()=+_[\]{}\\|;:'",<>/?]*[^\s~!@#$%^&*()=+_[\]{}\\|;:'",<>/?.-]$/],
  [TYPES.disk]: [1, 80, /^[a-z0-9][a-z0-9_.-]*$/i],
};

/** An id as a key: Azure compares ids without regard to case. */
export const keyOf = (id: string): string => id.toLowerCase();

export function parseArmId(id: string): ArmId {
  const [empty, subscriptions = "", subscription = "", groups = "", group = "", ...rest] = id.split("/");
  const outer = `${subscriptions}/${groups}`.toLowerCase();
  if (empty !== "" || outer !== "subscriptions/resourcegroups" || group === "") throw invalidId(id);
  if (!GUID.test(subscription)) {
    throw new CloudError("InvalidSubscriptionId", `The provided subscription identifier '${subscription}' is malformed or invalid.`);
  }
  const groupId = { id, subscription, group };
  if (rest.length === 0) return checked({ ...groupId, type: TYPES.resourceGroup, name: group });

  const [providers = "", namespace = "", ...pairs] = rest;
  const names = pairs.filter((_, index) => index % 2 === 1);
  const kinds = pairs.filter((_, index) => index % 2 === 0);
  const wanted = `${namespace}/${kinds.join("/")}`.toLowerCase();
  const type = Object.values(TYPES).find((known) => known.toLowerCase() === wanted);
  if (providers.toLowerCase() !== "providers" || names.length !== kinds.length || names.length === 0) throw invalidId(id);
  if (type === undefined || type === TYPES.resourceGroup) {
    throw new CloudError(
      "InvalidResourceType",
      `The resource type '${kinds.join("/")}' could not be found in the namespace '${namespace}'.`,
      404,
    );
  }
  const [parent] = names;
  return checked({ ...groupId, type, name: names.at(-1) ?? "", ...(names.length > 1 && parent !== undefined ? { parent } : {}) });
}

/** The id of a resource in the same group. */
export const siblingId = ({ subscription, group }: ArmId, type: ResourceTypeName, name: string): string =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`;

export const groupIdOf = ({ subscription, group }: ArmId): string => `/subscriptions/${subscription}/resourceGroups/${group}`;

/** The virtual network that a subnet's id names. */
export const networkIdOf = (subnetId: string): string => subnetId.split("/").slice(0, -2).join("/");

function checked(id: ArmId): ArmId {
  const [shortest, longest, form] = NAME_RULES[id.type];
  if (id.name.length >= shortest && id.name.length <= longest && form.test(id.name)) return id;
  const rule = `${shortest} to ${longest} characters of the form ${form.source}`;
  if (id.type === TYPES.resourceGroup) {
    throw new CloudError(
      "InvalidParameter",
      `The provided resource group name '${id.name}' has these invalid characters or length; the name must have ${rule}.`,
    );
  }
  throw new CloudError("InvalidResourceName", `Resource name ${id.name} is invalid. The name of a ${id.type} must have ${rule}.`);
}

const invalidId = (id: string): CloudError =>
  new CloudError(
    "LinkedInvalidPropertyId",
    `Property id '${id}' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.`,
  );
