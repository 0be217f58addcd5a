import { CloudError } from "../contract";
import { formatAddress, parseAddress, parseCidr } from "./cidr";
import type { RegionState, Subnet } from "./region-state";

/** The first four addresses and the last are AWS's own (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html). */
const RESERVED_BELOW = 4;

/** The next free address, in turn: one that was just given back is not used again at once. */
export function freePrivateAddress(state: RegionState, subnet: Subnet, wanted?: string): string {
  const block = parseCidr(subnet.cidr);
  if (block === undefined) throw new Error(`subnet ${subnet.id} has the CIDR ${subnet.cidr}`);
  const taken = new Set([...state.interfaces.values()].filter(({ subnetId }) => subnetId === subnet.id).map(({ privateIp }) => privateIp));
  const last = block.size - 2;
  if (wanted !== undefined) {
    const offset = (parseAddress(wanted) ?? -1) - block.first;
    if (offset < RESERVED_BELOW || offset > last) {
      throw new CloudError("InvalidParameterValue", `Address ${wanted} does not fall within the subnet's address range`);
    }
    if (taken.has(wanted)) throw new CloudError("InvalidIPAddress.InUse", `Address ${wanted} is in use.`);
    return wanted;
  }
  for (let step = RESERVED_BELOW; step <= last; step++) {
    subnet.lastAddress = subnet.lastAddress < RESERVED_BELOW || subnet.lastAddress >= last ? RESERVED_BELOW : subnet.lastAddress + 1;
    const address = formatAddress(block.first + subnet.lastAddress);
    if (!taken.has(address)) return address;
  }
  throw new CloudError("InsufficientFreeAddressesInSubnet", `There are not enough free addresses in subnet '${subnet.id}'`);
}
