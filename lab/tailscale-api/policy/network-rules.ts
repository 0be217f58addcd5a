import { splitHostPort } from "./names";
import type { PolicyDocument } from "./policy-document";

/** A rule of acls or grants, in one form: these sources may reach these targets on these ports. */
export interface NetworkRule {
  readonly src: readonly string[];
  readonly targets: readonly { readonly name: string; readonly ports: string }[];
  /** Absent: TCP, UDP and ICMP. */
  readonly proto?: string;
}

/**
 * What a checked policy allows; acls and grants add up (https://tailscale.com/kb/1467/grants-vs-acls). A file with neither section allows
 * everything and an empty section nothing: both seen at the vendor's service, in the filters recorded in juanfont/headscale v0.29
 * (hscontrol/policy/v2/testdata, nodeattrs-tailnet-magicdns-on and grant-k29).
 */
export function networkRules({ acls, grants }: PolicyDocument): readonly NetworkRule[] {
  if (acls === undefined && grants === undefined) return [{ src: ["*"], targets: [{ name: "*", ports: "*" }] }];
  return [...(acls ?? []).map(ofAcl), ...(grants ?? []).flatMap(ofGrant)];
}

function ofAcl({ src, users, dst, ports, proto = "" }: NonNullable<PolicyDocument["acls"]>[number]): NetworkRule {
  const targets = (dst ?? ports ?? []).map((destination) => {
    const { host, ports: range } = splitHostPort(destination) ?? { host: destination, ports: "" };
    return { name: host, ports: range };
  });
  return { src: src ?? users ?? [], targets, ...(proto === "" ? {} : { proto }) };
}

function ofGrant({ src = [], dst = [], ip = [] }: NonNullable<PolicyDocument["grants"]>[number]): readonly NetworkRule[] {
  return ip.map((capability) => {
    const { proto, ports } = splitCapability(capability);
    return { src, targets: dst.map((name) => ({ name, ports })), ...(proto === undefined ? {} : { proto }) };
  });
}

/** Splits a grant's "tcp:443", "443" or "*" (https://tailscale.com/kb/1538/grants-syntax, "Network layer capabilities"). */
export function splitCapability(capability: string): { readonly proto?: string; readonly ports: string } {
  const at = capability.indexOf(":");
  return at < 0 ? { ports: capability } : { proto: capability.slice(0, at), ports: capability.slice(at + 1) };
}
