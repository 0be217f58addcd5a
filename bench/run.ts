import { joinOperator } from "../lab/console";
import { firstHosts } from "../lab/hosts/topology";
import type { HostName } from "../lab/hosts/topology";
import { endLabOnSignal } from "../lab/interrupt";
import type { Lab } from "../lab/lab";
import { createProgress } from "../lab/progress";
import { RequirementError } from "../lab/requirements";
import { labSettings } from "../lab/stack-config";
import { startLab } from "../lab/start-lab";
import { type Figure, renderFigure } from "./figures";
import { type FloorTimes, measureFloor } from "./measure-floor";
import { type ProgramTimes, measureProgram } from "./measure-program";

// BENCH_RUNS=1 is a quick look. BENCH_OUTPUT=1 shows what pulumi says.
const runs = Number(process.env["BENCH_RUNS"] ?? 3);
const showOutput = process.env["BENCH_OUTPUT"] === "1";

const nodes: readonly HostName[] = ["rack-1", "rack-2", "rack-3", "kiosk-1"];
const progress = createProgress();

/** The floor and the program take turns, so that a machine that gets slower or faster meanwhile does so for both. */
async function bench(lab: Lab): Promise<readonly Figure[]> {
  await joinOperator(lab);
  const { podCidr, serviceCidr } = labSettings(lab)["hybrid-k3s:cluster"];
  if (podCidr === undefined || serviceCidr === undefined) throw new Error("the lab's settings name their networks");
  const floors: FloorTimes[] = [];
  const ours: ProgramTimes[] = [];
  for (let run = 1; run <= runs; run++) {
    // Those of the first run have just been installed.
    if (run > 1) await progress.step(`new hosts for floor ${run}`, () => reinstall(lab));
    floors.push(await progress.step(`floor ${run}`, () => measureFloor(lab, { podCidr, serviceCidr })));
    await progress.step(`new hosts for program ${run}`, () => reinstall(lab));
    ours.push(await progress.step(`program ${run}`, () => measureProgram(lab, run, (text) => showOutput && process.stderr.write(text))));
  }
  return figuresOf(floors, ours);
}

async function reinstall(lab: Lab): Promise<void> {
  await Promise.all(nodes.map((name) => lab.reinstall(name)));
}

function figuresOf(floors: readonly FloorTimes[], ours: readonly ProgramTimes[]): readonly Figure[] {
  const seconds = (name: string, key: keyof FloorTimes): Figure => ({
    name,
    unit: "s",
    values: ours.map((times) => times[key].seconds),
    floors: floors.map((times) => times[key].seconds),
  });
  const alone = (name: string, unit: string, value: (times: ProgramTimes) => number): Figure => ({
    name,
    unit,
    values: ours.map(value),
    floors: [],
  });
  return [
    seconds("up", "up"),
    {
      name: "up-processor",
      unit: "s",
      values: ours.map(({ up }) => up.cpuSeconds),
      floors: floors.map(({ up }) => up.cpuSeconds),
    },
    alone("second-up", "s", ({ secondUp }) => secondUp.seconds),
    alone("second-up-processor", "s", ({ secondUp }) => secondUp.cpuSeconds),
    seconds("add-one", "addOne"),
    seconds("remove-one", "removeOne"),
    seconds("destroy", "destroy"),
    alone("ssh-sessions", "sessions", ({ sshSessions }) => sshSessions),
    alone("memory", "MiB", ({ memory }) => memory.lab),
    alone("pulumi-memory", "MiB", ({ memory }) => memory.commands),
  ];
}

async function main(): Promise<void> {
  if (!Number.isInteger(runs) || runs < 1) throw new RequirementError(`BENCH_RUNS must be a whole number from 1 on, not ${runs}`);
  endLabOnSignal((text) => progress.note(text));
  const lab = await startLab({ progress, hosts: [...firstHosts, "rack-3"] });
  try {
    const figures = await bench(lab);
    for (const figure of figures) process.stdout.write(renderFigure(figure));
  } finally {
    await lab.down();
  }
}

main().catch((error: unknown) => {
  const text = error instanceof RequirementError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
