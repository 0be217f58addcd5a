import { API_PORT } from "../../catalog/ports.cjs";
import { canonical, policyEntries } from "./policy-document.mjs";
import { clusterRules } from "./cluster-rules.cjs";
import { contains, knownNetwork, overlaps, readNetwork } from "./ip-networks.mjs";
import { nodeAt, readTree } from "./policy-tree.mjs";
import { readRules } from "./judge-reach.mjs";
import { selects } from "./selectors.mjs";

/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { Policy, Rule } from "./judge-reach.mjs" */

/** @typedef {{ line: number; what: string; rule: string }} PolicyOpening */

// Both stand for no device that could be a node, a pod or reached by one: exit traffic, and people's own devices.
const NO_DEVICES_OF_OTHERS = ["autogroup:internet", "autogroup:self"];

/**
 * Rules of others by which devices that are not this cluster's reach its nodes, pods or Service, or are reached by them. `what` tells who reaches what.
 * Rules only add to one another, so that none of ours could take that back. Pure; throws as listClusters.
 * @type {(text: string, cluster: PolicyCluster) => PolicyOpening[]}
 */
export function findOpenings(text, cluster) {
  if (text.trim() === "") return [];
  const { root } = readTree(text);
  if (!nodeAt(root, ["acls"]) && !nodeAt(root, ["grants"])) {
    if (cluster.traits?.openWithoutRules === false) return [];
    return [{ line: 1, what: "everything reaches everything", rule: "neither grants nor acls" }];
  }
  const ours = [...clusterRules(cluster, "acls"), ...clusterRules(cluster, "grants")].map(canonical);
  const policy = readRules(policyEntries(text));
  return policy.rules
    .filter(({ entry }) => !ours.includes(canonical(entry.value)))
    .flatMap((rule) => {
      const what = [reached(policy, rule, cluster), reaching(policy, rule, cluster)].filter(Boolean).join(", ");
      return what === "" ? [] : [{ line: rule.entry.line, what, rule: JSON.stringify(rule.entry.value) }];
    });
}

/**
 * What of the cluster devices of others reach by this rule.
 * @type {(policy: Policy, rule: Rule, cluster: PolicyCluster) => string | undefined}
 */
function reached(policy, rule, cluster) {
  const { operators } = cluster;
  const sources = rule.src.filter((selector) => !isOwn(selector, cluster));
  const targets = rule.targets.filter(({ ports }) => ports !== String(API_PORT) || !sources.every((source) => operators.includes(source)));
  const parts = partsHeld(
    policy,
    targets.map(({ selector }) => selector),
    cluster,
  );
  if (sources.length === 0 || parts === "") return undefined;
  return `${sources.join(", ")} ${sources.length > 1 ? "reach" : "reaches"} ${parts}`;
}

/**
 * What of others the cluster reaches by this rule.
 * @type {(policy: Policy, rule: Rule, cluster: PolicyCluster) => string | undefined}
 */
function reaching(policy, rule, cluster) {
  const targets = [...new Set(rule.targets.map(({ selector }) => selector))].filter(
    (selector) => !isOwn(selector, cluster) && !NO_DEVICES_OF_OTHERS.includes(selector),
  );
  const parts = partsHeld(policy, rule.src, cluster);
  return targets.length === 0 || parts === "" ? undefined : `${parts} reach ${targets.join(", ")}`;
}

/** @type {(policy: Policy, selectors: readonly string[], cluster: PolicyCluster) => string} */
function partsHeld(policy, selectors, { tag, serverTag = tag, podCidr, service, integration }) {
  const holdsNodes = selectors.some((selector) => [tag, serverTag].some((name) => selects(policy, selector, name) === "yes"));
  // With flannel-iface the tailnet sees no pod.
  const holdsPods = integration !== "flannel-iface" && selectors.some((selector) => holdsSomeOf(policy, selector, podCidr));
  const holdsService = service !== undefined && selectors.includes(service);
  return [holdsNodes && "nodes", holdsPods && "pods", holdsService && service].filter(Boolean).join(" and ");
}

/** @type {(policy: Policy, selector: string, podCidr: string) => boolean} */
function holdsSomeOf(policy, selector, podCidr) {
  const network = readNetwork(Object.hasOwn(policy.hosts, selector) ? policy.hosts[selector] : selector);
  return network ? overlaps(network, knownNetwork(podCidr)) : selects(policy, selector, podCidr) === "yes";
}

/** @type {(selector: string, cluster: PolicyCluster) => boolean} */
function isOwn(selector, { tag, serverTag, podCidr, service }) {
  if ([tag, serverTag, service].includes(selector)) return true;
  const network = readNetwork(selector);
  return network !== undefined && contains(knownNetwork(podCidr), network);
}
