import { existsSync } from "node:fs";
import path from "node:path";
import type { LabTools } from "../contract";
import { installProviders } from "../providers/install-providers";
import { downloadProgram, Unreachable } from "./download-program";
import { givenPath, onPath } from "./find-program";
import { linkProgram } from "./link-program";
import { cloudPlugins, requiredPlugins, type Plugin, type PluginTool } from "./plugins";

interface Plugins {
  readonly files: Pick<LabTools, PluginTool>;
  readonly standIns: readonly PluginTool[];
}

/** The engine's plugins: given, beside the engine or on PATH, downloaded, or else the lab's stand-ins; each to be found in `bin`. */
export async function findPlugins(bin: string, pulumi: string): Promise<Plugins> {
  const standIns: PluginTool[] = [...cloudPlugins];
  const installed = await installProviders(bin);
  const files = { ...installed };
  for (const plugin of requiredPlugins()) {
    const real = await findPlugin(plugin, bin, pulumi);
    if (real === undefined) standIns.push(plugin.tool);
    else files[plugin.tool] = linkProgram(bin, plugin.file, real);
  }
  return { files, standIns };
}

async function findPlugin(plugin: Plugin, bin: string, pulumi: string): Promise<string | undefined> {
  const beside = path.join(path.dirname(pulumi), plugin.file);
  const found = givenPath(plugin.variable) ?? (path.dirname(pulumi) !== bin && existsSync(beside) ? beside : onPath(plugin.file));
  if (found !== undefined) return found;
  try {
    return await downloadProgram(plugin.file, plugin.download);
  } catch (error) {
    if (error instanceof Unreachable) return undefined;
    throw error;
  }
}
