import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheFolder, contentKey } from "./cache-folder";

const folder = path.resolve(__dirname, "../k3s");

/** The stand-in for k3s's installer as one file, like the real one: the scripts that it leaves on hosts are written out in it. */
export function makeStandInInstaller(): string {
  const source = readFileSync(path.join(folder, "install.sh"), "utf8");
  const text = source.replace(/^#include (.+)$/gm, (_line, name: string) => readFileSync(path.join(folder, name), "utf8").trimEnd());
  const out = cacheFolder("tools", `install-k3s-${contentKey([text])}`, "install.sh");
  if (existsSync(out)) return out;
  mkdirSync(path.dirname(out), { recursive: true });
  writeFileSync(`${out}.${process.pid}`, text, { mode: 0o755 });
  renameSync(`${out}.${process.pid}`, out);
  return out;
}
