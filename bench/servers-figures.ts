import type { Figure } from "./figures";
import { networksOf } from "./floor/floor-host";
import type { Bench } from "./fresh-hosts";
import { type FloorServersTimes, type ProgramServersTimes, SERVERS, measureFloorServers, measureProgramServers } from "./measure-servers";

export const serversHosts = SERVERS;

/** Three servers: made, one lost, all put back to a snapshot. */
export async function serversFigures({ lab, hosts, progress, runs, onOutput }: Bench): Promise<readonly Figure[]> {
  const floors: FloorServersTimes[] = [];
  const ours: ProgramServersTimes[] = [];
  for (let run = 1; run <= runs; run++) {
    await hosts.takeFor(`servers floor ${run}`, serversHosts);
    floors.push(await progress.step(`servers floor ${run}`, () => measureFloorServers(lab, networksOf(lab))));
    await hosts.takeFor(`servers ${run}`, serversHosts);
    ours.push(await progress.step(`servers ${run}`, () => measureProgramServers(lab, run, onOutput)));
  }
  const seconds = (name: string, key: keyof FloorServersTimes): Figure => ({
    name,
    unit: "s",
    values: ours.map((times) => times[key].seconds),
    floors: floors.map((times) => times[key].seconds),
  });
  return [
    seconds("up-3-servers", "up"),
    { name: "fail-over", unit: "s", values: ours.map(({ failOver }) => failOver.seconds), floors: [] },
    seconds("restore", "restore"),
  ];
}
