const { runVerb } = require("./lib/run-verb.cjs");

/**
 * The policy of the tailnet as Pulumi's dynamic-provider plugin runs it (https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/). State
 * holds one line of code that loads this file: its path must stay, and it must read what older releases left.
 *
 * Inputs: `policy` (what is wanted), `access` (secret JSON: how to reach the API), `linesToChange` (as the program saw the live policy, or
 * a refresh since then that found it otherwise than it was left). Outputs: the same, and `left`: what the next run must know.
 */
exports.provider = {
  async diff(_id, olds, news) {
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    return { changes: !isSame("policy") || !isSame("access") || news.linesToChange > 0 };
  },
  async create(inputs) {
    return { id: "policy", outs: { ...inputs, left: await run("writePolicy", inputs) } };
  },
  async update(_id, olds, news) {
    return { outs: { ...news, left: await run("writePolicy", news, olds) } };
  },
  async read(id, props) {
    const { lines } = await run("readPolicy", props, props);
    // A refresh that finds everything as it was left changes nothing of the state.
    if (lines === 0) return { id, props };
    const seen = { ...props, linesToChange: lines };
    const inputs = Object.fromEntries(Object.entries(seen).filter(([key]) => key !== "left"));
    return { id, props: seen, inputs };
  },
  async delete(_id, props) {
    await run("removePolicy", props, props);
  },
};

/** What an earlier run left goes to the verb as `before`. */
function run(verb, { access, policy }, before) {
  const left = before && { before: { mode: before.policy.mode, document: before.policy.document, ...before.left } };
  const policyResource = { library: "./policy-resource.mjs", verb, about: "The tailnet's policy" };
  return runVerb(policyResource, access, { ...policy, ...left });
}
