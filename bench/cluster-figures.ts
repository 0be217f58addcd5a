import type { HostName } from "../lab/hosts/topology";
import type { Figure } from "./figures";
import { networksOf } from "./floor/floor-host";
import type { Bench } from "./fresh-hosts";
import { type FloorTimes, measureFloor } from "./measure-floor";
import { type ProgramTimes, measureProgram } from "./measure-program";

export const clusterHosts: readonly HostName[] = ["rack-1", "rack-2", "rack-3", "kiosk-1", "bastion"];
const nodes = clusterHosts.filter((name) => name !== "bastion");

/** A life of a metal cluster. The floor and the program take turns, so that a machine that gets slower or faster meanwhile does so for both. */
export async function clusterFigures({ lab, hosts, progress, runs, onOutput }: Bench): Promise<readonly Figure[]> {
  const floors: FloorTimes[] = [];
  const ours: ProgramTimes[] = [];
  for (let run = 1; run <= runs; run++) {
    await hosts.takeFor(`floor ${run}`, nodes);
    floors.push(await progress.step(`floor ${run}`, () => measureFloor(lab, networksOf(lab))));
    await hosts.takeFor(`program ${run}`, nodes);
    ours.push(await progress.step(`program ${run}`, () => measureProgram(lab, run, onOutput)));
  }
  return figuresOf(floors, ours);
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
