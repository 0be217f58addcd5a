// @ts-check
const { randomBytes } = require("node:crypto");
const { objectOf, runVerb } = require("./run/run-verb.cjs");

/** @import { Properties, VerbOfResource } from "./run/run-verb.cjs" */

/** @type {VerbOfResource} */
const AUTHORIZE = { load: async () => (await import("./host/authorize-key.mjs")).authorizeKey, about: "The operator's key" };

/**
 * Who may log in to a machine that outlives the operator's key (host/authorize-key.mjs), as Pulumi's dynamic-provider plugin runs it (see
 * policy-provider.cjs: the same holds for this path).
 *
 * Inputs as in run/link-provider.cjs; `wanted` holds node and publicKey. A machine's first boot places the key that it was made with, so that
 * nothing is done for a new one. Another key is placed by the credentials that the state has of the run before. The old one is let in until
 * the run after: nodes that leave because of the new key are drained by what their own state holds. That run shows an update, and takes it out.
 * Outputs: `wanted`, `previous`, `access`, `outgoing` (keys to be taken out).
 */
exports.provider = {
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: true }>} */
  async diff(_id, olds, news) {
    const replaces = olds.previous === news.previous ? [] : ["previous"];
    const changes = replaces.length > 0 || keyOf(olds) !== keyOf(news) || outgoingOf(olds).length > 0;
    return { changes, replaces, deleteBeforeReplace: true };
  },
  /** @type {(inputs: Properties) => Promise<{ id: string; outs: Properties }>} */
  async create(inputs) {
    return { id: randomBytes(8).toString("hex"), outs: outs(inputs, []) };
  },
  /** @type {(id: string, olds: Properties, news: Properties) => Promise<{ outs: Properties }>} */
  async update(_id, olds, news) {
    const isNew = keyOf(olds) !== keyOf(news);
    const known = [...new Set([...outgoingOf(olds), keyOf(olds)])].filter((key) => key !== keyOf(news));
    const more = isNew ? { before: credentialsOf(olds) } : { remove: known };
    const { isDone } = await runVerb(AUTHORIZE, news.access, { ...objectOf(news.wanted), ...more });
    return { outs: outs(news, isNew || isDone !== true ? known : []) };
  },
  /** @type {(id: string, props: Properties) => Promise<{ id: string; props: Properties }>} */
  async read(id, props) {
    return { id, props };
  },
  async delete() {},
};

/** @type {(inputs: Properties, outgoing: readonly string[]) => Properties} */
const outs = ({ wanted, previous, access }, outgoing) => ({ wanted, previous, access, outgoing });

/** @type {(props: Properties) => string} */
const keyOf = ({ wanted }) => String(objectOf(wanted).publicKey);

/** @type {(props: Properties) => string[]} */
const outgoingOf = ({ outgoing }) => (Array.isArray(outgoing) ? outgoing.map(String) : []);

/** @type {(props: Properties) => unknown} */
const credentialsOf = ({ access }) => objectOf(JSON.parse(String(access))).credentials;
