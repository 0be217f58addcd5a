import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A folder of scripts in the place of src/scripts, lib.sh included: {folder} for renderScript, and `remove`. */
export function scriptFolder(scripts) {
  const path = mkdtempSync(join(tmpdir(), "hybrid-k3s-scripts-"));
  for (const [name, text] of Object.entries({ lib: "set -eu\n", ...scripts })) writeFileSync(join(path, `${name}.sh`), text);
  return { folder: pathToFileURL(`${path}/`), remove: () => rmSync(path, { recursive: true }) };
}
