import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { listSettings } from "../../docs/generate/settings";
import { stackKeys } from "../../docs/generate/stack-keys";
import { type Page, checkout, listFiles, readPage, readPages } from "./pages";

const pages = readPages();
const makefile = readFileSync(join(checkout, "Makefile"), "utf8");
const isTarget = (name: string): boolean => new RegExp(`^${name}:`, "m").test(makefile);

const settingPatterns = listSettings().map(({ path }) => {
  const escaped = path
    .replace(/[.[\]]/g, "\\$&")
    .replace(/NAME|REGION/g, "[^.]+")
    .replaceAll("\\[\\]", "\\[\\d+\\]");
  return new RegExp(`^${escaped}(\\[\\d+\\])?$`);
});
const isKey = (key: string): boolean =>
  stackKeys.some((known) => known.key === key) ||
  (key.startsWith("hybrid-k3s:") && settingPatterns.some((pattern) => pattern.test(key.slice("hybrid-k3s:".length))));

const linksOf = ({ prose }: Page): readonly string[] => [
  ...[...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? ""),
  ...[...prose.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map((match) => match[1] ?? ""),
];

/** What is wrong with a link, or nothing. */
function faultOf(page: Page, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return link.startsWith("https://") ? undefined : "not https";
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? page.path : join(dirname(page.path), file);
  if (!existsSync(join(checkout, target))) return "no such file";
  if (anchor === undefined) return undefined;
  return readPage(target).anchors.has(anchor) ? undefined : "no such heading";
}

const linesOf = ({ path, fences }: Page) => fences.flatMap((fence) => fence.split("\n")).map((line) => ({ path, line: line.trim() }));
const lines = pages.flatMap(linesOf);

describe("the docs", () => {
  it("have no link that leads nowhere", () => {
    const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, link })));
    assert.ok(links.length > 60, `${links.length} links`);
    const faults = links.flatMap(({ page, link }) => {
      const fault = faultOf(page, link);
      return fault === undefined ? [] : [`${page.path}: ${link}: ${fault}`];
    });
    assert.deepEqual(faults, []);
  });

  it("tell of no `make` target that is not there", () => {
    const told = lines.flatMap(({ path, line }) =>
      [...line.matchAll(/^make ([a-z-]+)/g)].map((match) => ({ path, target: match[1] ?? "" })),
    );
    assert.ok(told.length > 10, `${told.length} commands`);
    assert.deepEqual(
      told.filter(({ target }) => !isTarget(target)),
      [],
    );
  });

  it("set no key that the config does not know", () => {
    const told = lines.flatMap(({ path, line }) =>
      [...line.matchAll(/^pulumi config set(?: --\w+)* '?([^\s']+)'?/g)].map((match) => ({ path, key: match[1] ?? "" })),
    );
    assert.ok(told.length > 8, `${told.length} commands`);
    assert.deepEqual(
      told.filter(({ key }) => !isKey(key)),
      [],
    );
    for (const key of ["hybrid-k3s:pools.burst.cuont", "hybrid-k3s:cluster", "tailscale:oauthClientld"]) assert.ok(!isKey(key), key);
  });

  it("name no file of the repository that is not there", () => {
    const named = pages
      .filter(({ path }) => path !== "CHANGELOG.md")
      .flatMap(({ path, prose }) =>
        [...prose.matchAll(/`((?:src|lab|test|docs|bench|stacks)\/[\w./-]+)`/g)].map((match) => ({ path, file: match[1] ?? "" })),
      );
    assert.ok(named.length > 10, `${named.length} names`);
    assert.deepEqual(
      // The user's own stack.
      named.filter(({ file }) => file !== "stacks/Pulumi.dev.yaml" && !existsSync(join(checkout, file))),
      [],
    );
  });

  it("begin with a README of at most 8 kB", () => {
    assert.ok(statSync(join(checkout, "README.md")).size <= 8_000, `${statSync(join(checkout, "README.md")).size} bytes`);
  });

  it("are all reached from the README", () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path) || !path.endsWith(".md")) return;
      reached.add(path);
      for (const link of linksOf(readPage(path)).filter((one) => !/^[a-z]+:/.test(one))) {
        const file = link.split("#")[0] ?? "";
        if (file !== "") visit(join(dirname(path), file));
      }
    };
    visit("README.md");
    assert.deepEqual(
      listFiles("docs/*.md").filter((path) => !reached.has(path)),
      [],
    );
  });
});

describe("docs/troubleshooting.md", () => {
  const source = listFiles("src/*.ts", "src/*.sh", "src/*.mjs", "src/*.cjs", "src/*.js")
    .map((path) => readFileSync(join(checkout, path), "utf8"))
    .join("\n");
  const { prose } = readPage("docs/troubleshooting.md");

  it("quotes messages that the program still has", () => {
    const quoted = [
      ...[...prose.matchAll(/^Says: (.+)$/gm)].flatMap(([, phrases = ""]) =>
        [...phrases.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""),
      ),
      ...[...prose.matchAll(/^\| `([^`]+)` +\|/gm)].map((match) => match[1] ?? ""),
    ];
    assert.ok(quoted.length > 40, `${quoted.length} messages`);
    assert.deepEqual(
      quoted.filter((phrase) => !source.includes(phrase)),
      [],
    );
  });
});

describe("docs/architecture.md", () => {
  it("names the links of a node's chain as runs do", () => {
    const named = [...readPage("docs/architecture.md").prose.matchAll(/`NODE-(\w[\w-]*)`/g)].map((match) => match[1] ?? "");
    const golden = listFiles("test/golden/*.json").map((path) => readFileSync(join(checkout, path), "utf8"));
    assert.ok(named.length >= 8, `${named.length} names`);
    assert.deepEqual(
      named.filter((link) => !golden.some((text) => new RegExp(`"name": "[a-z0-9-]+-${link}"`).test(text))),
      [],
    );
  });
});
