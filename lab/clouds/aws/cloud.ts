import type { Cloud, Machines } from "../contract";
import { adminActions } from "./admin-actions";
import { gatewayActions } from "./gateways";
import { Images } from "./images";
import { instanceActions } from "./instance-actions";
import { Instances } from "./instances";
import { otherActions } from "./other-actions";
import { PublicAddresses } from "./public-addresses";
import { Quotas } from "./quotas";
import { type RegionState, emptyRegion } from "./region-state";
import { assertRegion } from "./regions";
import { routingActions } from "./routing";
import { securityGroupActions } from "./security-groups";
import { vpcActions } from "./vpcs";

/** EC2 and the public parameters of Systems Manager, in memory, region by region; instances run on the lab's machines. */
export function createAws(machines: Machines): Cloud {
  const regions = new Map<string, RegionState>();
  const stateOf = (region: unknown): RegionState => {
    assertRegion(region);
    const state = regions.get(region) ?? emptyRegion(region);
    regions.set(region, state);
    return state;
  };
  const [images, quotas, publicAddresses] = [new Images(), new Quotas(), new PublicAddresses()];
  const instances = new Instances(machines, images, quotas, publicAddresses);
  return {
    actions: {
      ...vpcActions(stateOf),
      ...routingActions(stateOf),
      ...gatewayActions(stateOf, publicAddresses),
      ...securityGroupActions(stateOf, (state, groupId) => instances.groupChanged(state, groupId)),
      ...instanceActions(stateOf, instances),
      ...otherActions(stateOf, images),
    },
    admin: adminActions({ regions, instances, images, quotas }),
  };
}
