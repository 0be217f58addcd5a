import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A folder of scripts in the place of src/host-scripts, lib.sh included: {folder} for renderScript. It goes with the process. */
export function scriptFolder(scripts) {
  const path = mkdtempSync(join(tmpdir(), "hybrid-k3s-scripts-"));
  for (const [name, text] of Object.entries({ lib: "set -eu\n", ...scripts })) writeFileSync(join(path, `${name}.sh`), text);
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
  return { folder: pathToFileURL(`${path}/`) };
}
