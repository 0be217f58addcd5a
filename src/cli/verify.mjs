import { writeFile } from "node:fs/promises";
import { asError, codeOf, ToolError } from "../operator-tools/run/tool-error.mjs";
import { openHosts } from "./host-work.mjs";
import { readAccess } from "./read-stack.mjs";
import { findFaults } from "./verify/find-faults.mjs";
import { renderJunit } from "./verify/junit.mjs";
import { isClosedOutside } from "./verify/knock.mjs";
import { lookFromAll } from "./verify/look.mjs";
import { holdProbe, newNamespace } from "./verify/probe.mjs";
import { renderJson, renderReport } from "./verify/report.mjs";

/** @import { Command } from "./command.mjs" */
/** @import { Seen } from "./verify/look.mjs" */

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
    const probe = holdProbe(look);
    const end = quick ? async () => undefined : takeBack(probe.close);
    const { seen, left } = await lookAndEnd(async () => lookFromAll(look, await probe.open()), end);
    const faults = findFaults(seen);
    const seconds = (performance.now() - began) / 1000;
    if (junit !== undefined) await save(junit, renderJunit(seen.cases, seconds));
    out.result(json ? renderJson(seen, faults, new Date().toISOString()) : renderReport(seen, faults, seconds));
    const found = faults.length > 0 ? [`verify found ${faults.length === 1 ? "a fault" : `${faults.length} faults`}`] : [];
    if (found.length > 0 || left !== undefined) throw new ToolError([...found, ...(left === undefined ? [] : [left])].join("\n"));
  },
};

/**
 * What was seen is told also where the probe could not be taken away: what is wrong with the cluster may be why.
 * @type {(look: () => Promise<Seen>, end: () => Promise<void>) => Promise<{ readonly seen: Seen; readonly left: string | undefined }>}
 */
async function lookAndEnd(look, end) {
  const ended = () =>
    end().then(
      () => undefined,
      (/** @type {unknown} */ fault) => asError(fault).message,
    );
  const seen = await look().catch(async (/** @type {unknown} */ fault) => {
    const left = await ended();
    if (!(fault instanceof ToolError) || left === undefined || left === fault.message) throw fault;
    throw new ToolError(`${fault.message}\n${left}`);
  });
  return { seen, left: await ended() };
}

/** @type {(file: string, text: string) => Promise<void>} */
async function save(file, text) {
  await writeFile(file, text).catch((/** @type {unknown} */ error) => {
    throw new ToolError(`${file} cannot be written (${codeOf(error)}); give --junit a file in a folder that is there`);
  });
}
