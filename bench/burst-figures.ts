import type { HostName } from "../lab/hosts/topology";
import type { Figure } from "./figures";
import { networksOf } from "./floor/floor-host";
import type { Bench } from "./fresh-hosts";
import { type BurstTimes, type FloorBurstTimes, type ProgramBurstTimes, measureFloorBurst, measureProgramBurst } from "./measure-burst";

export const burstHosts: readonly HostName[] = ["rack-1", "rack-2", "bastion"];
const nodes = burstHosts.filter((name) => name !== "bastion");

/** A metal cluster that bursts into the lab's AWS and back. */
export async function burstFigures({ lab, hosts, progress, runs, onOutput }: Bench): Promise<readonly Figure[]> {
  const floors: FloorBurstTimes[] = [];
  const ours: ProgramBurstTimes[] = [];
  for (let run = 1; run <= runs; run++) {
    await hosts.takeFor(`burst floor ${run}`, nodes);
    floors.push(await progress.step(`burst floor ${run}`, () => measureFloorBurst(lab, networksOf(lab))));
    await hosts.takeFor(`burst ${run}`, nodes);
    ours.push(await progress.step(`burst ${run}`, () => measureProgramBurst(lab, run, onOutput)));
  }
  const timesAsLong = ({ one, three }: BurstTimes): number => three.seconds / one.seconds;
  return [
    // By hand too a machine fresh from a cloud has to fetch what its image lacks; the floor does no more than that, and verifies nothing.
    { ...threeOfOurs("burst-3", ours), floors: floors.map(({ threeFetching }) => threeFetching.seconds) },
    // Machines whose image has tailscale, k3s and its images, which nobody's has, against ours that fetch.
    { ...threeOfOurs("burst-3-on-disk", ours), floors: floors.map(({ three }) => three.seconds) },
    { name: "burst-3-vs-1", unit: "times", values: ours.map(timesAsLong), floors: floors.map(timesAsLong) },
    { name: "burst-down-3", unit: "s", values: ours.map(({ down }) => down.seconds), floors: [] },
  ];
}

const threeOfOurs = (name: string, ours: readonly ProgramBurstTimes[]) => ({
  name,
  unit: "s",
  values: ours.map(({ three }) => three.seconds),
});
