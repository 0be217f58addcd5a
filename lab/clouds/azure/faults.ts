import { CloudError } from "../contract";
import type { ArmId } from "./arm-id";
import { type JsonObject, textAt, textsAt } from "./json";
import { isSpot } from "./vm-profile";

/** Codes of capacity errors: SkuNotAvailable refuses the request, the others come out of the operation, and the machine is left Failed. */
export const CAPACITY_CODES = [
  "SkuNotAvailable",
  "AllocationFailed",
  "ZonalAllocationFailed",
  "OverconstrainedZonalAllocationRequest",
] as const;
export type CapacityCode = (typeof CAPACITY_CODES)[number];

interface Restriction {
  readonly vmSize: string;
  readonly location: string;
  readonly zone?: string;
}

/** What a test has ordered to go wrong. */
export class Faults {
  private failing: { readonly code: CapacityCode; left: number; readonly location?: string } | undefined;
  private readonly quotas = new Map<string, number>();
  private restrictions: Restriction[] = [];
  /** Machines that will never boot, and how long the others take. */
  notBooting = 0;
  bootDelayMs = 0;

  failCapacity(code: CapacityCode, count: number, location?: string): void {
    this.failing = { code, left: count, ...(location === undefined ? {} : { location }) };
  }

  setQuota(location: string, cores: number): void {
    this.quotas.set(location, cores);
  }

  restrict(restriction: Restriction): void {
    this.restrictions.push(restriction);
  }

  clear(): void {
    this.failing = undefined;
    this.quotas.clear();
    this.restrictions = [];
    this.notBooting = 0;
    this.bootDelayMs = 0;
  }

  quota(location: string, standard: number): number {
    return this.quotas.get(location) ?? standard;
  }

  checkSku(id: ArmId, body: JsonObject): void {
    const [location, vmSize] = [textAt(body, "location"), textAt(body, "properties.hardwareProfile.vmSize")];
    const [zone] = textsAt(body, "zones");
    const isRestricted = this.restrictions.some(
      (one) => one.vmSize === vmSize && one.location === location && (one.zone === undefined || one.zone === zone),
    );
    if (isRestricted || this.take(location, ["SkuNotAvailable"]) !== undefined) throw skuNotAvailable(id, body);
  }

  /** The error that the allocation of a machine ends with. */
  allocationError(body: JsonObject): CloudError | undefined {
    const code = this.take(textAt(body, "location"), CAPACITY_CODES.slice(1));
    return code === undefined ? undefined : new CloudError(code, allocationMessage(code), 409);
  }

  takeNotBooting(): boolean {
    if (this.notBooting === 0) return false;
    this.notBooting--;
    return true;
  }

  private take(location: string, codes: readonly CapacityCode[]): CapacityCode | undefined {
    const { failing } = this;
    if (failing === undefined || failing.left === 0 || !codes.includes(failing.code)) return undefined;
    if (failing.location !== undefined && failing.location !== location) return undefined;
    failing.left--;
    return failing.code;
  }
}

/** learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available */
function skuNotAvailable({ name }: ArmId, body: JsonObject): CloudError {
  const zones = textsAt(body, "zones");
  const where = `location '${textAt(body, "location")}'${zones.length === 0 ? "" : ` zones '${zones.join(",")}'`}`;
  const capacity = isSpot(body) ? " Azure Spot capacity is not available there." : "";
  return new CloudError(
    "SkuNotAvailable",
    `The requested size for resource '${name}' (${textAt(body, "properties.hardwareProfile.vmSize")}) is currently not available in ${where} for subscription.${capacity} Please try another size or deploy to a different location or zones. See https://aka.ms/azureskunotavailable for details.`,
    409,
  );
}

/** learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/allocation-failure */
function allocationMessage(code: CapacityCode): string {
  if (code === "OverconstrainedZonalAllocationRequest") {
    return "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive. Please remove some constraints and try again. Constraints applied are:\n  - Availability Zone\n  - VM Size";
  }
  const place = code === "ZonalAllocationFailed" ? "zone" : "region";
  return `Allocation failed. We do not have sufficient capacity for the requested VM size in this ${place}. Read more about improving likelihood of allocation success at https://aka.ms/allocation-guidance`;
}
