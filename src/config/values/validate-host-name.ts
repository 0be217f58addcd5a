import { isIpv6, readIpv4 } from "./cidr";
import { type ConfigIssue, quote } from "../config-issue";
import { isHostName } from "./names";

/** A machine's name or IPv4 address. `remedy` is for a value that is neither: what to write at this place. */
export function validateHostNameOrIpv4(value: string | undefined, path: string, remedy: string): ConfigIssue[] {
  if (value === undefined || isHostName(value) || readIpv4(value) !== undefined) return [];
  if (isIpv6(value)) {
    const problem = `${quote(value)} is an IPv6 address, and IPv6 is not available yet`;
    return [{ path, problem, remedy: "Give a host name or an IPv4 address." }];
  }
  return [{ path, problem: `${quote(value)} is neither a host name nor an IPv4 address`, remedy }];
}
