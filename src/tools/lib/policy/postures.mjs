import jsonc from "jsonc-parser";
import { nodeAt } from "./policy-tree.mjs";

/** What every node of a cluster is: Linux, with a stable tailscale (the config takes no other). */
const OF_NODES = { "node:os": "linux", "node:tsReleaseTrack": "stable" };
export const NODE_POSTURE = "posture:k3s-nodes";
export const NODE_CONDITIONS = ["node:os == 'linux'"];

/** Of a connection that a node makes, as the policy's tests name them (https://tailscale.com/kb/1337/policy-syntax#tests). */
export const NODE_ATTRIBUTES = OF_NODES;

/**
 * Postures that each rule without one of its own demands (https://tailscale.com/docs/features/device-posture, "Default source posture"): a rule
 * that names any is free of them. Empty: none.
 */
export function defaultPostures(root) {
  return valueAt(root, "defaultSrcPosture", []);
}

/** Whether nodes certainly meet one of these postures; one is enough. */
export function nodesMeet(root, names) {
  const postures = valueAt(root, "postures", {});
  return names.some((name) => isOfNodes(postures[name]));
}

/** The posture that a rule from nodes must name to be free of the policy's default; undefined where it need not. `isDefined`: whether it stands there. */
export function ownPosture(root) {
  const standing = defaultPostures(root);
  if (standing.length === 0 || nodesMeet(root, standing)) return undefined;
  const [name] = Object.entries(valueAt(root, "postures", {})).find(([, conditions]) => isOfNodes(conditions)) ?? [];
  return { name: name ?? NODE_POSTURE, isDefined: name !== undefined };
}

function isOfNodes(conditions) {
  const isMet = (condition) => Object.entries(OF_NODES).some(([attribute, value]) => condition === `${attribute} == '${value}'`);
  return Array.isArray(conditions) && conditions.length > 0 && conditions.every(isMet);
}

function valueAt(root, section, instead) {
  const node = nodeAt(root, [section]);
  const value = node && jsonc.getNodeValue(node);
  return Array.isArray(value) === Array.isArray(instead) && typeof value === "object" && value !== null ? value : instead;
}
