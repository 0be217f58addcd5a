import { onAll } from "../host-work.mjs";
import { judgeHost, judgeNode, offsetsOf, soonToEnd } from "./judge-host.mjs";
import { judge, readPath } from "./judge.mjs";
import { lookFrom, lookFromOutside, lookThroughApi } from "./look-from.mjs";
import { peersOf } from "./pairs.mjs";
import { podOn } from "./probe.mjs";
import { readNat, whyRelayed } from "./why-relayed.mjs";

/** @import { StackNode } from "../read-stack.mjs" */
/** @import { Findings } from "./find-faults.mjs" */
/** @import { Case } from "./judge.mjs" */
/** @import { HostSaid, Place } from "./look-from.mjs" */
/** @import { Look } from "./probe.mjs" */
/** @import { Opened } from "./sightings.mjs" */

/** @typedef {Findings & { readonly warnings: readonly string[]; readonly isSampled: boolean }} Seen isSampled: not every pair was looked at */

/**
 * Looks from every node at the others, at every node through the API, and at what the internet reaches.
 * @type {(look: Look, opened: Opened) => Promise<Seen>}
 */
export async function lookFromAll(look, opened) {
  const { access, out, isQuick } = look;
  const stackNodes = [...access.servers, ...access.agents];
  const places = placesOf(stackNodes, opened);
  const peers = peersOf(places);
  let done = 0;
  const told = () => out.say(`looked from ${(done += 1)} of ${stackNodes.length} nodes`);
  const from = (/** @type {StackNode} */ node) => lookFrom(look, node, opened, { places, peers: peers.get(node.name) ?? [] }).finally(told);
  const [hosts, api, outside] = await Promise.all([
    onAll(stackNodes, from),
    isQuick ? [] : lookThroughApi(look, opened),
    Promise.all(stackNodes.map((node) => lookFromOutside(node, look.isClosed))),
  ]);
  const said = new Map(hosts.flatMap(({ node, result }) => (result === undefined ? [] : [/** @type {const} */ ([node.name, result])])));
  const unseen = new Map(
    hosts.flatMap(({ node, fault }) => (fault === undefined ? [] : [/** @type {const} */ ([node.name, fault.message])])),
  );
  const routes = new Map(
    [...said].map(([name, { sightings }]) => [name, sightings.find(({ check }) => check === "routes")?.text.split(" ") ?? []]),
  );
  const now = Date.now();
  const isRouted = look.wanted.integration !== "flannel-iface";
  const allCases = [
    ...missingNodes(stackNodes, opened),
    ...opened.nodes.map(judgeNode),
    ...(isQuick ? [] : missingPods(opened)),
    ...judgeHosts(look, opened, said, now),
    ...(isRouted ? routeCases(peers, routes) : []),
    ...api,
    ...outside.flat(),
    ...[...unseen].map(([name, seen]) => failed("unseen", name, seen)),
  ];
  // A host that the stack did not make may have its metadata service for its pods; the stack's own machines close theirs.
  const foreign = new Set(stackNodes.flatMap(({ name, isCloud }) => (isCloud === false ? [name] : [])));
  const isTheirs = (/** @type {Case} */ { check, from, verdict }) => check === "metadata" && verdict === "failed" && foreign.has(from);
  // vpn.nodePorts may leave the kubelets out.
  const isShut = (/** @type {Case} */ { check }) => look.wanted.opensKubelets === false && check.endsWith("-kubelet");
  const cases = allCases.filter((one) => !isTheirs(one) && !isShut(one));
  const paths = [...said].flatMap(([name, { sightings }]) =>
    sightings.filter(({ check }) => check === "path").map(({ peer, text }) => readPath(name, peer, text)),
  );
  const nats = new Map([...said].map(([name, { sightings }]) => [name, readNat(sightings)]));
  const explained = paths.map((path) =>
    path.kind === "relay" || path.kind === "peer relay" ? { ...path, why: whyRelayed(path, nats) } : path,
  );
  const warnings = [
    ...[...said].flatMap(([name, { sightings }]) => soonToEnd(name, sightings, now) ?? []),
    ...allCases
      .filter(isTheirs)
      .map(({ from, seen }) => `${from}: pods reach its metadata service (169.254.169.254 ${seen}); a network policy closes it`),
  ];
  const isSampled = places.some(({ name }) => (peers.get(name)?.length ?? 0) < places.length - 1);
  return {
    nodes: opened.nodes,
    pods: opened.pods,
    cases,
    paths: explained,
    routes: isRouted ? routes : new Map(),
    unseen,
    warnings,
    isSampled,
  };
}

/** @type {(check: string, from: string, seen: string) => Case} */
const failed = (check, from, seen) => ({ check, from, to: "", verdict: "failed", seen });

/**
 * Whom it makes sense to look at: what is not Ready is told once, and not waited for by everybody.
 * @type {(stackNodes: readonly StackNode[], opened: Opened) => Place[]}
 */
function placesOf(stackNodes, opened) {
  const sites = new Map(stackNodes.map(({ name, site }) => [name, site ?? ""]));
  const ready = opened.nodes.filter(({ isReady }) => isReady);
  return ready.map((node) => ({ name: node.name, site: sites.get(node.name) ?? "", node, pod: podOn(opened, node.name) }));
}

/** @type {(look: Look, opened: Opened, said: ReadonlyMap<string, HostSaid>, now: number) => Case[]} */
function judgeHosts({ wanted, access }, opened, said, now) {
  const offsets = offsetsOf(said);
  const there = new Set(opened.nodes.map(({ name }) => name));
  // What is wrong on a host may be why the cluster has no Node of it.
  const absent = [...access.servers, ...access.agents].filter(({ name }) => !there.has(name));
  return [...opened.nodes, ...absent].flatMap((node) => {
    const sightings = said.get(node.name)?.sightings;
    if (sightings === undefined) return [];
    const clock = { now, offset: offsets.get(node.name) };
    return [
      ...judgeHost(node, sightings, { ...wanted, cluster: access.cluster }, clock),
      ...judge(node.name, podOn(opened, node.name)?.address ?? "", sightings),
    ];
  });
}

/** @type {(stackNodes: readonly StackNode[], opened: Opened) => Case[]} */
function missingNodes(stackNodes, { nodes }) {
  const there = new Set(nodes.map(({ name }) => name));
  return stackNodes.flatMap(({ name }) => (there.has(name) ? [] : [failed("ready", name, "the cluster has no Node of this name")]));
}

/** @type {(opened: Opened) => Case[]} */
function missingPods(opened) {
  return opened.nodes.flatMap(({ name, isReady }) => {
    if (!isReady || podOn(opened, name) !== undefined) return [];
    return [failed("probe", name, opened.pods.find(({ node }) => node === name)?.why || opened.warning || "it was not Ready in time")];
  });
}

/** @type {(peers: ReadonlyMap<string, readonly Place[]>, routes: ReadonlyMap<string, readonly string[]>) => Case[]} */
function routeCases(peers, routes) {
  return [...peers].flatMap(([from, others]) => {
    const known = routes.get(from);
    if (known === undefined) return [];
    return others.map(({ name, node: { cidr } }) => {
      const has = known.includes(cidr);
      return {
        ...failed("route", from, has ? "" : `no way to ${cidr || "it: its Node has no podCIDR"}`),
        to: name,
        verdict: has ? /** @type {const} */ ("passed") : /** @type {const} */ ("failed"),
      };
    });
  });
}
