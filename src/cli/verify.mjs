import { writeFile } from "node:fs/promises";
import { codeOf, ToolError } from "../operator-tools/run/tool-error.mjs";
import { openHosts } from "./host-work.mjs";
import { readAccess } from "./read-stack.mjs";
import { findFaults } from "./verify/find-faults.mjs";
import { renderJunit } from "./verify/junit.mjs";
import { isClosedOutside } from "./verify/knock.mjs";
import { lookFromAll } from "./verify/look.mjs";
import { close, newNamespace, open } from "./verify/probe.mjs";
import { renderJson, renderReport } from "./verify/report.mjs";

/** @import { Command } from "./command.mjs" */

/** @type {Command} */
export const verify = {
  words: "",
  about: "looks from every node at every other one, and names what is wrong, why, and what to do",
  least: 0,
  most: 0,
  options: ["stack", "quick", "json", "junit"],
  async run(_words, { stack, quick = false, json, junit }, context) {
    const { out, readStack, hostWork = openHosts, isClosed = isClosedOutside, takeBack } = context;
    const began = performance.now();
    const access = await readAccess(stack, out, readStack);
    if (access.wanted === undefined)
      throw new ToolError("The stack was last run by a release without this command: run pulumi up once, then this again.");
    const look = {
      access,
      wanted: access.wanted,
      run: hostWork(access, context),
      out,
      isQuick: quick,
      namespace: newNamespace(),
      isClosed,
    };
    const end = quick ? async () => undefined : takeBack(() => close(look));
    const seen = await (async () => lookFromAll(look, await open(look)))().finally(end);
    const faults = findFaults(seen);
    const seconds = (performance.now() - began) / 1000;
    if (junit !== undefined) await save(junit, renderJunit(seen.cases, seconds));
    out.result(json ? renderJson(seen, faults, new Date().toISOString()) : renderReport(seen, faults, seconds));
    if (faults.length > 0) throw new ToolError(`verify found ${faults.length === 1 ? "a fault" : `${faults.length} faults`}`);
  },
};

/** @type {(file: string, text: string) => Promise<void>} */
async function save(file, text) {
  await writeFile(file, text).catch((/** @type {unknown} */ error) => {
    throw new ToolError(`${file} cannot be written (${codeOf(error)}); give --junit a file in a folder that is there`);
  });
}
