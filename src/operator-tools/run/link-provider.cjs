const { createHash, randomBytes } = require("node:crypto");
const { objectOf, runVerb } = require("./run-verb.cjs");
const { sorted } = require("./sorted.cjs");

/** @import { Properties, VerbOfResource } from "./run-verb.cjs" */

/**
 * @typedef {object} LinkOptions
 * @property {(wanted: unknown) => Promise<string | undefined>} [releaseOf] What else is a part of the work.
 * @property {(olds: Properties, news: Properties) => Promise<void>} [refuse] Throws where the work may not be done.
 * @property {(olds: Properties) => Promise<string | undefined>} [due] Why the same work is to be done again, by what it came to and by the clock.
 */
/** @typedef {{ readonly wanted?: unknown; readonly secrets?: unknown; readonly release?: unknown }} Work */

/**
 * A link of a node's chain that does its work when it is made or when that work is another, and nothing when it is deleted, as Pulumi's
 * dynamic-provider plugin runs it (see policy-provider.cjs: the same holds for the paths of these files).
 *
 * Inputs: `wanted` (the work), `secrets` (JSON of the secrets that belong to it; absent without any), `previous` (ids of the links before:
 * with others it is made again), `access` (secret JSON: how to get to the host). Outputs: `digest` of the work, `wanted`, `previous`, `result`.
 * How to get there is no part of the work: with another address, key or credential nothing on the host has changed, and nothing runs.
 * @param {VerbOfResource} verb
 * @param {LinkOptions} [options]
 */
exports.linkProvider = function linkProvider(
  verb,
  { releaseOf = () => Promise.resolve(undefined), refuse = () => Promise.resolve(), due = () => Promise.resolve(undefined) } = {},
) {
  /** @type {(inputs: Properties, before?: unknown) => Promise<Properties>} */
  const run = ({ access, wanted, secrets }, before) => {
    const more = { ...(secrets ? { secrets: parsed(secrets) } : {}), ...(before ? { before } : {}) };
    return runVerb(verb, access, { ...objectOf(wanted), ...more });
  };
  /** @type {(inputs: Properties, result: unknown) => Properties} */
  const outs = (inputs, result) => ({ digest: digestOf(inputs), wanted: inputs.wanted, previous: inputs.previous, result });
  return {
    // What this checkout's files say is a part of the work: a preview shows that it changed.
    /** @type {(olds: Properties, news: Properties) => Promise<{ inputs: Properties }>} */
    async check(_olds, news) {
      const release = await releaseOf(news.wanted);
      return { inputs: release === undefined ? news : { ...news, release } };
    },
    /**
     * A preview asks this too: what may not be done is refused there.
     * @type {(id: string, olds: Properties, news: Properties) => Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: true }>}
     */
    async diff(_id, olds, news) {
      await refuse(olds, news);
      const replaces = olds.previous === news.previous ? [] : ["previous"];
      const changes = replaces.length > 0 || olds.digest !== digestOf(news) || (await due(olds)) !== undefined;
      return { changes, replaces, deleteBeforeReplace: true };
    },
    /** @type {(inputs: Properties) => Promise<{ id: string; outs: Properties }>} */
    async create(inputs) {
      return { id: randomBytes(8).toString("hex"), outs: outs(inputs, await run(inputs)) };
    },
    /** @type {(id: string, olds: Properties, news: Properties) => Promise<{ outs: Properties }>} */
    async update(_id, olds, news) {
      // Whether anything but what was wanted is another: the secrets, or what this checkout's files say.
      const isOther = olds.digest !== digestOf({ wanted: olds.wanted, secrets: news.secrets, release: news.release });
      const reason = await due(olds);
      const before = { ...objectOf(olds.wanted), isOther, ...(reason !== undefined && { due: reason }) };
      return { outs: outs(news, await run(news, before)) };
    },
    /** @type {(id: string, props: Properties) => Promise<{ id: string; props: Properties }>} */
    async read(id, props) {
      return { id, props };
    },
    async delete() {},
  };
};

/**
 * Of the work: the same for the same settings, secrets and script, in whatever order they come.
 * @type {(work: Work) => string}
 */
function digestOf({ wanted, secrets, release }) {
  return createHash("sha256")
    .update(JSON.stringify([sorted(wanted), secrets, release]))
    .digest("hex");
}

/** @type {(json: unknown) => unknown} */
const parsed = (json) => JSON.parse(String(json));

exports.digestOf = digestOf;
