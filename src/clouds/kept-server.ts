import * as pulumi from "@pulumi/pulumi";
import { readInstanceType } from "../catalog/instance-architecture";
import { settingPath } from "../config/config-issue";
import type { CloudNodePlan, ClusterPlan } from "../plan/cluster-plan";

/** What a person may change of a machine by hand: its instance type or VM size, and its disk in GB. */
export interface MachineShape {
  readonly type: string;
  readonly diskGb: number;
}

/** Commands for a shell, each for one machine. */
export interface ByHand {
  readonly changeType: (type: string) => string;
  readonly growDisk: (gb: number) => string;
}

/**
 * Whether a changed type, disk, image, key or user data leaves this machine alone: in a server's place another one would be an empty
 * cluster, and a stop would take the API from all nodes.
 */
export const isKept = (plan: CloudNodePlan, cluster: Pick<ClusterPlan, "allowServerReplacement">): boolean =>
  plan.role === "server" && !cluster.allowServerReplacement;

/** Warns where the config asks for another type or disk than a kept machine has, with the commands that give it. Silent where they are the same. */
export function warnOfKept(
  plan: CloudNodePlan,
  wanted: MachineShape,
  has: pulumi.Output<MachineShape>,
  byHand: pulumi.Output<ByHand>,
): void {
  pulumi.all([has, byHand]).apply(([seen, hand]) => {
    for (const text of keptWarnings(plan, wanted, seen, hand)) void pulumi.log.warn(text);
  });
}

function keptWarnings(plan: CloudNodePlan, wanted: MachineShape, has: MachineShape, byHand: ByHand): string[] {
  const stays = (what: string, instead: string) =>
    `${plan.name}: its machine stays ${what}, and ${instead} of the config waits: no run stops or replaces a server`;
  const remade = `a new machine, and with it an empty cluster (${settingPath("cluster", "allowServerReplacement")})`;
  const type = () => {
    const told = stays(has.type, wanted.type);
    if (!hasArchitecture(plan, has.type)) return `${told}. No machine changes its architecture: this takes ${remade}`;
    return `${told}. By hand, with the API away for so long: ${byHand.changeType(wanted.type)}; then pulumi up --refresh`;
  };
  const disk = () => {
    const told = stays(`at a disk of ${has.diskGb} GB`, `${wanted.diskGb} GB`);
    if (wanted.diskGb < has.diskGb) return `${told}. No disk shrinks: write ${has.diskGb}; less takes ${remade}`;
    return `${told}. By hand: ${byHand.growDisk(wanted.diskGb)}; then pulumi up --refresh (the file system grows at the next boot)`;
  };
  return [...(has.type === wanted.type ? [] : [type()]), ...(has.diskGb === wanted.diskGb ? [] : [disk()])];
}

function hasArchitecture(plan: CloudNodePlan, type: string): boolean {
  const read = readInstanceType(plan.kind, type);
  return read.kind !== "known" || read.architecture === plan.architecture;
}
