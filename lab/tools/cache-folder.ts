import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "../paths";

/** A place in the user's cache, shared by every checkout; what is in it is named after the content that it was made from. */
export const cacheFolder = (...names: readonly string[]): string => path.join(cacheDir, ...names);

/** A short digest of texts, of files, and of all files below folders, wherever in the file system these are. */
export function contentKey(texts: readonly string[], paths: readonly string[] = []): string {
  const sum = createHash("sha256");
  for (const text of texts) sum.update(`${text.length}:${text}`);
  for (const start of [...paths].sort()) {
    for (const file of filesBelow(start)) {
      const content = readFileSync(file);
      sum.update(`${path.relative(path.dirname(start), file)}:${content.length}:`).update(content);
    }
  }
  return sum.digest("hex").slice(0, 16);
}

function filesBelow(start: string): string[] {
  if (!statSync(start).isDirectory()) return [start];
  const entries = readdirSync(start, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => path.join(entry.parentPath, entry.name)).sort();
}
