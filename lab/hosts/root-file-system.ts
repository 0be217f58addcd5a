import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Amount, Progress } from "../contract";
import { cacheDir, hostScript } from "../paths";
import { dropHalfMade, halfMade } from "../tools/half-made";
import { runOrFail } from "./run-command";

/** What metal hosts are installed with, and the clouds' image, which sets itself up by cloud-init. */
export interface RootFileSystems {
  readonly metal: string;
  readonly cloud: string;
}

/** The root file systems, made once per recipe and kept in the cache; used read-only by every lab of this user. */
export async function ensureRootFileSystems(progress: Progress): Promise<RootFileSystems> {
  mkdirSync(cacheDir, { recursive: true });
  dropHalfMade(cacheDir);
  const [metal, cloud] = await Promise.all([ensureRootFileSystem("metal", progress), ensureRootFileSystem("cloud", progress)]);
  return { metal, cloud };
}

async function ensureRootFileSystem(variant: keyof RootFileSystems, progress: Progress): Promise<string> {
  const recipe = hostScript("build-rootfs.sh");
  const key = createHash("sha256").update(readFileSync(recipe)).digest("hex").slice(0, 12);
  const directory = join(cacheDir, `rootfs-${variant}-${key}`);
  if (existsSync(directory)) return directory;
  await progress.step(`Debian for ${variant === "metal" ? "metal hosts" : "cloud machines"}: make its root file system`, async (report) => {
    const timer = setInterval(() => report(countPackages(halfMade(directory))), 1000);
    try {
      await runOrFail(["setpriv", "--pdeathsig", "KILL", recipe, variant, halfMade(directory)]);
    } finally {
      clearInterval(timer);
    }
  });
  try {
    renameSync(halfMade(directory), directory);
  } catch (error) {
    // Another checkout was first; its result is the same.
    if (!existsSync(directory)) throw error;
    rmSync(halfMade(directory), { recursive: true, force: true });
  }
  return directory;
}

/** How far an installation is: packages are fetched first, all of them, then installed. */
function countPackages(root: string): Amount {
  const archives = join(root, "var/cache/apt/archives");
  const status = join(root, "var/lib/dpkg/status");
  const fetched = existsSync(archives) ? readdirSync(archives).filter((name) => name.endsWith(".deb")).length : 0;
  const installed = existsSync(status) ? (readFileSync(status, "utf8").match(/^Status: install ok installed$/gm)?.length ?? 0) : 0;
  return installed === 0
    ? { what: "packages fetched", done: fetched }
    : { what: "packages installed", done: installed, of: Math.max(fetched, installed) };
}
