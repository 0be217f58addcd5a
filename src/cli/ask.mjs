import { createInterface } from "node:readline/promises";
import { ToolError } from "../operator-tools/run/tool-error.mjs";

/**
 * Has a person write a word before what cannot be taken back; `--yes` says it beforehand. Throws where the word is another, or nobody is there.
 * @type {(word: string, options: { readonly yes?: boolean }, context: { readonly stdin: NodeJS.ReadStream }) => Promise<void>}
 */
export async function askFor(word, { yes }, { stdin }) {
  if (yes) return;
  if (!stdin.isTTY) throw new ToolError("Nothing was changed: nobody is there to ask. For scripts: --yes");
  const lines = createInterface({ input: stdin, output: process.stderr });
  const answer = await lines.question(`Write ${word} to go on: `);
  lines.close();
  if (answer.trim() !== word) throw new ToolError("Nothing was changed.");
}
