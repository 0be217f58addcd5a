import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOrFail } from "../tools/run-program";

export interface ImageSpec {
  /** All the names of the image, such as rancher/mirrored-pause:3.6. */
  readonly names: readonly string[];
  /** Path inside the image to a static program on disk. */
  readonly files: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
}

/**
 * Writes the images as one docker-archive (manifest.json, configs, layers), compressed by zstd: the form of k3s-airgap-images-<arch>.tar.zst.
 * The same input gives the same bytes.
 */
export async function writeImageArchive(images: readonly ImageSpec[], architecture: "amd64" | "arm64", output: string): Promise<void> {
  await mkdir(dirname(output), { recursive: true });
  const folder = await mkdtemp(join(dirname(output), "images-"));
  try {
    const entries: ManifestEntry[] = [];
    for (const [index, image] of images.entries()) entries.push(await writeImage(folder, index, image, architecture));
    await writeFile(join(folder, "manifest.json"), JSON.stringify(entries));
    const members = [...new Set(["manifest.json", ...entries.flatMap((entry) => [entry.Config, ...entry.Layers])])];
    await packTar(folder, join(folder, "images.tar"), members);
    await runOrFail(["zstd", "-q", "-3", "-f", join(folder, "images.tar"), "-o", join(folder, "images.tar.zst")]);
    await rename(join(folder, "images.tar.zst"), output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface ManifestEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

async function writeImage(folder: string, index: number, image: ImageSpec, architecture: string): Promise<ManifestEntry> {
  const root = join(folder, `root-${index}`);
  for (const [path, source] of Object.entries(image.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(source, join(root, path));
    await chmod(join(root, path), 0o755);
  }
  const layer = join(folder, "layer.tar");
  await packTar(root, layer, ["."]);
  const layerDigest = sha256(await readFile(layer));
  await rename(layer, join(folder, `${layerDigest}.tar`));
  await rm(root, { recursive: true });
  const config = JSON.stringify({
    architecture,
    os: "linux",
    config: { Entrypoint: image.entrypoint, ...(image.command === undefined ? {} : { Cmd: image.command }) },
    rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
  });
  const configName = `${sha256(Buffer.from(config))}.json`;
  await writeFile(join(folder, configName), config);
  return { Config: configName, RepoTags: image.names, Layers: [`${layerDigest}.tar`] };
}

async function packTar(folder: string, archive: string, members: readonly string[]): Promise<void> {
  await runOrFail([
    "tar",
    "-C",
    folder,
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mtime=@0",
    "-cf",
    archive,
    ...members,
  ]);
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
