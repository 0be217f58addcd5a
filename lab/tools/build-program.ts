import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { cacheFolder, contentKey } from "./cache-folder";
import type { Build } from "./programs";
import { runOrFail, runProgram } from "./run-program";

const lab = path.resolve(__dirname, "..");

// One process from the lock to the compiler, so that the lock goes with it and the end of this program interrupts it. Whoever gets
// the lock second finds the file there.
// The compiler writes no debugging information, which the linker leaves out anyway, and collects its garbage seldom: together they
// save a quarter to a third of its processor time for the same program.
const buildOnce = `test -x "$OUT" || exec go build -trimpath -gcflags=all=-dwarf=false -ldflags "$LDFLAGS" -o "$OUT.part" "$PACKAGE"`;
const garbageCollector = { GOGC: "400" };
const underLock = ["nice", "setpriv", "--pdeathsig", "INT", "flock", "--no-fork"];

/** Where the built program is, or will be: the folder is named after everything that goes into it. */
export async function builtPath(name: string, build: Build): Promise<string> {
  const key = contentKey([await goVersion(), linkerFlags(build), build.package], goSources(path.join(lab, build.folder)));
  return cacheFolder("tools", `${name}-${key}`, name);
}

/** Builds a program from its Go module; a second call, from this or another checkout, waits for the first or finds its result. */
export async function buildProgram(name: string, build: Build): Promise<string> {
  const out = await builtPath(name, build);
  if (existsSync(out)) return out;
  mkdirSync(path.dirname(out), { recursive: true });
  await runOrFail([...underLock, path.join(path.dirname(out), "lock"), "sh", "-c", buildOnce], {
    cwd: path.join(lab, build.folder),
    env: { ...process.env, ...garbageCollector, CGO_ENABLED: "0", OUT: out, LDFLAGS: linkerFlags(build), PACKAGE: build.package },
  });
  if (existsSync(`${out}.part`)) renameSync(`${out}.part`, out);
  return out;
}

function goSources(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(go|json|mod|sum)$/.test(name))
    .map((name) => path.join(folder, name));
}

function linkerFlags(build: Build): string {
  return ["-s", "-w", ...build.values.map((value) => `-X ${value}`)].join(" ");
}

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
        "Go is not installed, and the lab builds what it cannot download. Install Go 1.25 or newer, or give each program by its LAB_* variable (see lab/README).",
      );
    },
  );
  return version;
}
