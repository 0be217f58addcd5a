import type { HostName } from "../lab/hosts/topology";
import type { Figure } from "./figures";
import type { Bench } from "./fresh-hosts";
import { type TailnetCost, measureTailnet } from "./measure-tailnet";

export const tailnetHosts: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1", "bastion"];
const nodes = tailnetHosts.filter((name) => name !== "bastion");

/** What the tailnet adds to an `up`, and what it carries: between hosts, between pods, and in a vxlan on top of it. */
export async function tailnetFigures({ lab, hosts, progress, runs, onOutput }: Bench): Promise<readonly Figure[]> {
  const measured: TailnetCost[] = [];
  for (let run = 1; run <= runs; run++) {
    await hosts.takeFor(`tailnet ${run}`, nodes);
    measured.push(await progress.step(`tailnet ${run}`, () => measureTailnet(lab, run, onOutput)));
  }
  const floors = measured.map(({ hostToHost }) => hostToHost);
  return [
    { name: "tailnet-cost", unit: "s", values: measured.map(({ seconds }) => seconds), floors: [] },
    { name: "route-wait", unit: "s", values: measured.map(({ routeWait }) => routeWait), floors: [] },
    { name: "pod-throughput", unit: "MiB/s", values: measured.map(({ podToPod }) => podToPod), floors },
    { name: "vxlan-throughput", unit: "MiB/s", values: measured.map(({ vxlan }) => vxlan), floors },
  ];
}
