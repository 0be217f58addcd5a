import * as pulumi from "@pulumi/pulumi";
import type { NodePlan } from "../plan/cluster-plan";
import { lastOutputs } from "../last-run";
import { isKnown } from "../remote/is-known";
import type { NodeMachine } from "./node";

/** A node of this run and its cloud machine. */
export interface PlacedMachine {
  readonly plan: NodePlan;
  readonly machine: NodeMachine;
}

/**
 * Says in a preview which nodes get another machine, and why: whether the old one is gone from its cloud (after --refresh the state does not
 * hold it any more) or is to be another type. What the last run saw stands in the stack's own output `nodes`.
 */
export async function tellLostMachines(machines: readonly PlacedMachine[]): Promise<void> {
  if (machines.length === 0) return;
  const unknown = await Promise.all(machines.map(async (placed) => ((await isKnown(placed.machine.id)) ? [] : [placed])));
  if (unknown.flat().length === 0) return;
  const { nodes: before = [] } = await lastOutputs();
  for (const { plan, machine } of unknown.flat()) {
    const last = before.find(({ name }) => name === plan.name)?.machine ?? "";
    if (last === "") continue;
    const [id = "", type = ""] = last.split(" ");
    await pulumi.log.warn(
      `${plan.name}: ${reason(plan, id, type, machine.type)}. Its Node and device are cleared before the new one joins.`,
    );
  }
}

function reason(plan: NodePlan, id: string, type: string, wanted: string): string {
  if (type !== wanted) return `its machine ${id} is replaced, ${type} by ${wanted}`;
  const isSpot = plan.kind !== "bare-metal" && plan.spot !== undefined;
  return `its machine ${id} is gone from the cloud (${isSpot ? "spot: reclaimed, or terminated by somebody" : "terminated by somebody"}), was stopped or is to be made anew, and another takes its place`;
}
