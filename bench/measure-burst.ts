import type { Lab } from "../lab/lab";
import { type LabStack, createStack } from "../lab/stack";
import { addBurstPools, cloudPool, labSettings } from "../lab/stack-config";
import { expectSuccess } from "./expect-success";
import { FloorBurst } from "./floor/floor-burst";
import { FloorCluster } from "./floor/floor-cluster";
import type { FloorNetworks } from "./floor/floor-host";
import { type Spent, measure } from "./stopwatch";

/** From the start until the nodes are Ready. */
export interface BurstTimes {
  readonly one: Spent;
  readonly three: Spent;
}

export interface FloorBurstTimes extends BurstTimes {
  /** Three that fetch the programs, as every machine that is fresh from a cloud has to; the others have them on disk. */
  readonly threeFetching: Spent;
}

/** By hand, on a cluster of two metal hosts that have just been installed. */
export async function measureFloorBurst(lab: Lab, networks: FloorNetworks): Promise<FloorBurstTimes> {
  const cluster = await FloorCluster.prepare(lab, networks, "rack-1");
  const timed = async (burst: FloorBurst, count: number): Promise<Spent> => {
    const made: Awaited<ReturnType<FloorBurst["up"]>>[] = [];
    const spent = await measure(async () => made.push(await burst.up(cluster, count)));
    for (const one of made) await burst.down(cluster, one);
    return spent;
  };
  try {
    await cluster.start([await cluster.prepareAgent("rack-2")]);
    const burst = await FloorBurst.prepare(lab, networks);
    const onDisk = { one: await timed(burst, 1), three: await timed(burst, 3) };
    // Not after a failure, which the machines that stand would hide behind one of their own: they go with the lab.
    await burst.cleanUp();
    const fetching = await FloorBurst.prepare(lab, networks, { fetches: true });
    const times = { ...onDisk, threeFetching: await timed(fetching, 3) };
    await fetching.cleanUp();
    await cluster.destroy();
    return times;
  } finally {
    await cluster.cleanUp();
  }
}

export interface ProgramBurstTimes extends BurstTimes {
  /** From 3 to 0, with no pod to move: the drain takes nothing. */
  readonly down: Spent;
}

/** By the program, on the same cluster, newly installed. `onOutput` sees what pulumi says. */
export async function measureProgramBurst(lab: Lab, run: number, onOutput: (text: string) => void): Promise<ProgramBurstTimes> {
  const stack = await createStack(lab, { name: `burst-${run}`, settings: burstSettings(lab) });
  const burstTo = (count: number) => {
    stack.edit((settings) => (cloudPool(settings, "burst").count = count));
    return measure(() => expectSuccess(stack, "up", onOutput));
  };
  await expectSuccess(stack, "up", onOutput);
  const one = await burstTo(1);
  await burstTo(0);
  const three = await burstTo(3);
  const down = await burstTo(0);
  await expectSuccess(stack, "destroy", onOutput);
  return { one, three, down };
}

/** Two metal nodes and the lab's cloud pools, empty. */
export function burstSettings(lab: Lab): ReturnType<LabStack["settings"]> {
  const settings = labSettings(lab);
  const { rack, metal } = settings["hybrid-k3s:pools"];
  if (rack === undefined || metal === undefined) throw new Error("the lab's settings have pools rack and metal");
  settings["hybrid-k3s:pools"] = { rack, metal };
  addBurstPools(lab, settings);
  return settings;
}
