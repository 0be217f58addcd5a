import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const checkout = resolve(__dirname, "../..");

export interface Page {
  /** In the checkout. */
  readonly path: string;
  /** Without what stands in fences. */
  readonly prose: string;
  readonly fences: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

/** Files that git tracks or would track. */
export function listFiles(...patterns: readonly string[]): readonly string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...patterns], { cwd: checkout });
  return [...new Set(listed.toString().split("\n"))].filter((file) => file !== "").sort();
}

/** Every page in Markdown of the repository. */
export const readPages = (): readonly Page[] => listFiles("*.md").map(readPage);

export function readPage(path: string): Page {
  const parts = readFileSync(join(checkout, path), "utf8").split(/^ *```.*$/m);
  const prose = parts.filter((_, index) => index % 2 === 0).join("\n");
  return { path, prose, fences: parts.filter((_, index) => index % 2 === 1), anchors: new Set(anchorsOf(prose)) };
}

/** As GitHub names headings: https://docs.github.com/get-started/writing-on-github (section links). */
function anchorsOf(prose: string): readonly string[] {
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}
