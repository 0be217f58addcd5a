import { readFile, writeFile } from "node:fs/promises";
import type { LabTools } from "../contract";

const RELEASE = /^(v\d+\.\d+\.\d+\+k3s)(\d)$/;

/** The release to upgrade to: of a real k3s the one that LAB_K3S_NEXT gives, if any; the stand-in is its own under the next version. */
export function nextK3sVersion({
  k3sVersion,
  nextK3s,
  standIns,
}: Pick<LabTools, "k3sVersion" | "nextK3s" | "standIns">): string | undefined {
  if (!standIns.includes("k3s")) return nextK3s?.version;
  const [, line, number] = RELEASE.exec(k3sVersion) ?? [];
  return number === undefined || number === "9" ? undefined : `${line}${Number(number) + 1}`;
}

/**
 * The same program as another release: the linker has written its version into one place (lab/tools/programs.ts), where one of the same
 * length fits. Building it again would be another link of 140 MB for the sake of one digit.
 */
export async function writeAsRelease(program: string, version: string, target: string, nextVersion: string): Promise<void> {
  const content = await readFile(program);
  const [from, to] = [Buffer.from(version), Buffer.from(nextVersion)];
  if (from.length !== to.length) throw new Error(`${nextVersion} does not fit into the place of ${version}`);
  let places = 0;
  for (let at = content.indexOf(from); at >= 0; at = content.indexOf(from, at + to.length), places++) to.copy(content, at);
  if (places === 0) throw new Error(`${program} does not hold its version ${version} as text, so it cannot be given another one`);
  await writeFile(target, content, { mode: 0o755 });
}
