import type { Integration } from "../config/schema";

/** k3s versions whose VPN integration is known to fail, or not known to work. Issue numbers are those of github.com/k3s-io/k3s. */
export interface K3sVersionRule {
  /** First version that the rule is about, and the first after it that it is not. */
  readonly from: K3sVersion;
  readonly before?: K3sVersion;
  /** `several-servers`: refused with embedded etcd and more than one server, else a warning. */
  readonly verdict: "refused" | "several-servers" | "untested";
  readonly reason: string;
  readonly use: string;
}

export type K3sVersion = readonly [major: number, minor: number, patch: number];

const noVpnAddressInCertificate =
  "kubectl logs and exec fail, because the kubelet's certificate lacks the tailnet address (#13659, fixed by #13920)";
// #14000 brought it, in the releases of May 2026 of each line.
const etcdOnVpn = "embedded etcd takes the tailnet address as its own, which breaks the quorum of several servers (#14515)";

const newerThanKnown: K3sVersionRule = {
  from: [1, 37, 0],
  verdict: "untested",
  reason: "it is newer than the faults that this release knows of",
  use: "v1.35.4+k3s1",
};

/** With k3s's own integration. */
export const k3sVersionRules: readonly K3sVersionRule[] = [
  {
    from: [0, 0, 0],
    before: [1, 33, 0],
    verdict: "refused",
    reason: "its line ended without the fixes that k3s needs beside a tailscale that runs already (#13106, #13659)",
    use: "v1.35.4+k3s1",
  },
  { from: [1, 33, 0], before: [1, 33, 11], verdict: "refused", reason: noVpnAddressInCertificate, use: "v1.33.11+k3s1" },
  { from: [1, 33, 12], before: [1, 34, 0], verdict: "several-servers", reason: etcdOnVpn, use: "v1.33.11+k3s1" },
  { from: [1, 34, 0], before: [1, 34, 7], verdict: "refused", reason: noVpnAddressInCertificate, use: "v1.34.7+k3s1" },
  { from: [1, 34, 8], before: [1, 35, 0], verdict: "several-servers", reason: etcdOnVpn, use: "v1.34.7+k3s1" },
  { from: [1, 35, 0], before: [1, 35, 4], verdict: "refused", reason: noVpnAddressInCertificate, use: "v1.35.4+k3s1" },
  { from: [1, 35, 5], before: [1, 36, 0], verdict: "several-servers", reason: etcdOnVpn, use: "v1.35.4+k3s1" },
  { from: [1, 36, 1], before: [1, 37, 0], verdict: "several-servers", reason: etcdOnVpn, use: "v1.35.4+k3s1" },
  newerThanKnown,
];

const vxlanLost = (fixedIn: string) =>
  `with vpn.integration flannel-iface its pods lose their network whenever tailscaled restarts, because flannel.1 goes with tailscale0 and is not made again (#12436, fixed by #14086 in ${fixedIn})`;

/**
 * With `flannel-iface`, where k3s knows of no VPN: the faults above are of its integration. Fixed for the lines by #14116, #14115 and #14114;
 * 1.33 got it (#14117) when its line was ending.
 */
export const flannelIfaceVersionRules: readonly K3sVersionRule[] = [
  { from: [0, 0, 0], before: [1, 34, 9], verdict: "refused", reason: vxlanLost("1.34.9"), use: "v1.34.9+k3s1" },
  { from: [1, 35, 0], before: [1, 35, 6], verdict: "refused", reason: vxlanLost("1.35.6"), use: "v1.35.6+k3s1" },
  { from: [1, 36, 0], before: [1, 36, 2], verdict: "refused", reason: vxlanLost("1.36.2"), use: "v1.36.2+k3s1" },
  newerThanKnown,
];

/**
 * With `routes`, where k3s knows of no VPN either: its address is a setting, and the routes are a command of flannel's extension backend,
 * which is the same in all of these lines (run with 1.35.4).
 */
export const routesVersionRules: readonly K3sVersionRule[] = [
  {
    from: [0, 0, 0],
    before: [1, 33, 0],
    verdict: "untested",
    reason: "its line has ended, and it never ran with vpn.integration routes",
    use: "v1.35.4+k3s1",
  },
  newerThanKnown,
];

const rulesOf: Readonly<Record<Integration, readonly K3sVersionRule[]>> = {
  k3s: k3sVersionRules,
  routes: routesVersionRules,
  "flannel-iface": flannelIfaceVersionRules,
};

/** Kubernetes' three numbers of a k3s release, `v1.35.4+k3s1` or `v1.35.4-rc1+k3s1`. */
export function readK3sVersion(text: string): K3sVersion | undefined {
  const match = /^v(\d+)\.(\d+)\.(\d+)(?:-rc\d+)?\+k3s\d+$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function ruleFor(version: K3sVersion, integration: Integration): K3sVersionRule | undefined {
  return rulesOf[integration].find(
    ({ from, before }) => compare(from, version) <= 0 && (before === undefined || compare(version, before) < 0),
  );
}

function compare(a: K3sVersion, b: K3sVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
