import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheFolder, contentKey } from "./cache-folder";
import type { Download } from "./programs";
import { runOrFail } from "./run-program";

/** The vendor cannot be reached from here, as opposed to an answer that is wrong. */
export class Unreachable extends Error {}

// An answer to the first request within this time decides whether there is a way to the vendor at all.
const firstAnswerLimit = 4_000;
const wholeFileLimit = 300_000;
const unreachableOrigins = new Map<string, string>();

/** Fetches a vendor's release into the cache and compares its checksum; throws Unreachable at once where a host was already found out of reach. */
export async function downloadProgram(name: string, download: Download, cache = cacheFolder("tools")): Promise<string> {
  const out = path.join(cache, `${name}-${contentKey([download.url, download.member ?? ""])}`, name);
  if (existsSync(out)) return out;
  const checksums = (await fetchWhole(download.checksumsUrl, firstAnswerLimit)).toString();
  const content = await fetchWhole(download.url, wholeFileLimit);
  verify(download, checksums, content);
  mkdirSync(path.dirname(out), { recursive: true });
  const part = `${out}.${process.pid}.part`;
  if (download.member === undefined) writeFileSync(part, content);
  else await extract(content, download.member, part);
  chmodSync(part, 0o755);
  renameSync(part, out);
  return out;
}

async function fetchWhole(url: string, limit: number): Promise<Buffer> {
  const { origin } = new URL(url);
  const earlier = unreachableOrigins.get(origin);
  if (earlier !== undefined) throw new Unreachable(earlier);
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(limit) });
    if (response.ok) return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    unreachableOrigins.set(origin, `${origin} cannot be reached (${cause})`);
    throw new Unreachable(`${origin} cannot be reached (${cause})`);
  }
  throw new Unreachable(`${url} answered ${response.status} ${response.statusText}`);
}

/** The published checksum of the file: its own line, or the only word of a file that holds nothing else. */
export function verify(download: Download, checksums: string, content: Buffer): void {
  const file = decodeURIComponent(path.posix.basename(new URL(download.url).pathname));
  const lines = checksums
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+\*?/));
  const wanted = lines.length === 1 && lines[0]?.length === 1 ? lines[0][0] : lines.find(([, name]) => name === file)?.[0];
  const seen = createHash(download.algorithm).update(content).digest("hex");
  if (wanted === undefined) throw new Error(`${download.checksumsUrl} has no checksum for ${file}.`);
  if (wanted !== seen) throw new Error(`${download.url} has the checksum ${seen}, but ${download.checksumsUrl} says ${wanted}.`);
}

async function extract(archive: Buffer, member: string, out: string): Promise<void> {
  const packed = `${out}.tar.gz`;
  writeFileSync(packed, archive);
  try {
    await runOrFail(["sh", "-c", 'tar -xzOf "$1" "$2" > "$3"', "sh", packed, member, out]);
  } finally {
    rmSync(packed, { force: true });
  }
}
