import { CloudError } from "../contract";
import type { InstanceType } from "./instance-types";
import type { RegionState } from "./region-state";

interface Shortage {
  readonly instanceType?: string;
  readonly zone?: string;
  remaining: number;
}

/** What a launch may run into besides its own parameters; set by the tests. */
export class Quotas {
  /** vCPUs of running instances in a region, on demand and spot (https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html). */
  onDemandVcpus = 256;
  spotVcpus = 256;
  private readonly shortages: Shortage[] = [];
  private readonly prices = new Map<string, number>();

  failNext(shortage: Shortage): void {
    this.shortages.push(shortage);
  }

  setSpotPrice(instanceType: string, price: number): void {
    this.prices.set(instanceType, price);
  }

  assertRoom(state: RegionState, type: InstanceType, zone: string, isSpot: boolean): void {
    const used = [...state.instances.values()].filter((one) => one.isSpot === isSpot && one.state !== "terminated");
    const vcpus = used.reduce((sum, one) => sum + one.vcpus, type.vcpus);
    if (isSpot && vcpus > this.spotVcpus) {
      throw new CloudError("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded");
    }
    if (!isSpot && vcpus > this.onDemandVcpus) {
      const reason = `You have requested more vCPU capacity than your current vCPU limit of ${this.onDemandVcpus} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`;
      throw new CloudError("VcpuLimitExceeded", reason);
    }
    this.assertCapacity(state, type.name, zone);
  }

  assertPrice(type: InstanceType, maxPrice: string | undefined): void {
    if (maxPrice === undefined) return;
    const offered = Number(maxPrice);
    if (!(offered > 0)) throw new CloudError("InvalidParameterValue", `Invalid value '${maxPrice}' for maxPrice.`);
    // The lab's own price, low enough for every sensible ceiling; setSpotPrice changes it.
    const price = this.prices.get(type.name) ?? 0.001 * type.vcpus;
    if (offered >= price) return;
    const reason = `Your Spot request price of ${maxPrice} is lower than the minimum required Spot request fulfillment price of ${price}.`;
    throw new CloudError("SpotMaxPriceTooLow", reason);
  }

  private assertCapacity({ zones }: RegionState, type: string, zone: string): void {
    const shortage = this.shortages.find((one) => one.remaining > 0 && (one.instanceType ?? type) === type && (one.zone ?? zone) === zone);
    if (shortage === undefined) return;
    shortage.remaining--;
    const others = zones.filter((other) => other !== zone).join(", ");
    const reason = `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity. You can currently get ${type} capacity by not specifying an Availability Zone in your request or choosing ${others}.`;
    throw new CloudError("InsufficientInstanceCapacity", reason, 500);
  }
}
