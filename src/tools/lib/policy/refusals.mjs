import { canonical, parsePolicy } from "../policy-document.mjs";
import { POLICY_EDITORS } from "./cluster-rules.mjs";
import { entryMark } from "./markers.mjs";
import { markedClusters, ofOtherStacks, sharingLine } from "./marked-entries.mjs";
import { overlaps, readNetwork } from "./networks.mjs";
import { containersOf, lineAt, nodeAt, readTree } from "./policy-tree.mjs";
import { defaultPostures, NODE_CONDITIONS, ownPosture } from "./postures.mjs";
import { ROUTES, TAG_OWNERS } from "./wanted-entries.mjs";

const LISTS = [["acls"], ["grants"], ["tests"]];
const OBJECTS = [["tagOwners"], ["autoApprovers"], ROUTES, ["groups"]];
// One policy's names of its sections, whatever their case: the vendor would read either.
const SECTIONS = [...LISTS, ...OBJECTS].map((path) => path.at(-1).toLowerCase());

/** Why a text cannot be edited at all: [{what, remedy, line}]. */
export function unreadable(text) {
  if (text.trim() === "") {
    const remedy = 'Save a policy first; what holds now is "grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}].';
    return [{ what: "the policy file is empty", remedy, line: 1 }];
  }
  let tree;
  try {
    ({ tree } = parsePolicy(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [, line, mistake] = /^line (\d+): (.*)$/s.exec(error.message);
    return [{ what: `the policy is not HuJSON: ${mistake}`, remedy: "Correct this line.", line: Number(line) }];
  }
  return [...duplicateKeys(text, tree), ...wrongTypes(text, tree)];
}

/** Why this cluster's entries cannot be told from others': [{what, remedy, line}]. */
export function unclear(text, cluster) {
  const why = unreadable(text);
  if (why.length > 0) return why;
  return sharingLine(readTree(text), cluster).map(({ node }) => ({
    what: `the mark "hybrid-k3s: ${cluster.name}" stands behind several entries, and does not tell which of them is this cluster's`,
    remedy: "Put each entry on a line of its own.",
    line: lineAt(text, node.offset),
  }));
}

/** What stands against this cluster's entries in the policy; all of it: [{what, remedy, line}]. */
export function refusals(live, others, cluster) {
  return [
    ...(cluster.traits?.openWithoutRules === false ? [] : noRules(live, others)),
    ...claimsOfOthers(live, others, cluster),
    ...undefinedNames(live, others, cluster),
    ...otherGroups(live, others, cluster),
    ...unmetPosture(live, others),
  ];
}

/** Without one that nodes meet, no rule of ours could be free of the default, and all nodes would be cut off without a word. */
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

/** What the policy gives to others of what must be this cluster's alone, whoever writes its lines: its tag, and the way to its pods. */
export function claimsOfOthers(live, others, cluster) {
  return [
    ...nameOfOther(live, cluster),
    ...tagOfOther(live, cluster),
    ...openTag(live, others, cluster),
    ...routesOfOthers(live, others, cluster),
  ];
}

function duplicateKeys(text, root) {
  return [...containersOf(root)].flatMap(({ node, path }) => {
    const keys = node.type === "object" ? node.children.map(({ children: [key] }) => key) : [];
    const isNamed = path.length === 0 || (path.length === 1 && String(path[0]).toLowerCase() === "autoapprovers");
    const plain = ({ value }) => (isNamed && SECTIONS.includes(value.toLowerCase()) ? value.toLowerCase() : value);
    return keys
      .filter((key, index) => keys.findIndex((other) => plain(other) === plain(key)) < index)
      .map((key) => ({
        what: `${JSON.stringify(key.value)} stands twice in ${path.length === 0 ? "the policy" : path.join(".")}`,
        remedy: "Keep one of the two, with the content of both.",
        line: lineAt(text, key.offset),
      }));
  });
}

function wrongTypes(text, root) {
  const check = (type, words) => (path) => {
    const node = nodeAt(root, path);
    if (!node || node.type === type) return [];
    return [
      {
        what: `${path.join(".")} is no ${words}`,
        remedy: `Write it as ${type === "array" ? "[...]" : "{...}"}.`,
        line: lineAt(text, node.offset),
      },
    ];
  };
  const listsIn = (path) => {
    const node = nodeAt(root, path);
    if (node?.type !== "object") return [];
    return node.children.flatMap(({ children: [key] }) => check("array", "list")([...path, key.value]));
  };
  return [
    ...LISTS.flatMap(check("array", "list")),
    ...OBJECTS.flatMap(check("object", "object")),
    ...listsIn(TAG_OWNERS),
    ...listsIn(ROUTES),
  ];
}

// Without the sections everything is allowed (tailscale/tailscale#2799), so a first rule of ours would cut off the whole tailnet.
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

/** Another stack has a cluster of this name: each would take the other's lines and devices for its own. */
export function nameOfOther(live, cluster) {
  const lines = ofOtherStacks(live, cluster);
  return [...new Set(lines.map(({ stack }) => stack))].map((stack) => ({
    what: `the lines of a cluster ${cluster.name} stand there already, written by the stack ${stack} and not by this one, ${cluster.stack}`,
    remedy:
      "Choose another cluster.name. If that stack is this one under its former name, rename it back (pulumi stack rename), or run pulumi destroy first; " +
      `if it is gone for good, take the lines with "${entryMark({ ...cluster, stack }).slice("// ".length)}" out.`,
    line: lineAt(live.text, lines.find((entry) => entry.stack === stack).node.offset),
  }));
}

function tagOfOther(live, { name, tag }) {
  return markedClusters(live)
    .filter((other) => other.name !== name && other.tags.includes(tag))
    .map((other) => ({
      what: `${tag} is the tag of the cluster ${other.name}, whose mark stands behind it`,
      remedy: `Choose another vpn.tag; if that cluster is gone for good, take the lines with "hybrid-k3s: ${other.name}" out.`,
      line: keyLine(live, [...TAG_OWNERS, tag]),
    }));
}

function openTag(live, others, { tag, tagOwners }) {
  const ownersOf = (name) => (nodeAt(others.root, [...TAG_OWNERS, name])?.children ?? []).map(({ value }) => String(value));
  const isTag = (owner) => owner.startsWith("tag:");
  const people = (owners) => owners.filter((owner) => !isTag(owner) && !tagOwners.includes(owner) && !POLICY_EDITORS.includes(owner));
  // A device that has a tag can give itself what that tag owns: https://tailscale.com/docs/kubernetes-operator/reference/tags.
  const via = new Set([...tagOwners, ...ownersOf(tag)].filter((owner) => isTag(owner) && owner !== tag));
  for (const owner of via)
    ownersOf(owner)
      .filter(isTag)
      .forEach((next) => next !== tag && via.add(next));
  const open = [tag, ...via].map((name) => ({ name, owners: people(ownersOf(name)) })).filter(({ owners }) => owners.length > 0);
  return open.map(({ name, owners }) => ({
    what: `${name}${name === tag ? "" : `, which can give out ${tag},`} is owned by ${owners.join(", ")}, whose every device could make itself a node of the cluster`,
    remedy: `Take ${owners.length === 1 ? "this owner" : "these owners"} out of tagOwners, or choose another vpn.${name === tag ? "tag" : "tagOwners"}.`,
    line: keyLine(live, [...TAG_OWNERS, name]),
  }));
}

function routesOfOthers(live, others, { name, tag, podCidr }) {
  const pods = readNetwork(podCidr);
  const owners = markedClusters(live).filter((other) => other.name !== name);
  return (nodeAt(others.root, ROUTES)?.children ?? []).flatMap(({ children: [key, approvers] }) => {
    const route = readNetwork(key.value);
    const strangers = approvers.children.map(({ value }) => value).filter((approver) => approver !== tag);
    if (!route || !pods || strangers.length === 0 || !overlaps(route, pods)) return [];
    const owner = owners.find(({ podCidrs }) => podCidrs.includes(key.value));
    const whose = owner ? `the podCidr of the cluster ${owner.name}` : `a route that ${strangers.join(", ")} may serve without being asked`;
    const instead = route.prefix === 0 ? "; for an exit node, autoApprovers.exitNode says it without opening every network" : "";
    return [
      {
        what: `the podCidr ${podCidr} overlaps ${key.value}, ${whose}`,
        remedy: `Choose another cluster.podCidr, or narrow this route${instead}.`,
        line: keyLine(live, [...ROUTES, key.value]),
      },
    ];
  });
}

// Groups and owning tags are the tailnet's own: other stacks and people use them too, so none of the stacks may take them along.
function undefinedNames(live, others, { tag, tagOwners, operators, groups = {} }) {
  const names = [...new Set([...tagOwners, ...operators])].filter((name) => name !== tag);
  const lacks = (section, name) => nodeAt(others.root, [section, name]) === undefined;
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

function otherGroups(live, others, { groups = {} }) {
  return Object.entries(groups).flatMap(([short, members]) => {
    const name = short.startsWith("group:") ? short : `group:${short}`;
    const there = nodeAt(others.root, ["groups", name])?.children?.map(({ value }) => value);
    if (there === undefined || canonical(there) === canonical(members)) return [];
    return [
      {
        what: `the policy's ${name} is ${JSON.stringify(there)}, and vpn.groups says ${JSON.stringify(members)}`,
        remedy: "Leave it out of vpn.groups, or make both the same: the policy's groups are not changed.",
        line: keyLine(live, ["groups", name]),
      },
    ];
  });
}

/** The line of a key, or where it would stand. */
function keyLine({ text, root }, path) {
  const node = path.map((_, depth) => nodeAt(root, path.slice(0, path.length - depth))).find(Boolean) ?? root;
  return lineAt(text, node.parent?.type === "property" ? node.parent.offset : node.offset);
}
