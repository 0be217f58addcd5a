import { readFileSync } from "node:fs";
import path from "node:path";
import { pulumiArchive, type Download } from "./programs";

export type OfficialPlugin = "languageNodejs" | "resourcePulumiNodejs" | "resourceCommand" | "resourceTailscale" | "resourceTls";

/** Stand-ins on every machine: the official ones need an account with the cloud. */
export const cloudPlugins = ["resourceAws", "resourceAzureNative"] as const;

export type PluginTool = OfficialPlugin | (typeof cloudPlugins)[number];

/** A plugin of the Pulumi engine that may be the official one, and its place in LabTools. */
export interface Plugin {
  readonly tool: OfficialPlugin;
  readonly file: string;
  readonly variable: string;
  readonly download: Download;
}

/** Each in the version of its npm package, which is what the engine asks for. */
export function requiredPlugins(): Plugin[] {
  return [
    {
      tool: "languageNodejs",
      file: "pulumi-language-nodejs",
      variable: "LAB_PULUMI_LANGUAGE_NODEJS",
      download: { ...pulumiArchive(), member: "pulumi/pulumi-language-nodejs" },
    },
    {
      tool: "resourcePulumiNodejs",
      file: "pulumi-resource-pulumi-nodejs",
      variable: "LAB_PULUMI_RESOURCE_PULUMI_NODEJS",
      download: { ...pulumiArchive(), member: "pulumi/pulumi-resource-pulumi-nodejs" },
    },
    provider("resourceCommand", "command"),
    provider("resourceTailscale", "tailscale"),
    provider("resourceTls", "tls"),
  ];
}

function provider(tool: OfficialPlugin, name: string): Plugin {
  const version = packageVersion(`@pulumi/${name}`);
  const file = `pulumi-resource-${name}`;
  const release = `https://github.com/pulumi/pulumi-${name}/releases/download/v${version}`;
  const system = `linux-${process.arch === "arm64" ? "arm64" : "amd64"}`;
  return {
    tool,
    file,
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
