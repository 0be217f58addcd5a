import { policyEntries } from "../policy-document.mjs";
import { asRule, clusterNeeds } from "./cluster-rules.mjs";
import { entryText } from "./entry-text.mjs";
import { entryMark } from "./markers.mjs";
import { contains, readNetwork } from "./networks.mjs";
import { nodeAt, readTree } from "./policy-tree.mjs";
import { NODE_CONDITIONS, nodesMeet, ownPosture } from "./postures.mjs";
import { certainlyReaches, readRules } from "./reach.mjs";
import { claimsOfOthers, unreadable } from "./refusals.mjs";
import { ROUTES, ruleForm, TAG_OWNERS } from "./wanted-entries.mjs";

/**
 * What the live policy lacks for this cluster, by meaning: rules, CIDRs and groups of others that cover a need count. Returns
 * {missing: [{what, section, entry}], text, refusals}; `text` is what to add, section by section, and `refusals` what stands in the way of
 * the cluster whatever is added. Rules that only hold for some devices or ways, and names that the text does not explain (IP sets), do not
 * count.
 */
export function missingFor(liveText, cluster) {
  const refusals = unreadable(liveText);
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
    ...missingRules(root, policy, cluster),
  ];
  // Lines that carry this cluster's mark count too: nobody but their author mends them.
  return { missing, text: linesToAdd(missing, cluster), refusals: claimsOfOthers(live, live, cluster) };
}

function missingGroups(root, { operators, groups = {} }) {
  return operators
    .filter((name) => name.startsWith("group:") && !nodeAt(root, ["groups", name]))
    .map((name) => {
      const members = groups[name] ?? groups[name.slice("group:".length)] ?? [];
      return { what: `the group ${name}`, section: "groups", entry: { key: name, value: members } };
    });
}

function missingOwners(root, { tag, tagOwners }) {
  const owners = (name) => nodeAt(root, [...TAG_OWNERS, name])?.children?.map(({ value }) => value);
  const undefinedOwners = tagOwners.filter((owner) => owner.startsWith("tag:") && owner !== tag && !owners(owner));
  const there = owners(tag);
  const lacking = tagOwners.filter((owner) => !there?.includes(owner));
  return [
    ...undefinedOwners.map((owner) => ({ what: `the tag ${owner}`, section: "tagOwners", entry: { key: owner, value: [] } })),
    ...(lacking.length === 0 && there
      ? []
      : [
          {
            what: `${tag} owned by ${lacking.join(", ") || "nobody"}`,
            section: "tagOwners",
            entry: { key: tag, value: [...(there ?? []), ...lacking] },
            replaces: there !== undefined,
          },
        ]),
  ];
}

function missingApproval(root, { tag, podCidr, integration }) {
  if (integration === "flannel-iface") return [];
  const pods = readNetwork(podCidr);
  const routes = nodeAt(root, ROUTES)?.children ?? [];
  const approvers = (list) => (list.children ?? []).map(({ value }) => value);
  const isApproved = routes.some(({ children: [key, list] }) => {
    const route = readNetwork(key.value);
    return route && contains(route, pods) && approvers(list).includes(tag);
  });
  if (isApproved) return [];
  const there = nodeAt(root, [...ROUTES, podCidr]);
  const value = [...(there ? approvers(there) : []), tag];
  return [
    {
      what: `approval of the pod routes in ${podCidr}`,
      section: ROUTES.join("."),
      entry: { key: podCidr, value },
      replaces: there !== undefined,
    },
  ];
}

// Without acls and grants everything is allowed: tailscale/tailscale#2799.
function missingRules(root, { ofNodes, ofPeople: ofAnybody }, cluster) {
  const isOpen = cluster.traits?.openWithoutRules !== false;
  if (isOpen && !nodeAt(root, ["acls"]) && !nodeAt(root, ["grants"])) return [];
  const form = ruleForm(root);
  const own = ownPosture(root);
  const rules = clusterNeeds(cluster).flatMap((need) => {
    const policy = need.ofPeople ? ofAnybody : ofNodes;
    const src = need.src.filter((source) => !certainlyReaches(policy, { ...need, src: source }));
    if (src.length === 0) return [];
    const ports =
      need.ports === "*"
        ? "*"
        : need.ports.filter((port) => src.some((source) => !certainlyReaches(policy, { ...need, src: source, ports: [port] })));
    return [{ what: need.what, section: form, entry: { value: asRule({ ...need, src, ports }, form, own?.name) } }];
  });
  if (own === undefined || own.isDefined || !rules.some(({ entry: { value } }) => value.srcPosture)) return rules;
  const posture = { key: own.name, value: NODE_CONDITIONS };
  return [{ what: `a posture that nodes meet, for defaultSrcPosture`, section: "postures", entry: posture }, ...rules];
}

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
