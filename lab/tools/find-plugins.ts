import { existsSync, mkdirSync, realpathSync } from "node:fs";
import path from "node:path";
import type { LabTools } from "../contract";
import { installProviders } from "../providers/install-providers";
import { downloadProgram, Unreachable } from "./download-program";
import { givenPath, onPath } from "./find-program";
import { engineWithout, installPlugin, keepPlugins } from "./plugin-home";
import { cloudPluginPlaces, cloudPlugins, requiredPlugins, type Plugin, type PluginTool } from "./plugins";

interface Plugins {
  readonly files: Pick<LabTools, PluginTool>;
  readonly standIns: readonly PluginTool[];
  /** The engine to run with them: the one given, or a copy of it. */
  readonly pulumi: string;
}

/** Folders of this lab that the plugins go to. */
export interface PluginFolders {
  /** The stand-ins' programs; not on PATH, where the engine would warn of them. */
  readonly standIns: string;
  /** The engine's home (PULUMI_HOME). */
  readonly home: string;
  /** For a copy of the engine, where it needs one. */
  readonly engine: string;
}

/** The engine's plugins: given, beside the engine or on PATH, downloaded, or else the lab's stand-ins; each where the engine looks for it. */
export async function findPlugins(folders: PluginFolders, pulumi: string): Promise<Plugins> {
  return placePlugins(folders, pulumi, await installProviders(folders.standIns));
}

/** As findPlugins, with stand-ins that are there. */
export async function placePlugins(
  { home, engine }: Omit<PluginFolders, "standIns">,
  pulumi: string,
  made: Readonly<Record<PluginTool, string>>,
): Promise<Plugins> {
  // It will hold credentials too.
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const standIns: PluginTool[] = [...cloudPlugins];
  const files = { ...made };
  const official = requiredPlugins();
  let isOwn = true;
  for (const plugin of official) {
    const beside = besideEngine(plugin, pulumi);
    const real = await findPlugin(plugin, beside);
    if (real === undefined) standIns.push(plugin.tool);
    else files[plugin.tool] = real;
    isOwn &&= beside === undefined || beside === real;
  }
  const places = [...official, ...cloudPluginPlaces()];
  for (const place of places) files[place.tool] = installPlugin(home, place, files[place.tool]);
  keepPlugins(home, places);
  return { files, standIns, pulumi: isOwn ? pulumi : engineWithout(engine, pulumi) };
}

/** What an official release has in the engine's folder, which the engine takes before what is in its home. */
function besideEngine(plugin: Plugin, pulumi: string): string | undefined {
  const beside = path.join(path.dirname(realpathSync(pulumi)), plugin.file);
  return existsSync(beside) ? beside : undefined;
}

async function findPlugin(plugin: Plugin, beside: string | undefined): Promise<string | undefined> {
  const found = givenPath(plugin.variable) ?? beside ?? onPath(plugin.file);
  if (found !== undefined) return found;
  try {
    return await downloadProgram(plugin.file, plugin.download);
  } catch (error) {
    if (error instanceof Unreachable) return undefined;
    throw error;
  }
}
