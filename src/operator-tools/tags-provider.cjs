const { objectOf, runVerb } = require("./run/run-verb.cjs");

/** @import { Properties, VerbOfResource } from "./run/run-verb.cjs" */

/** @type {VerbOfResource} */
const TAG = { load: async () => (await import("./control/tag-device.mjs")).tagDevice, about: "The tags of a device" };

/**
 * Tags that a node's device gets after its login, as Pulumi's dynamic-provider plugin runs it (see policy-provider.cjs: the same holds for this path).
 *
 * Inputs: `wanted` ({node, tags}), `joined` (the id of its join: with another one it is another device), `access` (secret JSON: how to reach the
 * control server). Outputs: the same, and `given`: {device, tags}.
 */
exports.provider = {
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<object>} */
  async diff(_id, olds, news) {
    /** @type {(key: string) => boolean} */
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    const replaces = ["wanted", "joined"].filter((key) => !isSame(key));
    return { changes: replaces.length > 0 || !isSame("access"), replaces, deleteBeforeReplace: true };
  },
  /** @type {(inputs: Properties) => Promise<object>} */
  async create(inputs) {
    const given = await runVerb(TAG, inputs.access, objectOf(inputs.wanted));
    return { id: inputs.joined, outs: { ...inputs, given } };
  },
  /**
   * Other credentials, and nothing to ask with them.
   * @type {(id: string, olds: Properties, news: Properties) => Promise<object>}
   */
  async update(_id, olds, news) {
    return { outs: { ...news, given: olds.given } };
  },
  /** @type {(id: string, props: Properties) => Promise<object>} */
  async read(id, props) {
    return { id, props };
  },
  // They go with the device; without the policy's lines for them they open nothing.
  async delete() {},
};
