/**
 * One verb of a tool's library for a dynamic provider: its input as the other tools have it on stdin, its result as they print it. The
 * library is an ES module of src/tools/lib, `about` names its resource where it fails.
 */
exports.runVerb = async function runVerb({ library, verb, about }, access, input) {
  const [{ createOutput }, { parseInput }, resource] = await Promise.all([import("./output.mjs"), import("./input.mjs"), import(library)]);
  let result = "{}";
  // stdout is the plugin's own: the engine reads its port there.
  const out = createOutput({ stdout: { write: (text) => (result = text) }, stderr: process.stderr });
  // What the caller shall get is no secret to it, and the state keeps it encrypted.
  const reveal = (value) => (result = JSON.stringify(value));
  try {
    await resource[verb]({ ...parseInput(access, out), ...input }, { env: process.env, out, reveal });
  } catch (error) {
    throw plain(error, out, about);
  }
  return JSON.parse(result);
};

/** The plugin prints an error's stack, and the engine its message: of an expected one the message alone is told, once. */
function plain(error, out, about) {
  if (error.name !== "ToolError") return error;
  const told = new Error(out.redact(error.message));
  told.stack = "see the error below";
  told.toString = () => about;
  return told;
}
