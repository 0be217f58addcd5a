import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { cacheDir, hostScript } from "../paths";
import { runOrFail } from "./run-command";

/** What metal hosts are installed with, and the clouds' image, which sets itself up by cloud-init. */
export interface RootFileSystems {
  readonly metal: string;
  readonly cloud: string;
}

/** The root file systems, made once per recipe and kept in the cache; used read-only by every lab of this user. */
export async function ensureRootFileSystems(): Promise<RootFileSystems> {
  mkdirSync(cacheDir, { recursive: true });
  dropInterruptedBuilds();
  const [metal, cloud] = await Promise.all([ensureRootFileSystem("metal"), ensureRootFileSystem("cloud")]);
  return { metal, cloud };
}

async function ensureRootFileSystem(variant: keyof RootFileSystems): Promise<string> {
  const recipe = hostScript("build-rootfs.sh");
  const key = createHash("sha256").update(readFileSync(recipe)).digest("hex").slice(0, 12);
  const directory = join(cacheDir, `rootfs-${variant}-${key}`);
  if (existsSync(directory)) return directory;
  const building = `${directory}.building-${process.pid}`;
  await runOrFail(["setpriv", "--pdeathsig", "KILL", recipe, variant, building]);
  try {
    renameSync(building, directory);
  } catch (error) {
    // Another checkout was first; its result is the same.
    if (!existsSync(directory)) throw error;
    rmSync(building, { recursive: true, force: true });
  }
  return directory;
}

/** What a build that was killed left behind: its folder bears the number of the process that built. */
function dropInterruptedBuilds(): void {
  for (const name of readdirSync(cacheDir)) {
    const builder = /^rootfs-.*\.building-(\d+)$/.exec(basename(name))?.[1];
    if (builder !== undefined && !existsSync(`/proc/${builder}`)) rmSync(join(cacheDir, name), { recursive: true, force: true });
  }
}
