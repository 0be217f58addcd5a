import { constants } from "node:os";
import { createOutput } from "./output.mjs";
import { readInput } from "./input.mjs";
import { ToolError } from "./tool-error.mjs";

const USAGE_EXIT = 2;
/** Of the shell: a command that a signal ended. */
const SIGNAL_EXIT = 128;

/**
 * Runs the verb named on the command line and ends the process: 0 done, 1 failed, 2 wrong usage, as shells tell it after a signal.
 * A verb takes the input document from stdin, or the words behind it when it is marked `words: true`.
 */
export async function runTool(tool, verbs, { argv = process.argv.slice(2), env = process.env, stdin = process.stdin } = {}) {
  const out = createOutput();
  const [name, ...words] = argv;
  const verb = Object.hasOwn(verbs, name ?? "") ? verbs[name] : undefined;
  if (!verb) {
    out.say(`usage: node src/tools/${tool}.mjs ${Object.keys(verbs).join("|")}; the input is one JSON document on stdin`);
    process.exit(USAGE_EXIT);
  }
  let node = "";
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, () => {
      const what = `${node && `${node}: `}${tool} ${name}`;
      const when = out.waitingFor === "" ? "before it was done" : `while it waited for ${out.waitingFor}`;
      out.say(`${what} was stopped by ${signal} ${when}; run the same pulumi command again, every step can be repeated`);
      process.exit(SIGNAL_EXIT + constants.signals[signal]);
    });
  }
  try {
    const input = verb.words ? words : await readInput(stdin, out);
    node = input.node ?? "";
    await verb.run(input, { env, out });
    process.exit(0);
  } catch (error) {
    out.say(error instanceof ToolError ? error.message : `This is a bug in ${tool}: ${error?.stack ?? error}`);
    process.exit(1);
  }
}
