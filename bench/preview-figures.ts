import type { HostName } from "../lab/hosts/topology";
import type { Figure } from "./figures";
import type { Bench } from "./fresh-hosts";
import { type PreviewCost, createLargeStack, measureFloorPreview, measureProgramPreview } from "./measure-preview";

/** A preview opens no connection to a host. */
export const previewHosts: readonly HostName[] = [];

const SIZES = [100, 1000];

/** Previews of empty stacks with so many cloud nodes, against those of as many bare resources. */
export async function previewFigures(bench: Bench): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const nodes of SIZES) figures.push(...(await figuresOfSize(bench, nodes)));
  return figures;
}

async function figuresOfSize({ lab, progress, runs }: Bench, nodes: number): Promise<readonly Figure[]> {
  const ours: PreviewCost[] = [];
  const floors: PreviewCost[] = [];
  for (let run = 1; run <= runs; run++) {
    const stack = await createLargeStack(lab, nodes, run);
    const cost = await progress.step(`preview of ${nodes} nodes ${run}`, () => measureProgramPreview(stack));
    const floor = () => measureFloorPreview(lab, cost.resources);
    ours.push(cost);
    floors.push(await progress.step(`preview of ${cost.resources} bare resources ${run}`, floor));
  }
  const figure = (name: string, unit: string, key: "seconds" | "memory"): Figure => ({
    name,
    unit,
    values: ours.map((cost) => cost[key]),
    floors: floors.map((cost) => cost[key]),
  });
  return [figure(`preview-${nodes}`, "s", "seconds"), figure(`preview-${nodes}-memory`, "MiB", "memory")];
}
