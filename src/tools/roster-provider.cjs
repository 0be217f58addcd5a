const { runVerb } = require("./lib/run-verb.cjs");

/**
 * The list of nodes that leave the cluster by a removal of their own, as Pulumi's dynamic-provider plugin runs it (see policy-provider.cjs: the
 * same holds for this path). Engines delete what is no longer listed last: the update of this list is what all removals come after.
 *
 * Inputs: `nodes` ({name, pool, removeData, drainPolicy, member} each), `pools` (removeData and drainPolicy of each pool), `access` (secret JSON: how to reach the
 * first server). Outputs: `nodes`, `pools`, and `left`: nodes that were taken out (lib/plan-removal.mjs).
 */
exports.provider = {
  async diff(_id, olds, news) {
    const isSame = (key) => text(olds[key]) === text(news[key]);
    return { changes: !isSame("nodes") || !isSame("pools") };
  },
  async create({ nodes, pools }) {
    return { id: "roster", outs: { nodes, pools, left: [] } };
  },
  async update(_id, olds, { nodes, pools, access }) {
    const before = { nodes: olds.nodes, pools: olds.pools, left: olds.left };
    const verb = { library: "./prepare-removal.mjs", verb: "prepareRemoval", about: "The list of nodes" };
    const { left } = await runVerb(verb, access, { nodes, pools, before });
    return { outs: { nodes, pools, left } };
  },
  async read(id, props) {
    return { id, props };
  },
  // `destroy` drains nothing.
  async delete() {},
};

/** The engine hands objects over with their keys in any order. */
function text(value) {
  return JSON.stringify(value, (_key, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
