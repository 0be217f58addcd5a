/** @import { ToolContext } from "../operator-tools/run/output.mjs" */
/** @import { HostWork } from "./host-work.mjs" */
/** @import { Options, OptionName } from "./read-words.mjs" */
/** @import { ReadStack } from "./read-stack.mjs" */

/** @typedef {ToolContext & { readonly stdin: NodeJS.ReadStream; readonly readStack?: ReadStack; readonly hostWork?: HostWork }} CommandContext The two last for tests */
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
