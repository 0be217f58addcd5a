/** @import { Env } from "./output.mjs" */

/** Names the nodes whose host or Node the operator gives up, so that one that refuses us forever cannot block a removal. */
export const ABANDON = "HYBRID_K3S_ABANDON_NODES";

/**
 * Whether the operator gave this node up for this run.
 * @type {(node: string, env: Env) => boolean}
 */
export function isAbandoned(node, env) {
  return (env[ABANDON] ?? "").split(/[\s,]+/).includes(node);
}
