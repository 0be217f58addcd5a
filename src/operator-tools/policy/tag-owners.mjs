import { itemsOf, nodeAt, readTree } from "./policy-tree.mjs";
import { TAG_OWNERS } from "./wanted-entries.mjs";

/** @import { Node } from "jsonc-parser" */
/** @import { PolicyCluster } from "./cluster-rules.cjs" */

/**
 * Whether a client with these tags may make keys with this one: the tag is all that it has, or one of its own gives it out, by what the live
 * policy says or by what this cluster is about to add. (The vendor's OpenAPI file, createKey; tailscale/terraform-provider-tailscale#437.) Pure; throws as listClusters.
 * @type {(liveText: string, cluster: Pick<PolicyCluster, "tag" | "serverTag" | "tagOwners">, clientTags: readonly string[]) => boolean}
 */
export function mayMakeKeys(liveText, { tag, serverTag, tagOwners }, clientTags) {
  if (serverTag === undefined && clientTags.length === 1 && clientTags[0] === tag) return true;
  const root = rootOf(liveText);
  if (root === undefined) return true;
  /** @type {(name: string) => string[]} */
  const ownersOf = (name) => itemsOf(nodeAt(root, [...TAG_OWNERS, name])).map(String);
  // A tag that owns an owner passes too: refusing what works would be worse.
  const owners = new Set([...tagOwners, ...ownersOf(tag)]);
  for (const owner of owners) for (const next of ownersOf(owner)) owners.add(next);
  return clientTags.some((name) => owners.has(name));
}

/**
 * What is no HuJSON is refused, with its line, by whoever plans the policy.
 * @type {(text: string) => Node | undefined}
 */
function rootOf(text) {
  try {
    return readTree(text).root;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
