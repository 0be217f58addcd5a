import { existsSync } from "node:fs";
import type { LabTools, Progress } from "../contract";
import { pulumiHome } from "../hosts/operator-environment";
import { inState } from "../paths";
import { buildProgram, builtPath } from "./build-program";
import { downloadProgram, Unreachable } from "./download-program";
import { findNextK3s } from "./find-next-k3s";
import { findPlugins } from "./find-plugins";
import { givenPath, onPathInVersion, reportedVersion } from "./find-program";
import { inParallel } from "./in-parallel";
import { binFolder, linkProgram } from "./link-program";
import { agnhostBuild, k3sInstallerDownload, labPrograms, probeBuild, type Program, type ProgramName } from "./programs";
import { runOrFail } from "./run-program";
import { makeStandInInstaller } from "./stand-in-installer";

// Two at a time: a build's linker uses one core, and another's compiler takes the second.
const buildsAtOnce = 2;

/** Gets every program that the lab runs: links them into .lab/bin, which the operator's PATH starts with, and the plugins into the engine's home. */
export async function getTools(progress: Progress): Promise<LabTools> {
  const programs = labPrograms();
  const [probe = "", agnhost = "", ...found] = await inParallel(buildsAtOnce, [
    () => buildProgram("probe", probeBuild),
    () => buildProgram("agnhost", agnhostBuild),
    ...programs.map((program) => () => getProgram(program, progress)),
  ]);
  const file = (name: ProgramName): string => found[programs.findIndex((program) => program.name === name)] ?? "";
  for (const { name } of programs) if (name !== "pulumi") linkProgram(binFolder, name, file(name));
  linkProgram(binFolder, "kubectl", file("k3s"));
  linkProgram(binFolder, "probe", probe);
  const standInK3s = (await runOrFail([file("k3s"), "--version"])).includes("stand-in");
  const installer = await getInstaller(standInK3s);
  const k3sVersion = await reportedVersion(file("k3s"), ["--version"]);
  const nextK3s = await findNextK3s(k3sVersion, standInK3s);
  const plugins = await findPlugins({ standIns: inState("stand-ins"), home: pulumiHome, engine: inState("engine") }, file("pulumi"));
  linkProgram(binFolder, "pulumi", plugins.pulumi);
  return {
    pulumi: plugins.pulumi,
    ...plugins.files,
    tailscale: file("tailscale"),
    tailscaled: file("tailscaled"),
    headscale: file("headscale"),
    k3s: file("k3s"),
    k3sVersion,
    ...(nextK3s !== undefined && { nextK3s }),
    installK3s: installer,
    tailscaleVersion: await reportedVersion(file("tailscale"), ["--version"]),
    probe,
    agnhost,
    standIns: [...(standInK3s ? ["k3s"] : []), ...(installer === makeStandInInstaller() ? ["installK3s"] : []), ...plugins.standIns],
  };
}

async function getProgram(program: Program, progress: Progress): Promise<string> {
  const found = givenPath(program.variable) ?? (await onPathInVersion(program));
  if (found !== undefined) return found;
  try {
    return await downloadProgram(program.name, program.download, { progress });
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
  }
  const built = await builtPath(program.name, program.build);
  if (existsSync(built)) return built;
  const title = `${program.name} ${program.version}: build it from source modules`;
  return progress.step(title, (report) => buildProgram(program.name, program.build, report));
}

/** The official installer goes with the real k3s; the stand-in for it works with both. */
async function getInstaller(standInK3s: boolean): Promise<string> {
  const given = givenPath("LAB_INSTALL_K3S", "file");
  if (given !== undefined) return given;
  if (standInK3s) return makeStandInInstaller();
  try {
    return await downloadProgram("install.sh", k3sInstallerDownload());
  } catch (error) {
    if (error instanceof Unreachable) return makeStandInInstaller();
    throw error;
  }
}
