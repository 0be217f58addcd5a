import { constants, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { linkProgram } from "./link-program";
import type { PluginPlace } from "./plugins";

// Places and names as the engine reads them: sdk/v3 v3.225.0, go/common/workspace/plugins.go, getPluginInfoAndPath.

const pluginsFolder = (home: string): string => path.join(home, "plugins");

/** Puts a plugin where the engine looks for it, and gives its path there. */
export function installPlugin(home: string, { folder, file }: PluginPlace, program: string): string {
  return linkProgram(path.join(pluginsFolder(home), folder), file, program);
}

/** Removes every other plugin of this home: where no version is asked for, the engine takes the newest that it finds. */
export function keepPlugins(home: string, places: readonly PluginPlace[]): void {
  const kept = places.map(({ folder }) => folder);
  for (const name of readdirSync(pluginsFolder(home)))
    if (!kept.includes(name)) rmSync(path.join(pluginsFolder(home), name), { recursive: true, force: true });
}

/** The engine in a folder of its own: it prefers the plugins beside it, which are not those that were asked for. */
export function engineWithout(folder: string, pulumi: string): string {
  const engine = path.join(folder, "pulumi");
  const fresh = `${engine}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  copyFileSync(pulumi, fresh, constants.COPYFILE_FICLONE);
  renameSync(fresh, engine);
  return engine;
}
