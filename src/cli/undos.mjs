import { asError } from "../operator-tools/run/tool-error.mjs";

/** @import { ToolOutput } from "../operator-tools/run/output.mjs" */

/** @typedef {() => Promise<void>} Undo */

/**
 * What a command takes back when it ends, however it ends.
 * @type {(out: ToolOutput) => { readonly takeBack: (undo: Undo) => Undo; readonly undoAll: Undo }}
 */
export function openUndos(out) {
  /** @type {Set<Undo>} */
  const open = new Set();
  return {
    takeBack(undo) {
      /** @type {Promise<void> | undefined} */
      let doing;
      // Once, and whoever else asks for it waits for that.
      const once = () => (doing ??= undo().finally(() => open.delete(once)));
      open.add(once);
      return once;
    },
    async undoAll() {
      if (open.size > 0) out.say("taking back what it made; a second Ctrl-C leaves it");
      const ends = [...open].map((undo) => undo().catch((/** @type {unknown} */ fault) => out.say(asError(fault).message)));
      await Promise.all(ends);
    },
  };
}
