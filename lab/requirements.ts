import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, openSync, readFileSync, closeSync, statfsSync } from "node:fs";
import { stateDir } from "./paths";

const gibibyte = 1024 ** 3;
const memoryNeeded = 6 * gibibyte;
const diskNeeded = 6 * gibibyte;
/** statfs's number for overlayfs, which cannot carry the hosts' own overlays (linux: include/uapi/linux/magic.h). */
const overlayMagic = 0x794c7630;

/** The machine cannot run the lab; the message is one sentence for the user, without a stack. */
export class RequirementError extends Error {
  override readonly name = "RequirementError";
}

function availableMemory(): number {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}

function tunWorks(): boolean {
  try {
    closeSync(openSync("/dev/net/tun", "r+"));
    return true;
  } catch {
    return false;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const inGibibytes = (bytes: number): string => (bytes / gibibyte).toFixed(1);

function findFault(): string | undefined {
  if (process.platform !== "linux") return `The lab runs on Linux only, and this is ${process.platform}.`;
  if (process.getuid?.() !== 0) return "The lab boots machines in namespaces of their own and must be started as root (sudo make ...).";
  if (!tunWorks()) return "The lab needs the TUN device /dev/net/tun, and it cannot be opened here.";
  if (spawnSync("unshare", ["--net", "--mount", "--pid", "--fork", "true"]).status !== 0)
    return "The lab needs network, mount and process namespaces, and this machine does not let it make them.";
  if (availableMemory() < memoryNeeded)
    return `The lab needs ${inGibibytes(memoryNeeded)} GiB of free memory, and this machine has ${inGibibytes(availableMemory())} GiB available.`;
  mkdirSync(stateDir, { recursive: true });
  const disk = statfsSync(stateDir);
  if (disk.bavail * disk.bsize < diskNeeded)
    return `The lab needs ${inGibibytes(diskNeeded)} GiB of free disk in ${stateDir}, and there are ${inGibibytes(disk.bavail * disk.bsize)} GiB.`;
  if (disk.type === overlayMagic)
    return `The lab mounts overlays on ${stateDir}, which is itself on an overlay; put the checkout on a real disk.`;
  return undefined;
}

/** Fails with one sentence where this machine cannot run the lab at all. */
export function checkRequirements(): void {
  const fault = findFault();
  if (fault !== undefined) throw new RequirementError(fault);
}

/** Fails with one sentence where programs that the lab starts are missing. */
export function checkPrograms(names: readonly string[]): void {
  const folders = (process.env["PATH"] ?? "").split(":");
  const missing = names.filter((name) => !folders.some((folder) => isExecutable(`${folder}/${name}`)));
  if (missing.length > 0)
    throw new RequirementError(
      `The lab needs the programs ${missing.join(", ")}; lab/tools/install-packages.sh installs them on Debian and Ubuntu.`,
    );
}
