const { objectOf, runVerb } = require("./run/run-verb.cjs");

/** @import { Properties, VerbOfResource } from "./run/run-verb.cjs" */

/** @type {VerbOfResource} */
const APPROVE = { load: async () => (await import("./control/approve-route.mjs")).approveRoute, about: "The pod route" };

/**
 * The approval of one node's pod route as Pulumi's dynamic-provider plugin runs it (see policy-provider.cjs: the same holds for this path).
 *
 * Inputs: `wanted` ({node, podCidr}), `k3s` (the id of its k3s: with another one it is looked at again), `access` (secret JSON: how to
 * reach the control server). Outputs: the same, and `served`: {podCidr, by: "policy" | "id"}.
 */
exports.provider = {
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<object>} */
  async diff(_id, olds, news) {
    /** @type {(key: string) => boolean} */
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    const replaces = ["wanted", "k3s"].filter((key) => !isSame(key));
    return { changes: replaces.length > 0 || !isSame("access"), replaces, deleteBeforeReplace: true };
  },
  /** @type {(inputs: Properties) => Promise<object>} */
  async create(inputs) {
    const served = await runVerb(APPROVE, inputs.access, objectOf(inputs.wanted));
    return { id: inputs.k3s, outs: { ...inputs, served } };
  },
  /**
   * Other credentials, and nothing to ask with them.
   * @type {(id: string, olds: Properties, news: Properties) => Promise<object>}
   */
  async update(_id, olds, news) {
    return { outs: { ...news, served: olds.served } };
  },
  /** @type {(id: string, props: Properties) => Promise<object>} */
  async read(id, props) {
    return { id, props };
  },
  // It goes with the device.
  async delete() {},
};
