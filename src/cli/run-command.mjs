import { constants } from "node:os";
import { asError, ToolError } from "../operator-tools/run/tool-error.mjs";
import { backup } from "./backup.mjs";
import { listBackups } from "./list-backups.mjs";
import { readWords } from "./read-words.mjs";
import { recover } from "./recover.mjs";
import { restore } from "./restore.mjs";
import { openUndos } from "./undos.mjs";
import { verify } from "./verify.mjs";

/** @import { Command, CommandInput } from "./command.mjs" */
/** @import { OptionName } from "./read-words.mjs" */

/** @type {Readonly<Record<string, Command>>} */
const COMMANDS = { backup, "list-backups": listBackups, restore, recover, verify };

export const EXIT = { done: 0, failed: 1, usage: 2 };
const SIGNAL_EXIT = 128;

/** @type {Readonly<Record<OptionName, string>>} */
const ABOUT_OPTION = {
  stack: "--stack NAME         the stack, as pulumi takes it; default: the one that is selected",
  yes: "--yes                asks nothing: for scripts",
  json: "--json               prints JSON instead of a table",
  from: "--from local|s3      where the snapshot is taken from; default: a server's disk where one has it, else S3",
  tokenFile: "--token-file FILE    a file with the server token that the snapshot was taken under, where the stack no longer knows it",
  on: "--on NODE            the server that is kept; default: the only one that is left",
  quick: "--quick              without pods of its own: the nodes, the paths between them, and what runs on each",
  junit: "--junit FILE         writes every check to this file too, as JUnit's XML",
};

/**
 * Runs one command of people and resolves with its exit status: 0 done, 1 failed, 2 wrong usage.
 * @type {(argv: readonly string[], input: CommandInput) => Promise<number>}
 */
export async function runCommand([name = "--help", ...words], input) {
  const { out } = input;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const isHelp = ["--help", "-h", "help"].includes(name);
    if (isHelp) out.result(overview());
    else out.say(`hybrid-k3s: there is no command ${name}.\n${overview()}`);
    return isHelp ? EXIT.done : EXIT.usage;
  }
  const { faults, wantsHelp, positionals, options } = readWords(words, command);
  if (wantsHelp) {
    out.result(helpOf(name, command));
    return EXIT.done;
  }
  if (faults.length > 0) {
    out.say(`${faults.map((fault) => `- ${fault}`).join("\n")}\n${helpOf(name, command)}`);
    return EXIT.usage;
  }
  const undos = openUndos(out);
  const stop = async (/** @type {"SIGINT" | "SIGTERM"} */ signal) => {
    out.say(`hybrid-k3s ${name} was stopped by ${signal}; what it had begun on a host goes on there to its end. Run it again for the rest`);
    await undos.undoAll();
    process.exit(SIGNAL_EXIT + constants.signals[signal]);
  };
  /** @type {Promise<void> | undefined} */
  let stopping;
  const onSignal = (/** @type {"SIGINT" | "SIGTERM"} */ signal) => void (stopping ??= stop(signal));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    await command.run(positionals, options, { ...input, takeBack: undos.takeBack });
    return EXIT.done;
  } catch (error) {
    if (stopping === undefined)
      out.say(error instanceof ToolError ? error.message : `This is a bug in hybrid-k3s ${name}: ${asError(error).stack}`);
    return EXIT.failed;
  } finally {
    // Where it was stopped, that is how it ends, whatever its own work comes to meanwhile.
    await stopping;
    process.removeListener("SIGINT", onSignal).removeListener("SIGTERM", onSignal);
  }
}

function overview() {
  const lines = Object.entries(COMMANDS).map(([name, { words, about }]) => `  ${`${name} ${words}`.trim().padEnd(24)} ${about}`);
  return ["Usage: npx hybrid-k3s COMMAND, in the folder of the program", "", ...lines, "", "hybrid-k3s COMMAND --help tells more."].join(
    "\n",
  );
}

/** @type {(name: string, command: Command) => string} */
function helpOf(name, { words, about, options }) {
  const lines = options.map((option) => `  ${ABOUT_OPTION[option]}`);
  return [`Usage: hybrid-k3s ${`${name} ${words}`.trim()} [OPTIONS]`, about, "", ...lines].join("\n");
}
