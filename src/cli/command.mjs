/** @import { ToolContext } from "../operator-tools/run/output.mjs" */
/** @import { HostWork } from "./host-work.mjs" */
/** @import { Options, OptionName } from "./read-words.mjs" */
/** @import { ReadStack } from "./read-stack.mjs" */

/**
 * What the program gives a command; the optional ones are for tests.
 * @typedef {ToolContext & { readonly stdin: NodeJS.ReadStream; readonly readStack?: ReadStack; readonly hostWork?: HostWork; readonly isClosed?: (address: string, port: number) => Promise<boolean> }} CommandInput
 */
/**
 * takeBack: names what undoes what comes next; it is done when the function that it gives is called, and where the command is stopped before.
 * @typedef {CommandInput & { readonly takeBack: (undo: () => Promise<void>) => () => Promise<void> }} CommandContext
 */
/**
 * @typedef {object} Command
 * @property {string} words What may stand behind its name.
 * @property {string} about
 * @property {number} least How many words it needs.
 * @property {number} most
 * @property {readonly OptionName[]} options
 * @property {(words: readonly string[], options: Options, context: CommandContext) => Promise<void>} run
 */

export {};
