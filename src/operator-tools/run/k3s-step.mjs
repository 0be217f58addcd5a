import { isObject } from "./json.mjs";

/**
 * Why a node of one k3s release may not be given another, in words that follow the new release's name; undefined where it may. Kubernetes
 * goes up by one minor at a time and never down: an older API server would not read what a newer one has stored
 * (https://kubernetes.io/releases/version-skew-policy/). The same rule as on hosts: refuse_version in host script lib-k3s-cluster.sh.
 * @type {(before: string, wanted: string) => string | undefined}
 */
export function faultOfK3sStep(before, wanted) {
  const [from, to] = [numbersOf(before), numbersOf(wanted)];
  if (from === undefined || to === undefined) return undefined;
  const [changed] = to.flatMap((number, index) => (number === from[index] ? [] : [[number, from[index] ?? 0]]));
  if (changed === undefined) return undefined;
  const [after = 0, earlier = 0] = changed;
  if (after < earlier) return "is older, and k3s does not go down: it may not read what it has stored";
  const [[toMajor, toMinor = 0], [fromMajor, fromMinor = 0]] = [to, from];
  return toMajor === fromMajor && toMinor > fromMinor + 1 ? "skips a minor version: go up by one at a time" : undefined;
}

/**
 * `v1.35.4-rc1+k3s2` as 1, 35, 4, 2: Kubernetes' three numbers, and k3s's own.
 * @type {(release: string) => number[] | undefined}
 */
function numbersOf(release) {
  const match = /^v(\d+)\.(\d+)\.(\d+)(?:-rc\d+)?\+k3s(\d+)$/.exec(release);
  return match === null ? undefined : match.slice(1).map(Number);
}

/**
 * Throws where an install of k3s in place would take a node from the release that this very link of its chain gave it to one that may not
 * follow. A host that was made again is another matter: its link runs as new.
 * @type {(olds: Readonly<Record<string, unknown>>, news: Readonly<Record<string, unknown>>) => void}
 */
export function refuseK3sStep(olds, { wanted, previous }) {
  if (!isObject(wanted) || !isObject(wanted.environment) || !isObject(olds.result)) return;
  const { K3S_VERSION: release, ALLOW_UNTESTED: allowed } = wanted.environment;
  const before = olds.result.k3sVersion;
  if (wanted.script !== "install-k3s" || allowed === "true" || olds.previous !== previous) return;
  if (typeof before !== "string" || typeof release !== "string") return;
  const fault = faultOfK3sStep(before, release);
  if (fault === undefined) return;
  throw new Error(
    `hybrid-k3s:cluster.k3sVersion: ${String(wanted.node)} was given ${before} by an earlier run, and ${release} ${fault}. Its k3s was left as it is: ` +
      `write ${before}, or a later release of that minor or the next (cluster.allowUntestedK3s: true goes on all the same).`,
  );
}
