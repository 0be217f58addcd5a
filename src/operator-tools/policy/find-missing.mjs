import { membersOf, policyEntries } from "./policy-document.mjs";
import { asRule, clusterNeeds, serviceHostOf } from "./cluster-rules.cjs";
import { entryText } from "./entry-text.mjs";
import { entryMark } from "./markers.mjs";
import { contains, readNetwork } from "./ip-networks.mjs";
import { itemsOf, nodeAt, readTree } from "./policy-tree.mjs";
import { NODE_CONDITIONS, nodesMeet, ownPosture } from "./postures.mjs";
import { certainlyReaches, readRules } from "./judge-reach.mjs";
import { findClaimsOfOthers } from "./find-conflicts.mjs";
import { findUnreadable } from "./find-unreadable.mjs";
import { ROUTES, ruleForm, SERVICES, TAG_OWNERS } from "./wanted-entries.mjs";

/** @import { Node } from "jsonc-parser" */
/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { KeyValue } from "./markers.mjs" */
/** @import { Policy } from "./judge-reach.mjs" */
/** @import { PolicyRefusal } from "./find-conflicts.mjs" */

/**
 * @typedef {object} MissingEntry
 * @property {string} what For people.
 * @property {string} section
 * @property {KeyValue} entry
 * @property {boolean} [replaces] The policy has an entry of this key, which the new one replaces.
 */
/**
 * @typedef {object} MissingPolicy
 * @property {MissingEntry[]} missing
 * @property {string} text The lines to add, section by section; "" where nothing is missing.
 * @property {PolicyRefusal[]} refusals What stands in the way of the cluster whatever is added.
 */

/**
 * What the live policy lacks for this cluster, by meaning: rules, CIDRs and groups of others that cover a need count. Rules that only hold for
 * some devices or ways, and names that the text does not explain (IP sets), do not count. Pure.
 * @type {(liveText: string, cluster: PolicyCluster) => MissingPolicy}
 */
export function findMissing(liveText, cluster) {
  const refusals = findUnreadable(liveText);
  if (refusals.length > 0) return { missing: [], text: "", refusals };
  const live = readTree(liveText);
  const { root } = live;
  const entries = policyEntries(liveText);
  const policy = {
    ofNodes: readRules(entries, (postures) => nodesMeet(root, postures)),
    // What the whole tailnet demands of people's devices, it demands of operators' too.
    ofPeople: readRules(entries, (_postures, isOwn) => !isOwn),
  };
  const missing = [
    ...missingGroups(root, cluster),
    ...missingOwners(root, cluster),
    ...missingApproval(root, cluster),
    ...missingHosts(root, cluster),
    ...missingRules(root, policy, cluster),
  ];
  // Lines that carry this cluster's mark count too: nobody but their author mends them.
  return { missing, text: linesToAdd(missing, cluster), refusals: findClaimsOfOthers(live, live, cluster) };
}

/** @type {(root: Node, cluster: PolicyCluster) => MissingEntry[]} */
function missingGroups(root, { operators, groups = {} }) {
  return operators
    .filter((name) => name.startsWith("group:") && !nodeAt(root, ["groups", name]))
    .map((name) => {
      const members = groups[name] ?? groups[name.slice("group:".length)] ?? [];
      return { what: `the group ${name}`, section: "groups", entry: { key: name, value: members } };
    });
}

/** @type {(root: Node, cluster: PolicyCluster) => MissingEntry[]} */
function missingOwners(root, { tag, serverTag, tagOwners }) {
  /** @type {(name: string) => unknown[] | undefined} */
  const owners = (name) => {
    const node = nodeAt(root, [...TAG_OWNERS, name]);
    return node?.children && itemsOf(node);
  };
  const undefinedOwners = tagOwners.filter((owner) => owner.startsWith("tag:") && owner !== tag && !owners(owner));
  const missingTags = [tag, ...(serverTag === undefined ? [] : [serverTag])].flatMap((name) => {
    const there = owners(name);
    const lacking = tagOwners.filter((owner) => !there?.includes(owner));
    if (lacking.length === 0 && there) return [];
    return [
      {
        what: `${name} owned by ${lacking.join(", ") || "nobody"}`,
        section: "tagOwners",
        entry: { key: name, value: [...(there ?? []), ...lacking] },
        replaces: there !== undefined,
      },
    ];
  });
  return [
    ...undefinedOwners.map((owner) => ({ what: `the tag ${owner}`, section: "tagOwners", entry: { key: owner, value: [] } })),
    ...missingTags,
  ];
}

/** @type {(root: Node, cluster: PolicyCluster) => MissingEntry[]} */
function missingApproval(root, { tag, podCidr, integration }) {
  if (integration === "flannel-iface") return [];
  const pods = readNetwork(podCidr);
  const isApproved = membersOf(nodeAt(root, ROUTES)).some(({ key, value: approvers }) => {
    const route = readNetwork(key);
    return route && pods && contains(route, pods) && itemsOf(approvers).includes(tag);
  });
  if (isApproved) return [];
  const there = nodeAt(root, [...ROUTES, podCidr]);
  const value = [...itemsOf(there), tag];
  return [
    {
      what: `approval of the pod routes in ${podCidr}`,
      section: ROUTES.join("."),
      entry: { key: podCidr, value },
      replaces: there !== undefined,
    },
  ];
}

/** @type {(root: Node, cluster: PolicyCluster) => MissingEntry[]} */
function missingHosts(root, cluster) {
  const { service } = cluster;
  if (service === undefined) return [];
  const host = serviceHostOf(cluster);
  const there = nodeAt(root, [...SERVICES, service]);
  if (itemsOf(there).includes(host)) return [];
  return [
    {
      what: `approval of ${host} as hosts of ${service}`,
      section: SERVICES.join("."),
      entry: { key: service, value: [...itemsOf(there), host] },
      replaces: there !== undefined,
    },
  ];
}

/**
 * Without acls and grants everything is allowed: tailscale/tailscale#2799.
 * @type {(root: Node, policies: { readonly ofNodes: Policy; readonly ofPeople: Policy }, cluster: PolicyCluster) => MissingEntry[]}
 */
function missingRules(root, { ofNodes, ofPeople: ofAnybody }, cluster) {
  const isOpen = cluster.traits?.openWithoutRules !== false;
  if (isOpen && !nodeAt(root, ["acls"]) && !nodeAt(root, ["grants"])) return [];
  const form = ruleForm(root);
  const own = ownPosture(root);
  const rules = clusterNeeds(cluster).flatMap((need) => {
    const policy = need.ofPeople ? ofAnybody : ofNodes;
    const src = need.src.filter((source) => !certainlyReaches(policy, { ...need, src: source }));
    if (src.length === 0) return [];
    /** @type {(port: number) => boolean} */
    const isMissing = (port) => src.some((source) => !certainlyReaches(policy, { ...need, src: source, ports: [port] }));
    const ports = need.ports === "*" ? need.ports : need.ports.filter(isMissing);
    const section = need.form ?? form;
    return [{ what: need.what, section, entry: { value: asRule({ ...need, src, ports }, section, own?.name) } }];
  });
  if (own === undefined || own.isDefined || !rules.some(({ entry: { value } }) => value.srcPosture !== undefined)) return rules;
  const posture = { key: own.name, value: NODE_CONDITIONS };
  return [{ what: `a posture that nodes meet, for defaultSrcPosture`, section: "postures", entry: posture }, ...rules];
}

/** @type {(missing: readonly MissingEntry[], cluster: PolicyCluster) => string} */
function linesToAdd(missing, cluster) {
  const sections = [...new Set(missing.map(({ section }) => section))];
  return sections
    .map((section) => {
      const [open, close] = section === "acls" || section === "grants" ? "[]" : "{}";
      const lines = missing
        .filter((item) => item.section === section)
        // What holds others' values too is no entry of this cluster's, and carries no mark.
        .map(({ entry, replaces }) => `  ${entryText(entry)}, ${replaces ? "// in the place of the present entry" : entryMark(cluster)}`);
      const [outer, inner] = section.split(".");
      const [before, after] = inner
        ? [`${JSON.stringify(outer)}: {${JSON.stringify(inner)}: ${open}`, `${close}}`]
        : [`${JSON.stringify(outer)}: ${open}`, close];
      return [before, ...lines, `${after},`].join("\n");
    })
    .join("\n");
}
