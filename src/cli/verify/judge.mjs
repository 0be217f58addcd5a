import { isObject, parseJson, textsOf } from "../../operator-tools/run/json.mjs";

/** @import { Sighting } from "./sightings.mjs" */

/**
 * One thing that was looked at.
 * @typedef {object} Case
 * @property {string} check
 * @property {string} from The node that looked, or that was looked at.
 * @property {string} to The other one; empty where there is none.
 * @property {"passed" | "failed" | "unable"} verdict unable: it could not be looked at there.
 * @property {string} seen Of a failed one what was seen, in the program's own words.
 */
/** @typedef {"direct" | "peer relay" | "relay" | "none"} PathClass */
/** @typedef {{ readonly from: string; readonly to: string; readonly kind: PathClass; readonly by: string; readonly ms: number | undefined; readonly why?: string }} Path why: of a relayed one, as far as it can be told */
/** @typedef {(text: string, place: Place) => string | undefined} Rule What is wrong with a text; nothing where it is as it should be */
/** @typedef {{ readonly node: string; readonly peer: string; readonly podIp: string }} Place */

/** What a check of host-scripts/verify-*.sh is called for people, and what it must say. */
/** @type {Readonly<Record<string, { readonly title: string; readonly rule: Rule }>>} */
export const CHECKS = {
  "pod-http": { title: "pod to pod by http, the sender's address kept", rule: ownAddress },
  "pod-udp": { title: "pod to pod by udp, the sender's address kept", rule: ownAddress },
  "pod-closed": { title: "a port that a network policy closes", rule: denied },
  "full-packet": { title: "a packet of the pods' whole MTU", rule: wholePacket },
  transfer: { title: "20 MB from pod to pod", rule: sent },
  "node-pod": { title: "node to pod", rule: (text) => (/^\S+:\d+$/.test(text) ? undefined : text) },
  "pod-kubelet": { title: "pod to a node's kubelet", rule: answered },
  "node-kubelet": { title: "node to a node's kubelet", rule: answered },
  api: { title: "the API server of each server", rule: answered },
  service: { title: "a service's address", rule: dialled },
  "dns-inside": { title: "a service's name", rule: dialled },
  "dns-outside": { title: "a name of the internet", rule: resolved },
  metadata: {
    title: "the cloud's metadata closed to pods",
    rule: (text) => (text.startsWith("000") ? undefined : `answers with status ${text}`),
  },
  metrics: { title: "a node's metrics through the API", rule: counted },
  logs: { title: "kubectl logs", rule: (text) => (text.startsWith("200") ? undefined : text) },
  exec: { title: "kubectl exec", rule: (text) => (text === "ran" ? undefined : text || "no answer") },
  top: { title: "kubectl top", rule: (text) => (text === "listed" ? undefined : text) },
};

/** A network policy's refusal, or silence: both are a closed port. */
const CLOSED = /connection refused|no route to host|host is unreachable|prohibited|permission denied|timeout|deadline exceeded|timed out/i;

/** @type {(text: string) => { readonly responses: readonly string[]; readonly errors: readonly string[] } | undefined} */
function dialOf(text) {
  const dial = parseJson(text);
  return isObject(dial) ? { responses: textsOf(dial["responses"]), errors: textsOf(dial["errors"]) } : undefined;
}

/** @type {(text: string) => string} */
const withoutAnswer = (text) => dialOf(text)?.errors.join("; ") || text || "no answer";

/** @type {Rule} */
function ownAddress(text, { podIp }) {
  const [answer] = dialOf(text)?.responses ?? [];
  if (answer === undefined) return withoutAnswer(text);
  const sender = answer.replace(/:\d+$/, "");
  return sender === podIp ? undefined : `sent by ${podIp}, arrived as ${sender}`;
}

/** @type {Rule} */
function denied(text) {
  const dial = dialOf(text);
  if (dial === undefined) return text || "no answer";
  if (dial.responses.length > 0) return "answers, though a network policy closes it";
  return CLOSED.test(dial.errors.join()) ? undefined : dial.errors.join("; ");
}

/** @type {Rule} */
function wholePacket(text) {
  const [mtu, received, ...words] = text.split(" ");
  if (Number(received) > 0) return undefined;
  return `a packet of ${mtu} bytes does not arrive${words.length > 0 ? `: ${words.join(" ")}` : ""}`;
}

/** A transfer that took its whole time had still been moving if so much had left this pod; less is in buffers on the way. */
const MOVING_BYTES = 4_000_000;

/** @type {Rule} */
function sent(text) {
  const [, bytes] = /timed out after \d+ milliseconds.* (\d+) \d{3}$/.exec(text) ?? [];
  if (Number(bytes) >= MOVING_BYTES) return undefined;
  return / 201$/.test(text) ? undefined : text.replace(/^\d+ \d+ ?/, "") || "broke off";
}

// Any answer shows the way; who may ask what is not looked at here.
/** @type {Rule} */
function answered(text) {
  return /^[1-5]\d\d/.test(text) ? undefined : text.replace(/^000 ?/, "") || "no answer";
}

/** @type {Rule} */
function dialled(text) {
  return (dialOf(text)?.responses.length ?? 0) > 0 ? undefined : withoutAnswer(text);
}

// Whoever answers has been found by name, be it with an error; where nothing comes back at all the resolver is what hangs.
/** @type {Rule} */
function resolved(text) {
  return dialOf(text) === undefined ||
    /no such host|server misbehaving|lookup|i\/o timeout.*:53|host and\/or port param are invalid/i.test(text)
    ? withoutAnswer(text)
    : undefined;
}

/** @type {Rule} */
function counted(text) {
  const [status, count] = text.split(" ");
  if (status !== "200") return text || "no answer";
  return Number(count) > 0 ? undefined : "answers without a metric of the node";
}

/**
 * What the sightings of one node come to.
 * @type {(node: string, podIp: string, sightings: readonly Sighting[]) => Case[]}
 */
export function judge(node, podIp, sightings) {
  return sightings.flatMap(({ check, peer, text }) => {
    const known = CHECKS[check];
    if (known === undefined) return [];
    const place = { check, from: node, to: peer === "-" ? "" : peer };
    if (text.startsWith("unable: ")) return [verdict(place, "unable", text.slice("unable: ".length))];
    const wrong = known.rule(text, { node, peer, podIp });
    return [wrong === undefined ? verdict(place, "passed", "") : verdict(place, "failed", wrong)];
  });
}

/** @type {(place: Pick<Case, "check" | "from" | "to">, verdict: Case["verdict"], seen: string) => Case} */
const verdict = (place, is, seen) => ({ ...place, verdict: is, seen });

/**
 * The path that a pong of `tailscale ping` tells of.
 * @type {(from: string, to: string, text: string) => Path}
 */
export function readPath(from, to, text) {
  const [, via = "", time] = /^pong from .* via (.*?) in ([\d.]+m?s)/.exec(text) ?? [];
  const ms = time === undefined ? undefined : Number.parseFloat(time) * (time.endsWith("ms") ? 1 : 1000);
  const [, region] = /^DERP\((.*)\)$/.exec(via) ?? [];
  if (via === "") return { from, to, kind: "none", by: text, ms };
  if (region !== undefined) return { from, to, kind: "relay", by: region, ms };
  return { from, to, kind: via.startsWith("peer-relay") ? "peer relay" : "direct", by: via, ms };
}
