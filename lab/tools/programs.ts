import { readFileSync } from "node:fs";
import path from "node:path";

export type ProgramName = "k3s" | "pulumi" | "tailscaled" | "tailscale" | "headscale";

/** Where a program comes from when neither a LAB_* variable nor PATH gives it. */
export interface Program {
  readonly name: ProgramName;
  /** Environment variable that gives its path. */
  readonly variable: string;
  /** Version that the lab is made for, as the program's own release is named. */
  readonly version: string;
  /** Arguments that make it print its version; a program on PATH is used only where that prints `version`. */
  readonly versionArguments: readonly string[];
  readonly download: Download;
  readonly build: Build;
}

export interface Download {
  readonly url: string;
  /** File of `checksum  name` lines, or of a checksum alone, published beside it. */
  readonly checksumsUrl: string;
  readonly algorithm: "sha256" | "sha512";
  /** Path inside the archive; absent where the file itself is the program. */
  readonly member?: string;
}

export interface Build {
  /** Folder of the Go module, from lab/. */
  readonly folder: string;
  readonly package: string;
  /** Values that the linker sets, e.g. `main.version=1`. */
  readonly values: readonly string[];
  /** It holds C too, and so takes a C compiler. The program needs no library of the machine that it is built on. */
  readonly hasC?: boolean;
}

const lab = path.resolve(__dirname, "..");

/** The version of a module that one of the lab's go.mod files requires: the pins are there and nowhere else. */
export function requiredVersion(folder: string, module: string): string {
  const text = readFileSync(path.join(lab, folder, "go.mod"), "utf8");
  const version = text
    .split("\n")
    .map((line) =>
      line
        .replace(/^require /, "")
        .trim()
        .split(" "),
    )
    .find(([name]) => name === module)?.[1];
  if (version === undefined) throw new Error(`lab/${folder}/go.mod does not require ${module}.`);
  return version;
}

const architecture = process.arch === "arm64" ? "arm64" : "amd64";

/** Tag of a k3s release: the stand-in names itself like the release of the Kubernetes version that it is built from. */
export const k3sVersion = (): string => `${requiredVersion("k3s", "k8s.io/kubernetes")}+k3s1`;

export function k3sInstallerDownload(): Download {
  const folder = `https://raw.githubusercontent.com/k3s-io/k3s/${encodeURIComponent(k3sVersion())}`;
  return { url: `${folder}/install.sh`, checksumsUrl: `${folder}/install.sh.sha256sum`, algorithm: "sha256" };
}

/** The programs that are not JavaScript, with the slowest build first, so that it starts first. */
export function labPrograms(): Program[] {
  return [k3s(), pulumi(), tailscale("tailscaled"), tailscale("tailscale"), headscale()];
}

function k3s(): Program {
  const version = k3sVersion();
  const [major = "", minor = ""] = version.slice(1).split(".");
  const release = `https://github.com/k3s-io/k3s/releases/download/${encodeURIComponent(version)}`;
  const stamp = "k8s.io/component-base/version";
  return {
    name: "k3s",
    variable: "LAB_K3S",
    version,
    versionArguments: ["--version"],
    download: {
      url: `${release}/${architecture === "arm64" ? "k3s-arm64" : "k3s"}`,
      checksumsUrl: `${release}/sha256sum-${architecture}.txt`,
      algorithm: "sha256",
    },
    build: {
      folder: "k3s",
      package: ".",
      values: [`${stamp}.gitVersion=${version}`, `${stamp}.gitMajor=${major}`, `${stamp}.gitMinor=${minor}`],
    },
  };
}

/** The engine's version, e.g. `v3.225.0`. */
export const pulumiVersion = (): string => requiredVersion("tools/go/pulumi", "github.com/pulumi/pulumi/pkg/v3");

/** The vendor's archive of the engine and its language hosts. */
export function pulumiArchive(): Download {
  const version = pulumiVersion();
  const release = `https://github.com/pulumi/pulumi/releases/download/${version}`;
  const system = `linux-${architecture === "arm64" ? "arm64" : "x64"}`;
  return {
    url: `${release}/pulumi-${version}-${system}.tar.gz`,
    checksumsUrl: `${release}/pulumi-${version.slice(1)}-checksums.txt`,
    algorithm: "sha256",
  };
}

function pulumi(): Program {
  const version = pulumiVersion();
  return {
    name: "pulumi",
    variable: "LAB_PULUMI",
    version,
    versionArguments: ["version"],
    download: { ...pulumiArchive(), member: "pulumi/pulumi" },
    build: {
      folder: "tools/go/pulumi",
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      values: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`],
    },
  };
}

function tailscale(name: "tailscale" | "tailscaled"): Program {
  const version = requiredVersion("tools/go/tailscale", "tailscale.com").slice(1);
  const archive = `tailscale_${version}_${architecture}`;
  const url = `https://pkgs.tailscale.com/stable/${archive}.tgz`;
  return {
    name,
    variable: `LAB_${name.toUpperCase()}`,
    version,
    versionArguments: ["--version"],
    download: { url, checksumsUrl: `${url}.sha256`, algorithm: "sha256", member: `${archive}/${name}` },
    build: {
      folder: "tools/go/tailscale",
      package: `tailscale.com/cmd/${name}`,
      values: [`tailscale.com/version.longStamp=${version}`, `tailscale.com/version.shortStamp=${version}`],
    },
  };
}

function headscale(): Program {
  const version = requiredVersion("tools/go/headscale", "github.com/juanfont/headscale");
  const file = `headscale_${version.slice(1)}_linux_${architecture}`;
  const release = `https://github.com/juanfont/headscale/releases/download/${version}`;
  return {
    name: "headscale",
    variable: "LAB_HEADSCALE",
    version,
    versionArguments: ["version"],
    download: { url: `${release}/${file}`, checksumsUrl: `${release}/checksums.txt`, algorithm: "sha256" },
    build: { folder: "tools/go/headscale", package: "github.com/juanfont/headscale/cmd/headscale", values: [] },
  };
}

/** The lab's own program: always built. */
export const probeBuild: Build = { folder: "tools/go/probe", package: ".", values: [] };

/** The part of Kubernetes' own agnhost that `hybrid-k3s verify` asks: always built, as the lab has no image registry. */
export const agnhostBuild: Build = { folder: "tools/go/agnhost", package: ".", values: [] };

/** What the stand-in for k3s has SQL databases by, SQLite among them, for the tests of those alone: built when the first of them asks for it. */
export const kineBuild: Build = { folder: "tools/go/kine", package: ".", values: [], hasC: true };

/** An S3 of one's own, for the tests of backups alone: built when the first of them asks for it. */
export const s3Build: Build = { folder: "tools/go/versitygw", package: "github.com/versity/versitygw/cmd/versitygw", values: [] };
