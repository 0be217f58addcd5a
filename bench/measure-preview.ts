import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../lab/contract";
import { CommandError } from "../lab/hosts/run-command";
import type { Lab } from "../lab/lab";
import { inState } from "../lab/paths";
import { type LabStack, createStack } from "../lab/stack";
import { addBurstPools, cloudPool, labSettings } from "../lab/stack-config";
import { watchMemory } from "./memory-peak";
import { measure } from "./stopwatch";

export interface PreviewCost {
  readonly seconds: number;
  /** MiB of the pulumi command with all its children, at their highest. */
  readonly memory: number;
  /** What the preview would create. */
  readonly resources: number;
}

/** Room for a /24 for each of 1,000 nodes. */
const POD_CIDR = "10.128.0.0/14";

/** A stack that has run nothing yet: one server on metal, and two pools that share so many nodes, one in each cloud. */
export async function createLargeStack(lab: Lab, nodes: number, run: number): Promise<LabStack> {
  const settings = labSettings(lab);
  settings["hybrid-k3s:cluster"].podCidr = POD_CIDR;
  const { rack } = settings["hybrid-k3s:pools"];
  if (rack === undefined) throw new Error("the lab's settings have a pool rack");
  settings["hybrid-k3s:pools"] = { rack };
  addBurstPools(lab, settings);
  for (const pool of ["burst", "burst-az"] as const) cloudPool(settings, pool).count = nodes / 2;
  return createStack(lab, { name: `preview-${nodes}-${run}`, settings });
}

export function measureProgramPreview(stack: LabStack): Promise<PreviewCost> {
  return measurePreview(["pulumi", "preview", ...stack.flags], () => stack.preview());
}

const FLOOR_PROJECT = "bare-resources";
const floorFolder = join(__dirname, FLOOR_PROJECT);

/** A preview of the smallest program that registers as many resources (the stack itself is one of them), by the same engine and plugin. */
export async function measureFloorPreview(lab: Lab, resources: number): Promise<PreviewCost> {
  const stack = ["--stack", `floor-${resources}`];
  const settings = inState(FLOOR_PROJECT, `Pulumi.floor-${resources}.yaml`);
  // `stack init` writes beside the Pulumi.yaml of its folder: this one, so that the repository gets no file.
  mkdirSync(inState(FLOOR_PROJECT), { recursive: true });
  writeFileSync(inState(FLOOR_PROJECT, "Pulumi.yaml"), `name: ${FLOOR_PROJECT}\nruntime: nodejs\n`);
  const init = ["stack", "init", "--no-select", ...stack];
  check(["pulumi", ...init], await lab.operator.pulumi(init, { cwd: inState(FLOOR_PROJECT) }));
  const argv = ["preview", ...stack, "--config-file", settings];
  const env = { BARE_RESOURCES: String(resources - 1) };
  const cost = await measurePreview(["pulumi", ...argv], () => lab.operator.pulumi(argv, { cwd: floorFolder, env }));
  if (cost.resources !== resources) throw new Error(`the floor registered ${cost.resources} resources, not ${resources}`);
  const remove = ["stack", "rm", "--yes", ...stack];
  check(["pulumi", ...remove], await lab.operator.pulumi(remove, { cwd: inState(FLOOR_PROJECT) }));
  return cost;
}

async function measurePreview(argv: readonly string[], preview: () => Promise<RunResult>): Promise<PreviewCost> {
  let resources = 0;
  let seconds = 0;
  const { commands } = await watchMemory(async () => {
    const spent = await measure(async () => {
      resources = countCreated(check(argv, await preview()).stdout);
    });
    seconds = spent.seconds;
  });
  return { seconds, memory: commands, resources };
}

/** From the summary at the preview's end: `    + 1406 to create`. */
function countCreated(output: string): number {
  const count = /^\s*\+ (\d+) to create$/m.exec(output)?.[1];
  if (count === undefined) throw new Error(`the preview does not say how much it would create:\n${output.slice(-2000)}`);
  return Number(count);
}

function check(argv: readonly string[], result: RunResult): RunResult {
  if (result.code !== 0) throw new CommandError(argv, result);
  return result;
}
