import { constants } from "node:os";
import { createOutput } from "./output.mjs";
import { readInput } from "./input.mjs";
import { asError, ToolError } from "./tool-error.mjs";

/** @import { ToolInput } from "./input.mjs" */
/** @import { ToolContext } from "./output.mjs" */

/**
 * A verb takes the input document from stdin, or the words behind it when it is marked `words: true`.
 * @typedef {{ readonly words?: false; run(input: ToolInput, context: ToolContext): unknown } | { readonly words: true; run(words: readonly string[], context: ToolContext): unknown }} ToolVerb
 */

const USAGE_EXIT = 2;
/** Of the shell: a command that a signal ended. */
const SIGNAL_EXIT = 128;

/** @type {readonly ("SIGINT" | "SIGTERM" | "SIGHUP")[]} */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs the verb named on the command line and ends the process: 0 done, 1 failed, 2 wrong usage, as shells tell it after a signal.
 * @param {string} tool
 * @param {Readonly<Record<string, ToolVerb>>} verbs
 * @param {{ readonly argv?: readonly string[]; readonly env?: NodeJS.ProcessEnv; readonly stdin?: NodeJS.ReadableStream }} [process]
 */
export async function runTool(tool, verbs, { argv = process.argv.slice(2), env = process.env, stdin = process.stdin } = {}) {
  const out = createOutput();
  const [name = "", ...words] = argv;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb) {
    out.say(`usage: node src/operator-tools/${tool}.mjs ${Object.keys(verbs).join("|")}; the input is one JSON document on stdin`);
    process.exit(USAGE_EXIT);
  }
  let node = "";
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      const what = `${node && `${node}: `}${tool} ${name}`;
      const when = out.waitingFor === "" ? "before it was done" : `while it waited for ${out.waitingFor}`;
      out.say(`${what} was stopped by ${signal} ${when}; run the same pulumi command again, every step can be repeated`);
      process.exit(SIGNAL_EXIT + constants.signals[signal]);
    });
  }
  try {
    if (verb.words) await verb.run(words, { env, out });
    else {
      const input = await readInput(stdin, out);
      node = typeof input["node"] === "string" ? input["node"] : "";
      await verb.run(input, { env, out });
    }
    process.exit(0);
  } catch (error) {
    out.say(error instanceof ToolError ? error.message : `This is a bug in ${tool}: ${asError(error).stack}`);
    process.exit(1);
  }
}
