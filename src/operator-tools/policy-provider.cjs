const { objectOf, runVerb } = require("./run/run-verb.cjs");

/** @import { Properties, Verb } from "./run/run-verb.cjs" */

/** @typedef {"writePolicy" | "readPolicy" | "removePolicy"} PolicyVerb */

/**
 * The policy of the tailnet as Pulumi's dynamic-provider plugin runs it (https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/). State
 * holds one line of code that loads this file: its path must stay, and it must read what older releases left.
 *
 * Inputs: `policy` (what is wanted), `access` (secret JSON: how to reach the API), `linesToChange` (as the program saw the live policy, or
 * a refresh since then that found it otherwise than it was left). Outputs: the same, and `left`: what the next run must know.
 */
exports.provider = {
  /**
   * The engine asks at each registration, and at nothing else (pulumi/pulumi: pkg/resource/deploy/step_generator.go): the program wants the policy.
   * @type {(olds: Properties, news: Properties) => Promise<object>}
   */
  async check(_olds, news) {
    isWanted = true;
    return { inputs: news };
  },
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<object>} */
  async diff(_id, olds, news) {
    /** @type {(key: string) => boolean} */
    const isSame = (key) => JSON.stringify(olds[key]) === JSON.stringify(news[key]);
    return { changes: !isSame("policy") || !isSame("access") || Number(news.linesToChange) > 0 };
  },
  /** @type {(inputs: Properties) => Promise<object>} */
  async create(inputs) {
    const before = replaced;
    replaced = undefined;
    return { id: "policy", outs: { ...inputs, left: await run("writePolicy", inputs, before) } };
  },
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<object>} */
  async update(_id, olds, news) {
    return { outs: { ...news, left: await run("writePolicy", news, olds) } };
  },
  /** @type {(id: string, props: Properties) => Promise<object>} */
  async read(id, props) {
    const { lines } = await run("readPolicy", props, props);
    // A refresh that finds everything as it was left changes nothing of the state.
    if (lines === 0) return { id, props };
    const seen = { ...props, linesToChange: lines };
    const inputs = Object.fromEntries(Object.entries(seen).filter(([key]) => key !== "left"));
    return { id, props: seen, inputs };
  },
  /** @type {(id: string, props: Properties) => Promise<void>} */
  async delete(_id, props) {
    if (!isWanted) return void (await run("removePolicy", props, props));
    // A replacement (`up --replace`), whose lines nodes go on to need: create follows, and writes what is lacking. What this one knows goes to
    // it and would be lost with a create that fails, so a tailnet that does not answer is met here.
    await run("readPolicy", props, props);
    replaced = props;
  },
};

// One process serves one run of one stack, which has one policy. A delete in a run that wants the policy is a replacement's, now or one
// that an earlier run left undone; where the stack goes, nothing is registered.
let isWanted = false;
/** @type {Properties | undefined} */
let replaced;

/**
 * What an earlier run left goes to the verb as `before`.
 * @type {(verb: PolicyVerb, props: Properties, before: Properties | undefined) => Promise<Properties>}
 */
function run(verb, { access, policy }, before) {
  const { mode, document } = objectOf(before?.policy);
  const left = before && { before: { mode, document, ...objectOf(before.left) } };
  return runVerb({ load: () => loadVerb(verb), about: "The tailnet's policy" }, access, { ...objectOf(policy), ...left });
}

/** @type {(verb: PolicyVerb) => Promise<Verb>} */
async function loadVerb(verb) {
  return (await import("./policy/policy-resource.mjs"))[verb];
}
