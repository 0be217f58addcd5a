import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { LabTools } from "../../lab/contract";
import { installProviders } from "../../lab/providers";
import { silentProgress } from "../../lab/progress";
import { getTools } from "../../lab/tools/get-tools";

type Plugin = "languageNodejs" | "resourcePulumiNodejs" | "resourceCommand" | "resourceTailscale";

/** The executable that the engine looks for, and the variable that gives the real program. */
const PLUGINS: Readonly<Record<Plugin, readonly [executable: string, variable: string]>> = {
  languageNodejs: ["pulumi-language-nodejs", "LAB_PULUMI_LANGUAGE_NODEJS"],
  resourcePulumiNodejs: ["pulumi-resource-pulumi-nodejs", "LAB_PULUMI_RESOURCE_PULUMI_NODEJS"],
  resourceCommand: ["pulumi-resource-command", "LAB_PULUMI_RESOURCE_COMMAND"],
  resourceTailscale: ["pulumi-resource-tailscale", "LAB_PULUMI_RESOURCE_TAILSCALE"],
};

type EnginePrograms = Pick<LabTools, "pulumi" | Plugin | "standIns">;

let found: Promise<EnginePrograms> | undefined;

/** The engine and its plugins as the lab finds them, or, with the engine given by PULUMI_BIN, without getting the lab's other tools. */
export function enginePrograms(): Promise<EnginePrograms> {
  found ??= process.env["PULUMI_BIN"] === undefined ? getTools(silentProgress) : withEngine(process.env["PULUMI_BIN"]);
  return found;
}

/** A folder for PATH with just the plugins under test. */
export async function linkPlugins(folder: string): Promise<string> {
  const programs = await enginePrograms();
  await mkdir(folder, { recursive: true });
  for (const [plugin, [executable]] of Object.entries(PLUGINS)) await symlink(programs[plugin as Plugin], join(folder, executable));
  return folder;
}

async function withEngine(pulumi: string): Promise<EnginePrograms> {
  const installed = await installProviders(join(__dirname, "../../.lab/contract-plugins"));
  const plugins = Object.entries(PLUGINS).map(([plugin, [, variable]]) => ({ plugin: plugin as Plugin, given: process.env[variable] }));
  return {
    pulumi,
    ...(Object.fromEntries(plugins.map(({ plugin, given }) => [plugin, given ?? installed[plugin]])) as Record<Plugin, string>),
    standIns: plugins.filter(({ given }) => given === undefined).map(({ plugin }) => plugin),
  };
}
