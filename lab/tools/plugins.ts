import { readFileSync } from "node:fs";
import path from "node:path";
import { pulumiArchive, pulumiVersion, type Download } from "./programs";

export type OfficialPlugin = "languageNodejs" | "resourcePulumiNodejs" | "resourceCommand" | "resourceTailscale" | "resourceTls";

/** Stand-ins on every machine: the official ones need an account with the cloud. */
export const cloudPlugins = ["resourceAws", "resourceAzureNative"] as const;

export type PluginTool = OfficialPlugin | (typeof cloudPlugins)[number];

/** A plugin's place in LabTools and in the engine's home. */
export interface PluginPlace {
  readonly tool: PluginTool;
  /** Executable that the engine looks for. */
  readonly file: string;
  /** Folder below `plugins` of the engine's home; the engine takes no other version than the one that it asks for. */
  readonly folder: string;
}

/** A plugin of the Pulumi engine that may be the official one. */
export interface Plugin extends PluginPlace {
  readonly tool: OfficialPlugin;
  readonly variable: string;
  readonly download: Download;
}

/** Each in the version of its npm package, which is what the engine asks for. */
export function requiredPlugins(): Plugin[] {
  return [
    {
      tool: "languageNodejs",
      file: "pulumi-language-nodejs",
      folder: `language-nodejs-${pulumiVersion()}`,
      variable: "LAB_PULUMI_LANGUAGE_NODEJS",
      download: { ...pulumiArchive(), member: "pulumi/pulumi-language-nodejs" },
    },
    {
      tool: "resourcePulumiNodejs",
      file: "pulumi-resource-pulumi-nodejs",
      folder: `resource-pulumi-nodejs-${pulumiVersion()}`,
      variable: "LAB_PULUMI_RESOURCE_PULUMI_NODEJS",
      download: { ...pulumiArchive(), member: "pulumi/pulumi-resource-pulumi-nodejs" },
    },
    provider("resourceCommand", "command"),
    provider("resourceTailscale", "tailscale"),
    provider("resourceTls", "tls"),
  ];
}

/** The plugins that only the lab has. */
export const cloudPluginPlaces = (): PluginPlace[] => [
  providerPlace("resourceAws", "aws"),
  providerPlace("resourceAzureNative", "azure-native"),
];

function providerPlace<T extends PluginTool>(tool: T, name: string) {
  return { tool, file: `pulumi-resource-${name}`, folder: `resource-${name}-v${packageVersion(`@pulumi/${name}`)}` };
}

function provider(tool: OfficialPlugin, name: string): Plugin {
  const version = packageVersion(`@pulumi/${name}`);
  const place = providerPlace(tool, name);
  const { file } = place;
  const release = `https://github.com/pulumi/pulumi-${name}/releases/download/v${version}`;
  const system = `linux-${process.arch === "arm64" ? "arm64" : "amd64"}`;
  return {
    ...place,
    variable: `LAB_PULUMI_RESOURCE_${name.toUpperCase()}`,
    download: {
      url: `${release}/${file}-v${version}-${system}.tar.gz`,
      checksumsUrl: `${release}/pulumi-${name}_${version}_checksums.txt`,
      algorithm: "sha256",
      member: file,
    },
  };
}

function packageVersion(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path.resolve(__dirname, "../../package.json"), "utf8"));
  const { dependencies } = manifest as { dependencies: Record<string, string> };
  const version = dependencies[name];
  if (version === undefined) throw new Error(`package.json does not depend on ${name}.`);
  return version;
}
