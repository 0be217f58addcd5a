/** @import { Reveal } from "../host/run-script.mjs" with { "resolution-mode": "import" } */
/** @import { ToolContext, ToolOutput } from "./output.mjs" with { "resolution-mode": "import" } */

/** @typedef {Record<string, unknown>} Properties Of a resource, as the engine hands them over and keeps them */
/** @typedef {(input: Properties, context: ToolContext & { readonly reveal: Reveal }) => Promise<void>} Verb */
/** @typedef {{ readonly load: () => Promise<Verb>; readonly about: string }} VerbOfResource `load` imports the verb's module; `about` names its resource where it fails */

/**
 * One verb of a tool's library for a dynamic provider: its input as the other tools have it on stdin, its result as they print it.
 * @type {(verb: VerbOfResource, access: unknown, input: Properties) => Promise<Properties>}
 */
exports.runVerb = async function runVerb({ load, about }, access, input) {
  const [{ createOutput }, { parseInput }, { isObject, parseJson }, verb] = await Promise.all([
    import("./output.mjs"),
    import("./input.mjs"),
    import("./json.mjs"),
    load(),
  ]);
  let result = "{}";
  // stdout is the plugin's own: the engine reads its port there.
  const out = createOutput({ stdout: { write: (text) => (result = text) }, stderr: process.stderr });
  // What the caller shall get is no secret to it, and the state keeps it encrypted.
  /** @type {Reveal} */
  const reveal = (value) => void (result = JSON.stringify(value));
  try {
    await verb({ ...parseInput(String(access), out), ...input }, { env: process.env, out, reveal });
  } catch (error) {
    throw plain(error, out, about);
  }
  const value = parseJson(result);
  if (!isObject(value)) throw new Error(`${about}: its result is no object`);
  return value;
};

/**
 * The plugin prints an error's stack, and the engine its message: of an expected one the message alone is told, once.
 * @type {(error: unknown, out: ToolOutput, about: string) => unknown}
 */
function plain(error, out, about) {
  if (!(error instanceof Error) || error.name !== "ToolError") return error;
  const told = new Error(out.redact(error.message));
  told.stack = "see the error below";
  told.toString = () => about;
  return told;
}

/**
 * A property that is an object; nothing in it where it is none.
 * @type {(value: unknown) => Properties}
 */
exports.objectOf = function objectOf(value) {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
};
