import { canonical, lineAt, membersOf } from "./policy-document.mjs";
import { POLICY_EDITORS, serviceHostOf } from "./cluster-rules.cjs";
import { entryMark } from "./markers.mjs";
import { markedClusters, ofOtherStacks } from "./marked-entries.mjs";
import { overlaps, readNetwork } from "./ip-networks.mjs";
import { itemsOf, nodeAt } from "./policy-tree.mjs";
import { defaultPostures, NODE_CONDITIONS, ownPosture } from "./postures.mjs";
import { ROUTES, SERVICES, TAG_OWNERS } from "./wanted-entries.mjs";

/** @import { PolicyCluster } from "./cluster-rules.cjs" */
/** @import { MarkOwner } from "./marked-entries.mjs" */
/** @import { Path, PolicyTree } from "./policy-tree.mjs" */

/**
 * Why the live policy cannot take this cluster's entries; `line` is in the live text, from 1.
 * @typedef {{ readonly what: string; readonly remedy: string; readonly line?: number }} PolicyRefusal
 */
/** @typedef {(live: PolicyTree, others: PolicyTree, cluster: PolicyCluster) => PolicyRefusal[]} Refuse `others`: without this cluster's entries */

/**
 * What stands against this cluster's entries in the policy; all of it.
 * @type {Refuse}
 */
export function findConflicts(live, others, cluster) {
  return [
    ...(cluster.traits?.openWithoutRules === false ? [] : noRules(live, others)),
    ...findClaimsOfOthers(live, others, cluster),
    ...undefinedNames(live, others, cluster),
    ...otherGroups(live, others, cluster),
    ...unmetPosture(live, others),
  ];
}

/**
 * Without one that nodes meet, no rule of ours could be free of the default, and all nodes would be cut off without a word.
 * @type {(live: PolicyTree, others: PolicyTree) => PolicyRefusal[]}
 */
function unmetPosture(live, { root }) {
  const own = ownPosture(root);
  if (own === undefined || own.isDefined) return [];
  return [
    {
      what: `defaultSrcPosture (${defaultPostures(root).join(", ")}) holds for rules without a posture of their own, and nodes, which are Linux servers, need not meet it`,
      remedy: `Add ${JSON.stringify(own.name)}: ${JSON.stringify(NODE_CONDITIONS)} to its postures: the cluster's rules for nodes and pods then name it.`,
      line: keyLine(live, ["defaultSrcPosture"]),
    },
  ];
}

/**
 * What the policy gives to others of what must be this cluster's alone, whoever writes its lines: its tag, the way to its pods, the place behind its Service.
 * @type {Refuse}
 */
export function findClaimsOfOthers(live, others, cluster) {
  return [
    ...findNameOfOther(live, cluster),
    ...tagOfOther(live, cluster),
    ...openTag(live, others, cluster),
    ...routesOfOthers(live, others, cluster),
    ...hostsOfOthers(live, others, cluster),
  ];
}

/**
 * Without the sections everything is allowed (tailscale/tailscale#2799), so a first rule of ours would cut off the whole tailnet.
 * @type {(live: PolicyTree, others: PolicyTree) => PolicyRefusal[]}
 */
function noRules(live, { root }) {
  if (nodeAt(root, ["acls"]) || nodeAt(root, ["grants"])) return [];
  return [
    {
      what: "the policy has neither grants nor acls, so that everything is allowed, and a first rule would end that for all devices",
      remedy:
        'Write out what holds now, "grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}], or "grants": [] if nothing else is to be allowed.',
      line: lineAt(live.text, live.root.offset),
    },
  ];
}

/**
 * Another stack has a cluster of this name: each would take the other's lines and devices for its own.
 * @type {(live: PolicyTree, cluster: MarkOwner) => PolicyRefusal[]}
 */
export function findNameOfOther(live, cluster) {
  const lines = ofOtherStacks(live, cluster);
  const firstLines = lines.filter(({ stack }, index) => lines.findIndex((other) => other.stack === stack) === index);
  return firstLines.map(({ stack, node }) => ({
    what: `the lines of a cluster ${cluster.name} stand there already, written by the stack ${stack} and not by this one, ${cluster.stack}`,
    remedy:
      "Choose another cluster.name. If that stack is this one under its former name, rename it back (pulumi stack rename), or run pulumi destroy first; " +
      `if it is gone for good, take the lines with "${entryMark({ ...cluster, stack }).slice("// ".length)}" out.`,
    line: lineAt(live.text, node.offset),
  }));
}

/** @type {(live: PolicyTree, cluster: PolicyCluster) => PolicyRefusal[]} */
function tagOfOther(live, { name, tag }) {
  return markedClusters(live)
    .filter((other) => other.name !== name && other.tags.includes(tag))
    .map((other) => ({
      what: `${tag} is the tag of the cluster ${other.name}, whose mark stands behind it`,
      remedy: `Choose another vpn.tag; if that cluster is gone for good, take the lines with "hybrid-k3s: ${other.name}" out.`,
      line: keyLine(live, [...TAG_OWNERS, tag]),
    }));
}

/** @type {Refuse} */
function openTag(live, others, { tag, serverTag, tagOwners }) {
  /** @type {(name: string) => string[]} */
  const ownersOf = (name) => itemsOf(nodeAt(others.root, [...TAG_OWNERS, name])).map(String);
  /** @type {(owner: string) => boolean} */
  const isTag = (owner) => owner.startsWith("tag:");
  /** @type {(owners: readonly string[]) => string[]} */
  const people = (owners) => owners.filter((owner) => !isTag(owner) && !tagOwners.includes(owner) && !POLICY_EDITORS.includes(owner));
  // A device that has a tag can give itself what that tag owns: https://tailscale.com/docs/kubernetes-operator/reference/tags.
  const via = new Set([...tagOwners, ...ownersOf(tag)].filter((owner) => isTag(owner) && owner !== tag));
  for (const owner of via)
    ownersOf(owner)
      .filter(isTag)
      .forEach((next) => next !== tag && via.add(next));
  const open = [tag, ...(serverTag === undefined ? [] : [serverTag]), ...via]
    .map((name) => ({ name, owners: people(ownersOf(name)) }))
    .filter(({ owners }) => owners.length > 0);
  return open.map(({ name, owners }) => ({
    what: `${name}${name === tag || name === serverTag ? "" : `, which can give out ${tag},`} is owned by ${owners.join(", ")}, whose every device could make itself a node of the cluster`,
    remedy: `Take ${owners.length === 1 ? "this owner" : "these owners"} out of tagOwners, or choose another vpn.${name === tag || name === serverTag ? "tag" : "tagOwners"}.`,
    line: keyLine(live, [...TAG_OWNERS, name]),
  }));
}

/** @type {Refuse} */
function routesOfOthers(live, others, { name, tag, podCidr }) {
  const pods = readNetwork(podCidr);
  const owners = markedClusters(live).filter((other) => other.name !== name);
  return membersOf(nodeAt(others.root, ROUTES)).flatMap(({ key, value: approvers }) => {
    const route = readNetwork(key);
    const strangers = itemsOf(approvers).filter((approver) => approver !== tag);
    if (!route || !pods || strangers.length === 0 || !overlaps(route, pods)) return [];
    const owner = owners.find(({ podCidrs }) => podCidrs.includes(key));
    const whose = owner ? `the podCidr of the cluster ${owner.name}` : `a route that ${strangers.join(", ")} may serve without being asked`;
    const instead = route.prefix === 0 ? "; for an exit node, autoApprovers.exitNode says it without opening every network" : "";
    return [
      {
        what: `the podCidr ${podCidr} overlaps ${key}, ${whose}`,
        remedy: `Choose another cluster.podCidr, or narrow this route${instead}.`,
        line: keyLine(live, [...ROUTES, key]),
      },
    ];
  });
}

/**
 * A host of the Service gets a part of what operators send to the API, without being asked.
 * @type {Refuse}
 */
function hostsOfOthers(live, others, cluster) {
  const { service } = cluster;
  if (service === undefined) return [];
  const path = [...SERVICES, service];
  const strangers = itemsOf(nodeAt(others.root, path)).filter((approver) => approver !== serviceHostOf(cluster));
  if (strangers.length === 0) return [];
  return [
    {
      what: `${strangers.join(", ")} may host ${service}, the Service in front of this cluster's API, without being asked`,
      remedy: "Take them out of autoApprovers.services, or choose another vpn.apiService.",
      line: keyLine(live, path),
    },
  ];
}

/**
 * Groups and owning tags are the tailnet's own: other stacks and people use them too, so none of the stacks may take them along.
 * @type {Refuse}
 */
function undefinedNames(live, others, { tag, tagOwners, operators, groups = {} }) {
  const names = [...new Set([...tagOwners, ...operators])].filter((name) => name !== tag);
  /** @type {(section: string, name: string) => boolean} */
  const lacks = (section, name) => nodeAt(others.root, [section, name]) === undefined;
  /** @type {(name: string) => string} */
  const members = (name) => JSON.stringify(groups[name.slice("group:".length)] ?? groups[name] ?? ["alice@example.org"]);
  return [
    ...names
      .filter((name) => name.startsWith("group:") && lacks("groups", name))
      .map((name) => ({
        what: `the policy does not define ${name}, which vpn.operators names`,
        remedy: `Add ${JSON.stringify(name)}: ${members(name)} to its groups.`,
        line: keyLine(live, ["groups"]),
      })),
    ...names
      .filter((name) => name.startsWith("tag:") && lacks("tagOwners", name))
      .map((name) => ({
        what: `the policy does not define ${name}, which ${tagOwners.includes(name) ? "vpn.tagOwners" : "vpn.operators"} names`,
        remedy: `Add ${JSON.stringify(name)}: [] to its tagOwners.`,
        line: keyLine(live, TAG_OWNERS),
      })),
  ];
}

/** @type {Refuse} */
function otherGroups(live, others, { groups = {} }) {
  return Object.entries(groups).flatMap(([short, members]) => {
    const name = short.startsWith("group:") ? short : `group:${short}`;
    const node = nodeAt(others.root, ["groups", name]);
    const there = itemsOf(node);
    if (node?.children === undefined || canonical(there) === canonical(members)) return [];
    return [
      {
        what: `the policy's ${name} is ${JSON.stringify(there)}, and vpn.groups says ${JSON.stringify(members)}`,
        remedy: "Leave it out of vpn.groups, or make both the same: the policy's groups are not changed.",
        line: keyLine(live, ["groups", name]),
      },
    ];
  });
}

/**
 * The line of a key, or where it would stand.
 * @type {(tree: PolicyTree, path: Path) => number}
 */
function keyLine({ text, root }, path) {
  const node = path.map((_, depth) => nodeAt(root, path.slice(0, path.length - depth))).find(Boolean) ?? root;
  return lineAt(text, node.parent?.type === "property" ? node.parent.offset : node.offset);
}
