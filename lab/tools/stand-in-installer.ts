import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheFolder, contentKey } from "./cache-folder";
import { givenPath } from "./find-program";
import { finishFile, halfMade } from "./half-made";

const folder = path.resolve(__dirname, "../k3s");

/** Of the release that the lab's k3s calls itself, or of the months after it, which lets itself be told where to download from. */
export type InstallerAge = "tag" | "latest";

/** The stand-in for k3s's installer as one file, like the real one: the scripts that it leaves on hosts are written out in it. */
export function makeStandInInstaller(age: InstallerAge = "tag"): string {
  const read = (name: string) => readFileSync(path.join(folder, name), "utf8");
  const text = read("install.sh").replace(/^#include (.+)$/gm, (_line, name: string) =>
    name === "installer-source" ? withoutHead(read(`source-of-${age}.sh`)) : read(name).trimEnd(),
  );
  const out = cacheFolder("tools", `install-k3s-${contentKey([text])}`, "install.sh");
  if (existsSync(out)) return out;
  mkdirSync(path.dirname(out), { recursive: true });
  writeFileSync(halfMade(out), text, { mode: 0o755 });
  finishFile(out);
  return out;
}

/** The later script, for the contract suite: the real one by LAB_INSTALL_K3S_LATEST. */
export const latestInstaller = (): string => givenPath("LAB_INSTALL_K3S_LATEST", "file") ?? makeStandInInstaller("latest");

const withoutHead = (text: string): string => text.replace(/^# shellcheck .*\n/, "").trimEnd();
