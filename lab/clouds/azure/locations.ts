import { CloudError } from "../contract";
import { TYPES, type ArmId } from "./arm-id";

/** learn.microsoft.com/azure/reliability/regions-list: public regions, those with availability zones first. */
const ZONAL =
  `australiaeast austriaeast belgiumcentral brazilsouth canadacentral centralindia centralus chilecentral denmarkeast eastasia eastus
  eastus2 francecentral germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest koreacentral malaysiawest
  mexicocentral newzealandnorth northeurope norwayeast polandcentral qatarcentral southafricanorth southcentralus southeastasia
  spaincentral swedencentral switzerlandnorth uaenorth uksouth westeurope westus2 westus3`.split(/\s+/);
const SINGLE = `australiacentral australiacentral2 australiasoutheast brazilsoutheast canadaeast francesouth germanynorth
  jioindiacentral jioindiawest koreasouth northcentralus norwaywest southafricawest southindia swedensouth switzerlandwest uaecentral
  ukwest westcentralus westindia westus`.split(/\s+/);

const ZONES: readonly string[] = ["1", "2", "3"];

/** `West Europe` and `westeurope` are the same place. */
export const normalLocation = (location: string): string => location.replaceAll(" ", "").toLowerCase();

export const zonesOf = (location: string): readonly string[] => (ZONAL.includes(location) ? ZONES : []);

export function checkLocation({ type }: ArmId, location: string): void {
  const known = [...ZONAL, ...SINGLE].sort();
  if (known.includes(location)) return;
  const list = known.join(",");
  if (type === TYPES.resourceGroup) {
    throw new CloudError(
      "LocationNotAvailableForResourceGroup",
      `The provided location '${location}' is not available for resource group. List of available regions is '${list}'.`,
    );
  }
  throw new CloudError(
    "LocationNotAvailableForResourceType",
    `The provided location '${location}' is not available for resource type '${type}'. List of available regions for the resource type is '${list}'.`,
  );
}

export function checkZones({ type, name }: ArmId, location: string, zones: readonly string[]): void {
  const supported = zonesOf(location);
  if (zones.every((zone) => supported.includes(zone))) return;
  throw new CloudError(
    "AvailabilityZoneNotSupported",
    `The zone(s) '${zones.join(",")}' for resource '${type}/${name}' is not supported. The supported zones for location '${location}' are '${supported.join(",")}'`,
  );
}
