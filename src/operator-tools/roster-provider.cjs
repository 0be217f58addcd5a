const { runVerb } = require("./run/run-verb.cjs");
const { sorted } = require("./run/sorted.cjs");

/** @import { Properties, VerbOfResource } from "./run/run-verb.cjs" */

/** @type {VerbOfResource} */
const PREPARE = { load: async () => (await import("./host/prepare-removal.mjs")).prepareRemoval, about: "The list of nodes" };

/**
 * The list of nodes that leave the cluster by a removal of their own, as Pulumi's dynamic-provider plugin runs it (see policy-provider.cjs: the
 * same holds for this path). Engines delete what is no longer listed last: the update of this list is what all removals come after.
 *
 * Inputs: `nodes` ({name, pool, removeData, drainPolicy, drain} each), `pools` (removeData and drainPolicy of each pool), `access` (secret JSON: how to reach the
 * first server). Outputs: `nodes`, `pools`, and `left`: nodes that were taken out (host/plan-removal.mjs).
 */
exports.provider = {
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<object>} */
  async diff(_id, olds, news) {
    /** @type {(key: string) => boolean} */
    const isSame = (key) => JSON.stringify(sorted(olds[key])) === JSON.stringify(sorted(news[key]));
    return { changes: !isSame("nodes") || !isSame("pools") };
  },
  /** @type {(inputs: Properties) => Promise<object>} */
  async create({ nodes, pools }) {
    return { id: "roster", outs: { nodes, pools, left: [] } };
  },
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<object>} */
  async update(_id, olds, { nodes, pools, access }) {
    const before = { nodes: olds.nodes, pools: olds.pools, left: olds.left };
    const { left } = await runVerb(PREPARE, access, { nodes, pools, before });
    return { outs: { nodes, pools, left } };
  },
  /** @type {(id: string, props: Properties) => Promise<object>} */
  async read(id, props) {
    return { id, props };
  },
  // `destroy` drains nothing.
  async delete() {},
};
