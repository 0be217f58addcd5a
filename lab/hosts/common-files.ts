import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inState } from "../paths";
import { runOrFail } from "./run-command";

/** Puts together what all hosts have beside Debian: the trees of files, and the lab's names. */
export async function prepareCommonFiles(trees: readonly string[], files: Readonly<Record<string, string>>): Promise<void> {
  const common = inState("hosts", "common");
  rmSync(common, { recursive: true, force: true });
  mkdirSync(common, { recursive: true });
  for (const tree of trees) {
    if (existsSync(tree) && readdirSync(tree).length > 0)
      await runOrFail(["cp", "--archive", "--no-preserve=ownership", `${tree}/.`, common]);
  }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(common, path, ".."), { recursive: true });
    writeFileSync(join(common, path), content);
  }
}
