import { readK3sRelease } from "../config/k3s-versions";

/**
 * Why a cluster of one k3s release may not be given another, in words that follow the new release's name; undefined where it may. Kubernetes
 * goes up by one minor at a time and never down: an older API server would not read what a newer one has stored
 * (https://kubernetes.io/releases/version-skew-policy/). The same rule as on hosts: refuse_version in host script lib-k3s-cluster.sh.
 */
export function faultOfK3sStep(before: string, wanted: string): string | undefined {
  const [from, to] = [readK3sRelease(before), readK3sRelease(wanted)];
  if (from === undefined || to === undefined) return undefined;
  const changed = to.findIndex((number, index) => number !== from[index]);
  if (changed === -1) return undefined;
  if ((to[changed] ?? 0) < (from[changed] ?? 0)) return "is older, and k3s does not go down: it may not read what it has stored";
  return to[0] === from[0] && to[1] > from[1] + 1 ? "skips a minor version: go up by one at a time" : undefined;
}
