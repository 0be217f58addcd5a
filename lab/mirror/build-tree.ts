import { createHash } from "node:crypto";
import { constants, createReadStream, existsSync } from "node:fs";
import { chmod, copyFile, link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { LabTools } from "../contract";
import { cacheFolder, contentKey } from "../tools/cache-folder";
import { dropHalfMade, halfMade } from "../tools/half-made";
import { runOrFail } from "../tools/run-program";
import { writeImageArchive } from "./image";
import { nextK3sVersion, writeAsRelease } from "./next-release";
import { tailscaledDefaults, tailscaledUnit } from "./tailscaled-unit";

export type MirroredTools = Pick<
  LabTools,
  "tailscale" | "tailscaled" | "tailscaleVersion" | "k3s" | "k3sVersion" | "nextK3s" | "installK3s" | "probe" | "agnhost" | "standIns"
>;

/** Image of the lab's probe pods; it waits unless told otherwise. */
export const probeImage = "hybrid-k3s.test/probe:1";
/** Image of what `hybrid-k3s verify` puts on nodes; the stack's cluster.probeImage names it. */
export const agnhostImage = "hybrid-k3s.test/agnhost:1";
/** The pause image that k3s asks for by default (k3s pkg/cli/cmds/agent.go, --pause-image). */
export const pauseImage = "rancher/mirrored-pause:3.6";

/**
 * Makes the folder that the mirror serves, in the vendors' own layout, and returns its path; what is there already is used again.
 * `imageArchive` replaces the lab's own images by those of a real k3s release.
 */
export async function buildMirrorTree(tools: MirroredTools, imageArchive?: string): Promise<string> {
  const files = [
    tools.tailscale,
    tools.tailscaled,
    tools.k3s,
    tools.installK3s,
    tools.probe,
    tools.agnhost,
    ...(tools.nextK3s === undefined ? [] : [tools.nextK3s.file]),
    ...(imageArchive === undefined ? [] : [imageArchive]),
  ];
  const digests = await Promise.all(files.map((file) => digestOf(file)));
  const key = contentKey(
    [
      tools.tailscaleVersion,
      tools.k3sVersion,
      nextK3sVersion(tools) ?? "",
      probeImage,
      agnhostImage,
      pauseImage,
      tailscaledUnit,
      tailscaledDefaults,
      ...digests,
    ],
    [__dirname],
  );
  const tree = cacheFolder("mirror", key);
  if (existsSync(tree)) return tree;
  const making = halfMade(tree);
  dropHalfMade(dirname(tree));
  await mkdir(making, { recursive: true });
  try {
    await addTailscale(join(making, "tailscale"), tools);
    await addK3s(join(making, "k3s"), tools, imageArchive);
    await rename(making, tree);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    // Another checkout may have made the same tree meanwhile.
    if (!existsSync(tree)) throw error;
  }
  return tree;
}

/** As https://pkgs.tailscale.com/stable/ has it: an archive with one folder of its own name, and a file with its bare sum. */
async function addTailscale(folder: string, tools: MirroredTools): Promise<void> {
  const name = `tailscale_${tools.tailscaleVersion}_${architecture()}`;
  await mkdir(join(folder, name, "systemd"), { recursive: true });
  await install(tools.tailscale, join(folder, name, "tailscale"));
  await install(tools.tailscaled, join(folder, name, "tailscaled"));
  await writeFile(join(folder, name, "systemd", "tailscaled.service"), tailscaledUnit);
  await writeFile(join(folder, name, "systemd", "tailscaled.defaults"), tailscaledDefaults);
  const archive = join(folder, `${name}.tgz`);
  await runOrFail(["tar", "-C", folder, "--owner=0", "--group=0", "--numeric-owner", "-I", "gzip -n -1", "-cf", archive, name]);
  await rm(join(folder, name), { recursive: true });
  await writeFile(`${archive}.sha256`, await digestOf(archive));
}

/** As https://github.com/k3s-io/k3s/releases has it, one folder a version, each with the installer of its tag, and with the next release where there is one. */
async function addK3s(folder: string, tools: MirroredTools, imageArchive: string | undefined): Promise<void> {
  const { k3s, k3sVersion, nextK3s } = tools;
  await mkdir(folder);
  const images = join(folder, "images.tar.zst");
  if (imageArchive === undefined) await writeLabImages(tools, images);
  else await copyFile(imageArchive, images, constants.COPYFILE_FICLONE);
  const add = (version: string, write: (program: string) => Promise<void>) =>
    addRelease(join(folder, version), { images, installer: tools.installK3s, write });
  await add(k3sVersion, (program) => install(k3s, program));
  const next = nextK3sVersion(tools);
  if (next !== undefined)
    await add(next, (program) => (nextK3s === undefined ? writeAsRelease(k3s, k3sVersion, program, next) : install(nextK3s.file, program)));
  await rm(images);
}

interface Release {
  readonly images: string;
  readonly installer: string;
  readonly write: (program: string) => Promise<void>;
}

async function addRelease(release: string, { images: imageArchive, installer, write }: Release): Promise<void> {
  await mkdir(release);
  await install(installer, join(release, "install.sh"));
  // Beside the script in k3s's own tree.
  await writeFile(join(release, "install.sh.sha256sum"), `${await digestOf(installer)}  install.sh\n`);
  const program = join(release, architecture() === "amd64" ? "k3s" : `k3s-${architecture()}`);
  await write(program);
  const images = join(release, `k3s-airgap-images-${architecture()}.tar.zst`);
  await link(imageArchive, images);
  const lines = await Promise.all([images, program].map(async (file) => `${await digestOf(file)}  ${basename(file)}\n`));
  await writeFile(join(release, `sha256sum-${architecture()}.txt`), lines.join(""));
}

/** One image under two names: it waits, which is all that a pause container does, and probes when told to. Another is what `verify` asks for. */
function writeLabImages({ probe, agnhost }: MirroredTools, output: string): Promise<void> {
  const images = [
    { names: [pauseImage, probeImage], files: { "/probe": probe }, entrypoint: ["/probe"], command: ["pause"] },
    { names: [agnhostImage], files: { "/agnhost": agnhost }, entrypoint: ["/agnhost"], command: ["netexec"] },
  ];
  return writeImageArchive(images, architecture(), output);
}

async function install(source: string, target: string): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await chmod(target, 0o755);
}

async function digestOf(file: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) sum.update(chunk);
  return sum.digest("hex");
}

function architecture(): "amd64" | "arm64" {
  if (process.arch === "x64") return "amd64";
  if (process.arch === "arm64") return "arm64";
  throw new Error(`the lab runs on amd64 and arm64, not on ${process.arch}`);
}
