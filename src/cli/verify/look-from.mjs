import { ToolError } from "../../operator-tools/run/tool-error.mjs";
import { onFirst } from "../host-work.mjs";
import { judge } from "./judge.mjs";
import { PASS_ON_SECONDS, podOn } from "./probe.mjs";
import { readSightings } from "./sightings.mjs";

/** @import { StackNode } from "../read-stack.mjs" */
/** @import { Case } from "./judge.mjs" */
/** @import { Look } from "./probe.mjs" */
/** @import { Opened, SeenNode, SeenPod, Sighting } from "./sightings.mjs" */

/** @typedef {{ readonly name: string; readonly site: string; readonly node: SeenNode; readonly pod: SeenPod | undefined }} Place */
/** @typedef {{ readonly sightings: readonly Sighting[]; readonly at: number; readonly date: number }} HostSaid at: when it ended; date: what the host's clock said then; ms */

/** As many at a time are looked at by verify-node and verify-api. */
const AT_ONCE = 8;
/** Where nothing answers every question waits to its end: what a look takes at the most, beside and for each turn of so many. */
const NODE_SECONDS = { beside: 150, turn: 110 };
const API_SECONDS = { beside: 60, turn: 65 };
/** @type {(seconds: { readonly beside: number; readonly turn: number }, count: number) => number} */
const limitOf = ({ beside, turn }, count) => beside + turn * Math.ceil(count / AT_ONCE);

/**
 * What this node sees of these others, of itself, and through its pod.
 * @type {(look: Look, node: StackNode, opened: Opened, of: { readonly places: readonly Place[]; readonly peers: readonly Place[] }) => Promise<HostSaid>}
 */
export async function lookFrom({ access, run, wanted, isQuick, namespace }, node, opened, { places, peers }) {
  const own = podOn(opened, node.name);
  const servers = places.filter((place) => place.node.role === "server" && place.name !== node.name);
  // The next one, not the same for everybody, who would share its link.
  const place = places.findIndex(({ name }) => name === node.name);
  const receiver = [...peers.slice(Math.max(place, 0)), ...peers].find(({ pod }) => pod !== undefined);
  const environment = {
    ROLE: access.servers.some(({ name }) => name === node.name) ? "server" : "agent",
    POD_CIDR: wanted.podCidr,
    PEERS: peers.map(({ name, node: peer, pod }) => `${name} ${peer.address || "-"} ${pod?.address || "-"}`).join("\n"),
    SERVERS: servers.map((place) => place.node.address).join(" "),
    ...(isQuick && { QUICK: "true" }),
    ...(own !== undefined && { POD_IP: own.address, SERVICE_IP: opened.service }),
    ...(own !== undefined && opened.dns !== "" && { SERVICE_NAME: `probe.${namespace}.svc`, OUTSIDE_NAME: wanted.outsideName ?? "" }),
    ...(receiver !== undefined && { TRANSFER_TO: receiver.name }),
  };
  const result = await run(node, { script: "verify-node", environment, limitSeconds: limitOf(NODE_SECONDS, peers.length), isQuiet: true });
  const at = Date.now();
  const named = new Map(servers.map((place) => [place.node.address, place.name]));
  const sightings = readSightings(result).map((one) => (one.check === "api" ? { ...one, peer: named.get(one.peer) ?? one.peer } : one));
  const date = Number(sightings.find(({ check }) => check === "end")?.text) * 1000;
  if (Number.isNaN(date)) throw new ToolError(`${node.name}: verify-node did not come to its end`);
  return { sightings, at, date };
}

/**
 * What the API server gives of each node: metrics, logs, a command, and `kubectl top` where metrics-server runs.
 * @type {(look: Look, opened: Opened) => Promise<Case[]>}
 */
export async function lookThroughApi({ access, run, namespace }, opened) {
  const ready = opened.nodes.filter(({ isReady }) => isReady).map(({ name }) => name);
  const lines = ready.map((name) => `${name} ${podOn(opened, name)?.name ?? "-"}`);
  const work = {
    script: "verify-api",
    environment: { NAMESPACE: namespace, NODES: lines.join("\n"), PASS_ON_SECONDS },
    limitSeconds: limitOf(API_SECONDS, ready.length),
  };
  /** @type {Sighting[]} */
  let seen;
  try {
    seen = readSightings(await onFirst(access.servers, (node) => run(node, { ...work, isQuiet: true })));
  } catch (error) {
    // What the hosts say is told all the same.
    if (!(error instanceof ToolError)) throw error;
    return [{ check: "through-api", from: "the API", to: "", verdict: "failed", seen: error.message.replace(/^- /, "") }];
  }
  const [top, others] = [seen.filter(({ check }) => check === "top"), seen.filter(({ check }) => check !== "top")];
  const broken = top.find(({ peer }) => peer === "-");
  const listed = new Set(top.map(({ peer }) => peer));
  return [
    ...others.flatMap(({ check, peer, text }) => judge(peer, "", [{ check, peer: "-", text }])),
    ...(top.length === 0 ? [] : ready.map((name) => topCase(name, listed.has(name), broken?.text))),
  ];
}

/** @type {(from: string, isListed: boolean, fault: string | undefined) => Case} */
function topCase(from, isListed, fault) {
  return {
    check: "top",
    from,
    to: "",
    verdict: isListed ? "passed" : "failed",
    seen: isListed ? "" : (fault ?? "kubectl top does not list it"),
  };
}

const CLOSED_OUTSIDE = [6443, 10250];

/**
 * From the operator's machine, which is somewhere in the internet: of machines with a public address.
 * @type {(node: StackNode, isClosed: Look["isClosed"]) => Promise<Case[]>}
 */
export async function lookFromOutside({ name, host, isPublic }, isClosed) {
  if (isPublic !== true || host.address === "") return [];
  const looks = CLOSED_OUTSIDE.map(async (port) => ({ port, closed: await isClosed(host.address, port) }));
  return (await Promise.all(looks)).map(({ port, closed }) => ({
    ...{ check: "outside", from: name, to: "", verdict: closed ? /** @type {const} */ ("passed") : /** @type {const} */ ("failed") },
    seen: closed ? "" : `${host.address}:${port} is open to this machine`,
  }));
}
