import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Amount, Progress } from "../contract";
import { silentProgress } from "../progress";
import { cacheFolder, contentKey } from "./cache-folder";
import { dropHalfMade, finishFile, halfMade } from "./half-made";
import type { Download } from "./programs";
import { runOrFail } from "./run-program";

/** The vendor cannot be reached from here, as opposed to an answer that is wrong. */
export class Unreachable extends Error {}

// An answer to the first request within this time decides whether there is a way to the vendor at all.
const firstAnswerLimit = 4_000;
const wholeFileLimit = 300_000;
const mebibyte = 1024 ** 2;

type Report = (amount: Amount) => void;

interface DownloadOptions {
  /** Default: the user's cache. */
  readonly cache?: string;
  /** Shows the file as it comes. Default: nothing does. */
  readonly progress?: Progress;
}

const unreachableOrigins = new Map<string, string>();

/** Fetches a vendor's release into the cache and compares its checksum; throws Unreachable at once where a host was already found out of reach. */
export async function downloadProgram(
  name: string,
  download: Download,
  { cache = cacheFolder("tools"), progress = silentProgress }: DownloadOptions = {},
): Promise<string> {
  const out = path.join(cache, `${name}-${contentKey([download.url, download.member ?? ""])}`, name);
  if (existsSync(out)) return out;
  const checksums = (await fetchWhole(download.checksumsUrl, firstAnswerLimit)).toString();
  const content = await progress.step(`download ${name}`, (report) => fetchWhole(download.url, wholeFileLimit, report));
  verify(download, checksums, content);
  mkdirSync(path.dirname(out), { recursive: true });
  dropHalfMade(path.dirname(out));
  if (download.member === undefined) writeFileSync(halfMade(out), content);
  else await extract(content, download.member, out);
  chmodSync(halfMade(out), 0o755);
  finishFile(out);
  return out;
}

async function fetchWhole(url: string, limit: number, report: Report = () => undefined): Promise<Buffer> {
  const { origin } = new URL(url);
  const earlier = unreachableOrigins.get(origin);
  if (earlier !== undefined) throw new Unreachable(earlier);
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(limit) });
    if (response.ok) return await readBody(response, report);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    unreachableOrigins.set(origin, `${origin} cannot be reached (${cause})`);
    throw new Unreachable(`${origin} cannot be reached (${cause})`);
  }
  throw new Unreachable(`${url} answered ${response.status} ${response.statusText}`);
}

async function readBody(response: Response, report: Report): Promise<Buffer> {
  const length = Number(response.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.length;
    const done = Math.floor(bytes / mebibyte);
    report({ what: "MiB fetched", done, ...(length > 0 && { of: Math.ceil(length / mebibyte) }) });
  }
  return Buffer.concat(chunks);
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

/** Takes the program out of the archive, under the name that it has while it is half made. */
async function extract(archive: Buffer, member: string, out: string): Promise<void> {
  const packed = halfMade(`${out}.tar.gz`);
  writeFileSync(packed, archive);
  try {
    await runOrFail(["sh", "-c", 'tar -xzOf "$1" "$2" > "$3"', "sh", packed, member, halfMade(out)]);
  } finally {
    rmSync(packed, { force: true });
  }
}
