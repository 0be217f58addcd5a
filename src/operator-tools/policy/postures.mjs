import { isList, isObject } from "../run/json.mjs";
import { valueOfNode } from "./policy-document.mjs";
import { nodeAt } from "./policy-tree.mjs";

/** @import { Node } from "jsonc-parser" */

/** What every node of a cluster is: Linux, with a stable tailscale (the config takes no other). */
const OF_NODES = { "node:os": "linux", "node:tsReleaseTrack": "stable" };
export const NODE_POSTURE = "posture:k3s-nodes";
export const NODE_CONDITIONS = ["node:os == 'linux'"];

/** Of a connection that a node makes, as the policy's tests name them (https://tailscale.com/kb/1337/policy-syntax#tests). */
export const NODE_ATTRIBUTES = OF_NODES;

/**
 * Postures that each rule without one of its own demands (https://tailscale.com/docs/features/device-posture, "Default source posture"): a rule
 * that names any is free of them. Empty: none.
 * @type {(root: Node) => unknown[]}
 */
export function defaultPostures(root) {
  const standing = valueAt(root, "defaultSrcPosture");
  return isList(standing) ? standing : [];
}

/**
 * Whether nodes certainly meet one of these postures; one is enough.
 * @type {(root: Node, names: readonly unknown[]) => boolean}
 */
export function nodesMeet(root, names) {
  const postures = definedPostures(root);
  return names.some((name) => isOfNodes(postures[String(name)]));
}

/**
 * The posture that a rule from nodes must name to be free of the policy's default; undefined where it need not. `isDefined`: whether it stands there.
 * @type {(root: Node) => { name: string; isDefined: boolean } | undefined}
 */
export function ownPosture(root) {
  const standing = defaultPostures(root);
  if (standing.length === 0 || nodesMeet(root, standing)) return undefined;
  const [name] = Object.entries(definedPostures(root)).find(([, conditions]) => isOfNodes(conditions)) ?? [];
  return { name: name ?? NODE_POSTURE, isDefined: name !== undefined };
}

/** @type {(conditions: unknown) => boolean} */
function isOfNodes(conditions) {
  /** @type {(condition: unknown) => boolean} */
  const isMet = (condition) => Object.entries(OF_NODES).some(([attribute, value]) => condition === `${attribute} == '${value}'`);
  return isList(conditions) && conditions.length > 0 && conditions.every(isMet);
}

/** @type {(root: Node) => Record<string, unknown>} */
function definedPostures(root) {
  const postures = valueAt(root, "postures");
  return isObject(postures) ? postures : {};
}

/** @type {(root: Node, section: string) => unknown} */
function valueAt(root, section) {
  const node = nodeAt(root, [section]);
  return node && valueOfNode(node);
}
