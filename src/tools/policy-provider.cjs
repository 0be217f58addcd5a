/**
 * The policy of the tailnet as Pulumi's dynamic-provider plugin runs it (https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/). State
 * holds one line of code that loads this file: its path must stay, and it must read what older releases left.
 *
 * Inputs: `policy` (what is wanted), `access` (secret JSON: how to reach the API), `linesToChange` (as the program saw the live policy).
 * Outputs: the same, and `left`: what the next run must know.
 */
exports.provider = {
  async diff(_id, olds, news) {
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    return { changes: !isSame("policy") || !isSame("access") || news.linesToChange > 0 };
  },
  async create(inputs) {
    return { id: "policy", outs: stateOf(inputs, await run("writePolicy", inputs)) };
  },
  async update(_id, olds, news) {
    return { outs: stateOf(news, await run("writePolicy", news, olds)) };
  },
  async read(id, props) {
    const { lines } = await run("readPolicy", props, props);
    const seen = { ...props, linesToChange: lines };
    const inputs = Object.fromEntries(Object.entries(seen).filter(([key]) => key !== "left"));
    return { id, props: seen, inputs };
  },
  async delete(_id, props) {
    await run("removePolicy", props, props);
  },
};

const stateOf = (inputs, left) => ({ ...inputs, linesToChange: 0, left });

/** One verb of policy-resource.mjs: inputs as the other tools have them on stdin, the result as they print it. */
async function run(verb, { access, policy }, before) {
  const [{ createOutput }, { parseInput }, resource] = await Promise.all([
    import("./lib/output.mjs"),
    import("./lib/input.mjs"),
    import("./lib/policy-resource.mjs"),
  ]);
  let result = "{}";
  // stdout is the plugin's own: the engine reads its port there.
  const out = createOutput({ stdout: { write: (text) => (result = text) }, stderr: process.stderr });
  const left = before && { before: { mode: before.policy.mode, document: before.policy.document, ...before.left } };
  try {
    await resource[verb]({ ...parseInput(access, out), ...policy, ...left }, { env: process.env, out });
  } catch (error) {
    throw plain(error, out);
  }
  return JSON.parse(result);
}

/** The plugin prints an error's stack, and the engine its message: of an expected one the message alone is told, once. */
function plain(error, out) {
  if (error.name !== "ToolError") return error;
  const told = new Error(out.redact(error.message));
  told.stack = "see the error below";
  told.toString = () => "The tailnet's policy";
  return told;
}
