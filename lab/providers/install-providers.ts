import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { shellQuote } from "../../src/operator-tools/host/shell-quote.cjs";
import { inState } from "../paths";
import { bundlePlugin } from "./bundle";

/** The executables that the engine looks for, and the folder of each here. */
const PLUGINS = {
  languageNodejs: ["pulumi-language-nodejs", "language-nodejs"],
  resourceCommand: ["pulumi-resource-command", "command"],
  resourceTailscale: ["pulumi-resource-tailscale", "tailscale"],
  resourceTls: ["pulumi-resource-tls", "tls"],
  resourceAws: ["pulumi-resource-aws", "aws"],
  resourceAzureNative: ["pulumi-resource-azure-native", "azure-native"],
} as const;

/** Those whose cloud is the lab's own service. */
const CLOUD_FOLDERS: readonly string[] = ["aws", "azure-native"];

/** What the official CLI brings along: it runs the dynamic-provider plugin that is part of @pulumi/pulumi. */
const DYNAMIC = ["resourcePulumiNodejs", "pulumi-resource-pulumi-nodejs", "@pulumi/pulumi/cmd/dynamic-provider"] as const;

export type InstalledProviders = Readonly<Record<keyof typeof PLUGINS | (typeof DYNAMIC)[0], string>>;

/** Writes the stand-ins for the official Pulumi plugins into `binDir`, in place of older ones, and tells their paths. */
export async function installProviders(binDir: string): Promise<InstalledProviders> {
  const bundles = resolve(binDir, "plugins");
  await mkdir(bundles, { recursive: true });
  const installed: Promise<readonly [string, string]>[] = Object.entries(PLUGINS).map(async ([part, [executable, folder]]) => {
    const bundle = join(bundles, `${executable}.cjs`);
    await replaceFile(bundle, await bundlePlugin(join(__dirname, folder, "main.ts")), 0o644);
    // The whole path: the executable may be reached through a link.
    const settings = CLOUD_FOLDERS.includes(folder) ? CLOUDS_SOCKET : "";
    return [part, await writeLauncher(join(binDir, executable), bundle, settings)] as const;
  });
  const [part, executable, module] = DYNAMIC;
  installed.push(writeLauncher(join(binDir, executable), require.resolve(module)).then((path) => [part, path] as const));
  return Object.fromEntries(await Promise.all(installed)) as InstalledProviders;
}

async function writeLauncher(path: string, script: string, settings = ""): Promise<string> {
  await replaceFile(path, `#!/bin/sh\n${settings}exec node ${shellQuote(script)} "$@"\n`, 0o755);
  return path;
}

/** An engine that is starting the plugin right now sees the old or the new file, never half of one. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, text);
  await chmod(unfinished, mode);
  await rename(unfinished, path);
}

/** A setting of the environment goes first, for tests that serve a cloud of their own. */
const CLOUDS_SOCKET = `[ -n "\${LAB_CLOUDS_SOCKET:-}" ] || export LAB_CLOUDS_SOCKET=${shellQuote(inState("run", "sockets", "clouds.sock"))}\n`;
