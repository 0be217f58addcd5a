import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { inState } from "../paths";
import { buildProgram } from "../tools/build-program";

/** A program that was started while the recorder ran, with all its arguments. */
export interface RecordedProgram {
  /** The host that it ran on, also one that is gone by now; "elsewhere" is the operator, the lab's services and everything else on this machine. */
  readonly place: string;
  readonly pid: number;
  readonly argv: readonly string[];
}

export interface ArgvRecorder {
  /** "kernel" misses nothing; "scan", where the kernel allows no tracing, may miss what ends within milliseconds. */
  readonly source: "kernel" | "scan";
  /** Ends the recording and gives what was started since; fails where something was missed. */
  stop(): Promise<readonly RecordedProgram[]>;
}

interface TracedProgram {
  readonly pid: number;
  readonly group: number;
  readonly argv: readonly string[];
}

const version2 = "/sys/fs/cgroup/unified";

/** The lab's group in the version 2 hierarchy, by which the kernel tells a host's programs from others. */
function labGroup(): string {
  const groups = readFileSync(inState("run", "cgroups"), "utf8").trim().split("\n");
  return groups.find((group) => group.startsWith(`${version2}/`)) ?? groups[0] ?? "";
}

/** The hosts that have booted so far, by the numbers of their groups in one hierarchy, as run-host.sh wrote them down. */
function hostsByGroup(hierarchy: string): ReadonlyMap<number, string> {
  const file = inState("run", "group-ids");
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const entries = lines.map((line) => line.split(" ")).filter(([, , directory]) => directory === hierarchy);
  return new Map(entries.map(([id, name]) => [Number(id), name ?? ""]));
}

/** Records the arguments of every program that is started on this machine, the lab's hosts included, until it is stopped. */
export async function recordArguments(): Promise<ArgvRecorder> {
  const program = await buildProgram("exec-trace", { folder: "hosts/exec-trace", package: ".", values: [] });
  const group = labGroup();
  const mounted = group.startsWith(`${version2}/`) ? version2 : "/sys/fs/cgroup";
  const level = relative(mounted, group).split("/").length + 1;
  const child = spawn("setpriv", ["--pdeathsig", "KILL", program, String(level)], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const lines: string[] = [];
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  const code = new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? 1)));
  const source = await new Promise<ArgvRecorder["source"]>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (lines.push(line) === 1) resolve((JSON.parse(line) as { source: ArgvRecorder["source"] }).source);
    });
    child.on("error", reject);
    void code.then(() => reject(new Error(`the recorder of arguments did not start: ${errors.trim()}`)));
  });
  return {
    source,
    async stop() {
      child.kill("SIGTERM");
      if ((await code) !== 0) throw new Error(`the recorder of arguments failed: ${errors.trim()}`);
      const hosts = hostsByGroup(group);
      return lines.slice(1).map((line) => {
        const { pid, group: id, argv } = JSON.parse(line) as TracedProgram;
        return { pid, argv, place: hosts.get(id) ?? "elsewhere" };
      });
    },
  };
}
