import { existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Amount } from "../contract";
import { cacheFolder, contentKey } from "./cache-folder";
import { dropHalfMade, finishFile, halfMade } from "./half-made";
import type { Build } from "./programs";
import { type ProgramOptions, runProgram } from "./run-program";

const lab = path.resolve(__dirname, "..");

// One process from the lock to the compiler, so that the lock goes with it and the end of this program interrupts it. Whoever gets
// the lock second finds the file there. What the compiler had made by then stays in its cache: the next run goes on from there.
// The compiler writes no debugging information, which the linker leaves out anyway, and collects its garbage seldom: together they
// save a quarter to a third of its processor time for the same program.
const compilerFlags = ["-trimpath", "-gcflags=all=-dwarf=false"];
const buildOnce = `test -x "$OUT" || exec go build -v ${compilerFlags.join(" ")} -tags "$TAGS" -ldflags "$LDFLAGS" -o "$PART" "$PACKAGE"`;
const garbageCollector = { GOGC: "400" };
// SQLite as k3s has it: kine asks it for its size (K3S: scripts/build).
const compilerOfC = { CGO_ENABLED: "1", CGO_CFLAGS: "-O2 -DSQLITE_ENABLE_DBSTAT_VTAB=1 -DSQLITE_USE_ALLOCA=1" };
const niceUntilWeEnd = ["nice", "setpriv", "--pdeathsig", "INT"];

type Report = (amount: Amount) => void;

/** Where the built program is, or will be: the folder is named after everything that goes into it. */
export async function builtPath(name: string, build: Build): Promise<string> {
  const key = contentKey([await goVersion(), linkerFlags(build), build.package], goSources(path.join(lab, build.folder)));
  return cacheFolder("tools", `${name}-${key}`, name);
}

const underWay = new Map<string, Promise<string>>();

/** Builds a program from its Go module; a second call, from this or another checkout, waits for the first or finds its result. */
export async function buildProgram(name: string, build: Build, report: Report = () => undefined): Promise<string> {
  const out = await builtPath(name, build);
  if (existsSync(out)) return out;
  const building = underWay.get(out) ?? buildInto(out, build, report);
  underWay.set(out, building);
  return building.finally(() => underWay.delete(out));
}

async function buildInto(out: string, build: Build, report: Report): Promise<string> {
  mkdirSync(path.dirname(out), { recursive: true });
  dropHalfMade(path.dirname(out));
  const folder = path.join(lab, build.folder);
  const flags = linkerFlags(build);
  const go = { ...process.env, ...garbageCollector, ...(build.hasC ? compilerOfC : { CGO_ENABLED: "0" }) };
  const env = { ...go, OUT: out, PART: halfMade(out), LDFLAGS: flags, TAGS: tagsOf(build), PACKAGE: build.package };
  const toCompile = await countStale(build, { cwd: folder, env: go }, report);
  let compiled = 0;
  const onLine = (line: string) => {
    if (isPackage(line)) report({ what: "packages compiled", done: ++compiled, of: Math.max(toCompile, compiled) });
  };
  const lock = [...niceUntilWeEnd, "flock", "--no-fork", path.join(path.dirname(out), "lock")];
  const { code, output } = await runProgram([...lock, "sh", "-c", buildOnce], { cwd: folder, env, onLine });
  if (code !== 0) throw new Error(`\`go build ${build.package}\` in ${folder} failed with exit code ${code}:\n${faultsIn(output)}`);
  if (existsSync(halfMade(out))) finishFile(out);
  return out;
}

/** How many packages the compiler has still to make; fetches the modules that are missing, which no list tells beforehand. */
async function countStale(build: Build, options: ProgramOptions, report: Report): Promise<number> {
  let fetched = 0;
  const onLine = (line: string) => {
    if (line.startsWith("go: downloading")) report({ what: "modules fetched", done: ++fetched });
  };
  const given = [...compilerFlags, "-tags", tagsOf(build), "-ldflags", linkerFlags(build)];
  const list = ["go", "list", "-deps", ...given, "-f", "{{if .Stale}}stale{{end}}", build.package];
  const { code, output } = await runProgram([...niceUntilWeEnd, ...list], { ...options, onLine });
  if (code !== 0) throw new Error(`\`${list.slice(0, 3).join(" ")} ${build.package}\` failed with exit code ${code}:\n${faultsIn(output)}`);
  return output.match(/^stale$/gm)?.length ?? 0;
}

/** A line of `go build -v`: a package that is being compiled, and nothing else. */
const isPackage = (line: string): boolean => /^[\w.~-]+(\/[\w.~-]+)*$/.test(line);

const faultsIn = (output: string): string =>
  output
    .split("\n")
    .filter((line) => !isPackage(line))
    .join("\n")
    .trim()
    .slice(-4000);

function goSources(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(go|json|mod|sum)$/.test(name))
    .map((name) => path.join(folder, name));
}

function linkerFlags(build: Build): string {
  const linked = build.hasC ? ["-linkmode=external", "-extldflags=-static"] : [];
  return ["-s", "-w", ...linked, ...build.values.map((value) => `-X ${value}`)].join(" ");
}

/** Names and users without the C library's ways, which need its files at hand; and no SQLite that loads libraries. */
const tagsOf = ({ hasC }: Build): string => (hasC ? "netgo,osusergo,sqlite_omit_load_extension" : "");

let version: Promise<string> | undefined;

// Asked in lab/tools/go/probe, so that a `toolchain` line of some go.mod cannot fetch another Go for the question alone.
function goVersion(): Promise<string> {
  version ??= runProgram(["go", "env", "GOVERSION", "GOARCH"], { cwd: path.join(lab, "tools/go/probe") }).then(
    ({ code, output }) => {
      if (code !== 0) throw new Error(`\`go env\` failed: ${output.trim()}`);
      return output.trim();
    },
    () => {
      throw new Error(
        "Go is not installed, and the lab builds what it cannot download. Install Go 1.25 or newer, or give each program by its LAB_* variable (see docs/lab.md).",
      );
    },
  );
  return version;
}
