import type { Lab } from "../lab/lab";
import { FloorCluster } from "./floor/floor-cluster";
import type { FloorNetworks } from "./floor/floor-host";
import { type Spent, measure } from "./stopwatch";

export interface FloorTimes {
  readonly up: Spent;
  readonly addOne: Spent;
  readonly removeOne: Spent;
  readonly destroy: Spent;
}

/** One life of the lab's cluster by hand, on newly installed hosts; the tailnet is as before afterwards. */
export async function measureFloor(lab: Lab, networks: FloorNetworks): Promise<FloorTimes> {
  const cluster = await FloorCluster.prepare(lab, networks, "rack-1");
  try {
    const agents = await Promise.all([cluster.prepareAgent("rack-2"), cluster.prepareAgent("kiosk-1")]);
    const spare = await cluster.prepareAgent("rack-3");
    const up = await measure(() => cluster.start(agents));
    const addOne = await measure(() => cluster.add(spare));
    const removeOne = await measure(() => cluster.remove(spare));
    const destroy = await measure(() => cluster.destroy());
    return { up, addOne, removeOne, destroy };
  } finally {
    await cluster.cleanUp();
  }
}
