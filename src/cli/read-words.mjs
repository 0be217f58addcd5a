import { parseArgs } from "node:util";

/** @typedef {"stack" | "yes" | "json" | "from" | "tokenFile" | "on" | "quick" | "junit"} OptionName */
/** @typedef {{ readonly stack?: string; readonly yes?: boolean; readonly json?: boolean; readonly from?: string; readonly tokenFile?: string; readonly on?: string; readonly quick?: boolean; readonly junit?: string }} Options */

/** @type {Readonly<Record<OptionName, { readonly flag: string; readonly takes: "text" | "nothing"; readonly oneOf?: readonly string[] }>>} */
const OPTIONS = {
  stack: { flag: "stack", takes: "text" },
  yes: { flag: "yes", takes: "nothing" },
  json: { flag: "json", takes: "nothing" },
  from: { flag: "from", takes: "text", oneOf: ["local", "s3"] },
  tokenFile: { flag: "token-file", takes: "text" },
  on: { flag: "on", takes: "text" },
  quick: { flag: "quick", takes: "nothing" },
  junit: { flag: "junit", takes: "text" },
};
/** As snapshots may be called: k3s makes a file's name and a key in S3 of it. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/**
 * What stands behind a command's name, with every fault of it.
 * @type {(words: readonly string[], command: { readonly words: string; readonly least: number; readonly most: number; readonly options: readonly OptionName[] }) => { readonly faults: readonly string[]; readonly wantsHelp: boolean; readonly positionals: readonly string[]; readonly options: Options }}
 */
export function readWords(words, { words: usage, least, most, options: known }) {
  const options = Object.fromEntries(
    Object.values(OPTIONS).map(({ flag, takes }) => [
      flag,
      { type: takes === "text" ? /** @type {const} */ ("string") : /** @type {const} */ ("boolean") },
    ]),
  );
  const help = { type: /** @type {const} */ ("boolean"), short: "h" };
  const { values, positionals } = parseArgs({ args: [...words], options: { ...options, help }, strict: false, allowPositionals: true });
  /** @type {string[]} */
  const faults = [];
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const [flag, value] of Object.entries(values)) {
    const [name, option] = Object.entries(OPTIONS).find(([, one]) => one.flag === flag) ?? [];
    if (flag === "help") continue;
    if (name === undefined || option === undefined || !known.some((one) => one === name))
      faults.push(`--${flag} is no option of this command`);
    else if (option.takes === "text" && typeof value !== "string") faults.push(`--${flag} needs a value behind it`);
    else if (option.takes === "nothing" && value !== true) faults.push(`--${flag} takes no value`);
    else if (option.oneOf && !option.oneOf.includes(String(value)))
      faults.push(`--${flag} is ${value}, and may be ${option.oneOf.join(" or ")}`);
    else found[name] = value;
  }
  if (positionals.length < least) faults.push(`${usage} is missing`);
  if (positionals.length > most) faults.push(`${positionals.slice(most).join(" ")}: nothing is taken there`);
  for (const word of positionals.slice(0, most))
    if (!NAME.test(word))
      faults.push(`${word} is no name of a backup: at most 100 letters, digits, dots, dashes and underscores, a letter or digit first`);
  return { faults, wantsHelp: values["help"] === true, positionals, options: found };
}
