const { runVerb } = require("./lib/run-verb.cjs");

/**
 * A preauth key of headscale for one login, as Pulumi's dynamic-provider plugin runs it (see policy-provider.cjs: the same holds for this path).
 *
 * Inputs: `wanted` ({cluster, tags, isEphemeral, expirySeconds, identity}), `access` (secret JSON: how to reach headscale).
 * Outputs: the same, `key` (secret) and `left`: what deleting it needs. No member may be undefined: the plugin's answer is a protobuf Struct,
 * which knows no such value.
 */
exports.provider = {
  async diff(_id, olds, news) {
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    return { changes: !isSame("wanted") || !isSame("access"), replaces: isSame("wanted") ? [] : ["wanted"], deleteBeforeReplace: true };
  },
  async create(inputs) {
    const { id, key, ...left } = await run("createKey", inputs, inputs.wanted);
    return { id, outs: { ...inputs, key, left } };
  },
  // Other credentials for the same key.
  async update(_id, olds, news) {
    return { outs: { ...news, key: olds.key, left: olds.left } };
  },
  // A used or expired key is as it should be: making it anew at a refresh would replace the node.
  async read(id, props) {
    return { id, props };
  },
  async delete(id, props) {
    await run("expireKey", props, { id, key: props.key, ...props.left });
  },
};

const run = (verb, { access }, input) => runVerb({ library: "./headscale-key.mjs", verb, about: "The auth key" }, access, input);
