const { runVerb } = require("./lib/run-verb.cjs");

/**
 * The approval of one node's pod route as Pulumi's dynamic-provider plugin runs it (see policy-provider.cjs: the same holds for this path).
 *
 * Inputs: `wanted` ({node, podCidr}), `k3s` (the id of its k3s: with another one it is looked at again), `access` (secret JSON: how to
 * reach the control server). Outputs: the same, and `served`: {podCidr, by: "policy" | "id"}.
 */
exports.provider = {
  async diff(_id, olds, news) {
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    const replaces = ["wanted", "k3s"].filter((key) => !isSame(key));
    return { changes: replaces.length > 0 || !isSame("access"), replaces, deleteBeforeReplace: true };
  },
  async create(inputs) {
    const served = await runVerb(
      { library: "./approve-route.mjs", verb: "approveRoute", about: "The pod route" },
      inputs.access,
      inputs.wanted,
    );
    return { id: inputs.k3s, outs: { ...inputs, served } };
  },
  // Other credentials, and nothing to ask with them.
  async update(_id, olds, news) {
    return { outs: { ...news, served: olds.served } };
  },
  async read(id, props) {
    return { id, props };
  },
  // It goes with the device.
  async delete() {},
};
