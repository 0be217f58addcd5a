const { objectOf, runVerb } = require("./run/run-verb.cjs");

/** @import { Properties, VerbOfResource } from "./run/run-verb.cjs" */

const about = "The auth key";
/** @type {VerbOfResource} */
const CREATE = { load: async () => (await import("./control/headscale-key.mjs")).createKey, about };
/** @type {VerbOfResource} */
const EXPIRE = { load: async () => (await import("./control/headscale-key.mjs")).expireKey, about };

/**
 * A preauth key of headscale for one login, as Pulumi's dynamic-provider plugin runs it (see policy-provider.cjs: the same holds for this path).
 *
 * Inputs: `wanted` ({cluster, tags, isEphemeral, expirySeconds, identity}), `access` (secret JSON: how to reach headscale).
 * Outputs: the same, `key` (secret) and `left`: what deleting it needs. No member may be undefined: the plugin's answer is a protobuf Struct,
 * which knows no such value.
 */
exports.provider = {
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<object>} */
  async diff(_id, olds, news) {
    /** @type {(key: string) => boolean} */
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    return { changes: !isSame("wanted") || !isSame("access"), replaces: isSame("wanted") ? [] : ["wanted"], deleteBeforeReplace: true };
  },
  /** @type {(inputs: Properties) => Promise<object>} */
  async create(inputs) {
    const { id, key, ...left } = await runVerb(CREATE, inputs.access, objectOf(inputs.wanted));
    return { id, outs: { ...inputs, key, left } };
  },
  /**
   * Other credentials for the same key.
   * @type {(id: string, olds: Properties, news: Properties) => Promise<object>}
   */
  async update(_id, olds, news) {
    return { outs: { ...news, key: olds.key, left: olds.left } };
  },
  /**
   * A used or expired key is as it should be: making it again at a refresh would replace the node.
   * @type {(id: string, props: Properties) => Promise<object>}
   */
  async read(id, props) {
    return { id, props };
  },
  /** @type {(id: string, props: Properties) => Promise<void>} */
  async delete(id, props) {
    await runVerb(EXPIRE, props.access, { id, key: props.key, ...objectOf(props.left) });
  },
};
