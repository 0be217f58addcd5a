const { createHash, randomBytes } = require("node:crypto");
const { runVerb } = require("./run-verb.cjs");

/**
 * A link of a node's chain that does its work when it is made or when that work is another, and nothing when it is deleted, as Pulumi's
 * dynamic-provider plugin runs it (see policy-provider.cjs: the same holds for the paths of these files).
 *
 * Inputs: `wanted` (the work), `secrets` (JSON of the secrets that belong to it; absent without any), `previous` (ids of the links before:
 * with others it is made again), `access` (secret JSON: how to get to the host). Outputs: `digest` of the work, `wanted`, `previous`, `result`.
 * How to get there is no part of the work: with another address, key or credential nothing on the host has changed, and nothing runs.
 */
exports.linkProvider = function linkProvider(verb, { releaseOf = async () => undefined, refuse = async () => {} } = {}) {
  const run = ({ access, wanted, secrets }, before) =>
    runVerb(verb, access, { ...wanted, ...(secrets && { secrets: JSON.parse(secrets) }), ...(before && { before }) });
  const outs = (inputs, result) => ({ digest: digestOf(inputs), wanted: inputs.wanted, previous: inputs.previous, result });
  return {
    // What this checkout's files say is a part of the work: a preview shows that it changed.
    async check(_olds, news) {
      const release = await releaseOf(news.wanted);
      return { inputs: release === undefined ? news : { ...news, release } };
    },
    // A preview asks this too: what may not be done is refused there.
    async diff(_id, olds, news) {
      await refuse(olds, news);
      const replaces = olds.previous === news.previous ? [] : ["previous"];
      return { changes: replaces.length > 0 || olds.digest !== digestOf(news), replaces, deleteBeforeReplace: true };
    },
    async create(inputs) {
      return { id: randomBytes(8).toString("hex"), outs: outs(inputs, await run(inputs)) };
    },
    async update(_id, olds, news) {
      return { outs: outs(news, await run(news, olds.wanted)) };
    },
    async read(id, props) {
      return { id, props };
    },
    async delete() {},
  };
};

/** Of the work: the same for the same settings, secrets and script, in whatever order they come. */
function digestOf({ wanted, secrets, release }) {
  return createHash("sha256")
    .update(JSON.stringify([sorted(wanted), secrets, release]))
    .digest("hex");
}

exports.digestOf = digestOf;

/** The engine hands objects over with their keys in any order. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
