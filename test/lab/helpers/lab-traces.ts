import { existsSync, readdirSync, readFileSync } from "node:fs";
import { labGroups } from "../../../lab/hosts/control-groups";
import { checkoutRoot } from "../../../lab/paths";

const readOrEmpty = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};

/** Whether a process belongs to this checkout's lab, by what it runs or by its control group. */
function isOfLab(pid: string): boolean {
  const argv = readOrEmpty(`/proc/${pid}/cmdline`);
  const runsInLab = argv.includes(`${checkoutRoot}/lab/hosts/`) || argv.includes(`${checkoutRoot}/.lab`);
  const name = labGroups()[0]?.split("/").at(-1) ?? "";
  return (runsInLab && !argv.includes("/test/")) || readOrEmpty(`/proc/${pid}/cgroup`).includes(`/${name}`);
}

/** What is on this machine because of this checkout's lab: processes, mounts and control groups. Empty when it has ended. */
export function labTraces(): readonly string[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOfLab(name));
  const mounts = readOrEmpty("/proc/self/mountinfo")
    .split("\n")
    .filter((line) => line.includes(`${checkoutRoot}/.lab`));
  return [
    ...processes.map((pid) => `process ${pid} ${readOrEmpty(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`),
    ...mounts.map((line) => `mount ${line}`),
    ...labGroups()
      .filter((group) => existsSync(group))
      .map((group) => `control group ${group}`),
  ];
}

/** Settings that labs raise for the whole machine, and links and rules of the machine's own network: equal before the first lab and after the last. */
export function machineState(): string {
  const settings = ["fs/inotify/max_user_instances", "fs/inotify/max_user_watches", "vm/overcommit_memory", "kernel/panic"];
  return [
    ...settings.map((name) => `${name} ${readOrEmpty(`/proc/sys/${name}`).trim()}`),
    ...readdirSync("/sys/class/net").map((link) => `link ${link}`),
    `labs ${existsSync("/run/hybrid-k3s-labs") ? "counted" : "none"}`,
  ].join("\n");
}
