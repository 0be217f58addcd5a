import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { CloudNodePlan } from "../plan/cluster-plan";
import { LocalTool } from "../remote/local-tool";
import { type Machine, nodeInput } from "../remote/tool-input";

// A large image on a slow disk, and a cloud that is busy: what takes longer is not coming.
const WAIT_SECONDS = 300;

export interface WaitForSshArgs {
  readonly node: CloudNodePlan;
  readonly machine: Machine;
  /** The cloud's id of this very machine. */
  readonly id: pulumi.Output<string>;
  /** The line that makes the machine again. */
  readonly replaceCommand: pulumi.Input<string>;
}

/** Waits until a new cloud machine lets the operator in under its pinned host key. One SSH session. */
export class WaitForSsh extends LocalTool {
  constructor(name: string, context: ClusterContext, args: WaitForSshArgs, opts: pulumi.CustomResourceOptions) {
    const { node, machine, id, replaceCommand } = args;
    const input = { ...nodeInput(context, node, machine), machine: id, waitSeconds: WAIT_SECONDS, replaceCommand };
    super(name, { tool: "wait-for-ssh", on: ["create"], input, previous: [id] }, opts);
  }
}
