/** @import { Case } from "./judge.mjs" */
/** @import { SeenNode, Sighting } from "./sightings.mjs" */

/** From here on the API server and etcd misjudge leases and certificates of one another. Seconds. */
const MOST_OFFSET = 5;
/** From here on k3s's kubelet evicts pods (nodefs.available<5%, where Kubernetes' own default is 10): k3s, pkg/daemons/agent/agent_linux.go. */
const LEAST_FREE_PERCENT = 5;
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;

/**
 * What the stack wants of its nodes, as its last run left it; absent values are not compared.
 * @typedef {{ readonly cluster: string; readonly k3sVersion?: string | undefined; readonly tailscaleVersion?: string | undefined; readonly podCidr: string }} Wanted
 */
/** @typedef {{ readonly now: number; readonly offset: number | undefined }} Clock now: ms; offset: the host's clock against most of the others, in seconds */

/** What each is called for people. */
export const HOST_CHECKS = {
  ready: "the Node is Ready and under no pressure",
  "k3s-version": "k3s is of the stack's release",
  "tailscale-version": "tailscale is of the stack's release",
  units: "k3s and tailscaled run",
  marker: "the host is marked as this node's",
  forwarding: "the kernel forwards packets",
  unreachable: "no packet of a pod can leave in clear",
  tailnet: "the device is online",
  certificate: "k3s's certificates are good",
  disk: "the disk has room",
  clock: "the clock is right",
};
/** @typedef {keyof typeof HOST_CHECKS} HostCheck */

/**
 * What one host's facts come to: a case for each of HOST_CHECKS that something was said of.
 * @type {(node: Pick<SeenNode, "name">, sightings: readonly Sighting[], wanted: Wanted, clock: Clock) => Case[]}
 */
export function judgeHost(node, sightings, wanted, clock) {
  const texts = (/** @type {string} */ check) => sightings.filter((one) => one.check === check);
  const text = (/** @type {string} */ check) => texts(check)[0]?.text;
  /** @type {(check: HostCheck, wrong: string | undefined | false) => Case} */
  const found = (check, wrong) => ({ check, from: node.name, to: "", verdict: wrong ? "failed" : "passed", seen: wrong || "" });
  const differs = (/** @type {string | undefined} */ is, /** @type {string | undefined} */ should) =>
    should !== undefined && is !== should && `runs ${is || "none"}, the stack has ${should}`;
  const device = text("tailnet")?.split(" ") ?? [];
  const online = device[2] === "true" || "the tailnet does not see it online";
  const [markedNode, markedCluster] = text("marker")?.split(" ") ?? [];
  return [
    found("k3s-version", differs(text("k3s-version"), wanted.k3sVersion)),
    found("tailscale-version", differs(text("tailscale-version"), wanted.tailscaleVersion)),
    found("units", unitFaults(texts("unit"))),
    found("marker", (markedNode !== node.name || markedCluster !== wanted.cluster) && `says ${text("marker")?.trim() || "nothing"}`),
    found("forwarding", text("forwarding") !== "1" && "net.ipv4.ip_forward is off"),
    found(
      "unreachable",
      text("unreachable") === undefined || text("unreachable") === "" ? `${wanted.podCidr} has no unreachable route` : undefined,
    ),
    found("tailnet", online === true ? undefined : online),
    certificateCase(node.name, text("certificate"), clock.now),
    found("disk", diskFaults(texts("disk"))),
    found("clock", clock.offset !== undefined && Math.abs(clock.offset) > MOST_OFFSET && describeOffset(clock.offset)),
  ];
}

/** @type {(node: SeenNode) => Case} */
export function judgeNode(node) {
  const seen = [...(node.isReady ? [] : ["not Ready"]), ...node.troubles].join(", ");
  return { check: "ready", from: node.name, to: "", verdict: seen === "" ? "passed" : "failed", seen };
}

/** @type {(units: readonly Sighting[]) => string} */
function unitFaults(units) {
  if (units.length === 0) return "systemd tells of no unit";
  return units
    .flatMap(({ peer, text }) => (text.startsWith("active") ? [] : [`${peer} is ${text.split(" ")[0] || "not there"}`]))
    .join(", ");
}

/** @type {(from: string, text: string | undefined, now: number) => Case} */
function certificateCase(from, text = "", now) {
  const base = { check: "certificate", from, to: "" };
  if (text.startsWith("unable: ")) return { ...base, verdict: "unable", seen: text.slice("unable: ".length) };
  const [end = "", file] = text.split(" ");
  const hasEnded = file !== undefined && Date.parse(end) <= now;
  return { ...base, verdict: hasEnded ? "failed" : "passed", seen: hasEnded ? `${file} ended on ${end}` : "" };
}

/**
 * A certificate that ends within a month: a restart of k3s renews it.
 * @type {(node: string, sightings: readonly Sighting[], now: number) => string | undefined}
 */
export function soonToEnd(node, sightings, now) {
  const [end] = sightings.find(({ check }) => check === "certificate")?.text.split(" ") ?? [];
  if (end === undefined) return undefined;
  const left = Date.parse(end) - now;
  return left > 0 && left < SOON_DAYS * DAY_MS
    ? `${node}: a certificate of k3s ends on ${end}; the next pulumi up renews it, by a restart of k3s`
    : undefined;
}

/** @type {(disks: readonly Sighting[]) => string} */
function diskFaults(disks) {
  return disks
    .flatMap(({ peer, text }) => {
      const [left = "0", used = "100%"] = text.split(" ");
      const free = 100 - Number.parseInt(used, 10);
      return free < LEAST_FREE_PERCENT ? [`${peer} has ${Math.round(Number(left) / 1024)} MB (${free} %) left`] : [];
    })
    .join(", ");
}

/** @type {(offset: number) => string} */
const describeOffset = (offset) => `${Math.abs(offset).toFixed(1)} s ${offset > 0 ? "ahead of" : "behind"} the others`;

/**
 * Each host's clock against the middle one of all, from when it said what: a session takes far less than what is told. Seconds.
 * @type {(said: ReadonlyMap<string, { readonly at: number; readonly date: number }>) => Map<string, number>}
 */
export function offsetsOf(said) {
  const ahead = [...said].map(([name, { at, date }]) => /** @type {const} */ ([name, date - at]));
  // Of two clocks nobody can say which one is wrong; this machine's own is the third.
  const own = ahead.length === 2 ? [0] : [];
  const sorted = [...ahead.map(([, value]) => value), ...own].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return new Map(ahead.map(([name, value]) => [name, (value - middle) / 1000]));
}
