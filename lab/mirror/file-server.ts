import { createReadStream } from "node:fs";
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";

export interface Served {
  readonly status: number;
  readonly bytes: number;
}

/** Answers GET and HEAD, whole or one range, with a file below `tree`; 404 for anything else. */
export async function serveFile(tree: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<Served> {
  if (incoming.method !== "GET" && incoming.method !== "HEAD") return refuse(outgoing, 405);
  const path = pathOf(incoming.url ?? "/");
  if (path === undefined) return refuse(outgoing, 400);
  if (path === "/") return refuse(outgoing, 200);
  const file = join(tree, path);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) return refuse(outgoing, 404);
  const range = readRange(incoming.headers.range, found);
  if (range === "unsatisfiable") {
    outgoing.setHeader("content-range", `bytes */${found.size}`);
    return refuse(outgoing, 416);
  }
  const { start, end } = range ?? { start: 0, end: found.size - 1 };
  const status = range === undefined ? 200 : 206;
  outgoing.writeHead(status, {
    "content-type": "application/octet-stream",
    "content-length": end - start + 1,
    "accept-ranges": "bytes",
    "last-modified": found.mtime.toUTCString(),
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${found.size}` }),
  });
  if (incoming.method === "HEAD" || found.size === 0) {
    outgoing.end();
    return { status, bytes: 0 };
  }
  await pipeline(createReadStream(file, { start, end, highWaterMark: 1 << 18 }), outgoing);
  return { status, bytes: end - start + 1 };
}

/** The decoded path, so that %2B and + both name a k3s version; undefined where it leaves the tree or cannot be decoded. */
function pathOf(url: string): string | undefined {
  try {
    const path = normalize(decodeURIComponent(new URL(url, "https://mirror.invalid").pathname));
    return path.startsWith("/") && !path.includes("\0") ? path : undefined;
  } catch {
    return undefined;
  }
}

function readRange(
  header: string | undefined,
  file: Stats,
): { readonly start: number; readonly end: number } | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, file.size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? file.size - 1 : Math.min(Number(last), file.size - 1);
  return start > end ? "unsatisfiable" : { start, end };
}

function refuse(outgoing: ServerResponse, status: number): Served {
  const content = status === 200 ? "hybrid-k3s lab mirror\n" : `${status}\n`;
  outgoing.writeHead(status, { "content-type": "text/plain", "content-length": Buffer.byteLength(content) });
  outgoing.end(content);
  return { status, bytes: Buffer.byteLength(content) };
}
