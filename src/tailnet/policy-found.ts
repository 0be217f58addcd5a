import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import { clusterInput } from "../membership/tool-input";
import { policyText } from "../plan/plan-policy";
import { LocalTool } from "../remote/local-tool";

/**
 * Reads and accepts the live policy before this stack writes its own, keeps the one found at the first `up`, and puts it
 * back when it is deleted. Only `destroy` removes it.
 */
export class PolicyFound extends LocalTool {
  constructor(name: string, context: ClusterContext, opts: pulumi.CustomResourceOptions) {
    const { tailnet, podCidr } = context.plan;
    const { tagOwners, groups } = tailnet;
    const input = { ...clusterInput(context), policy: policyText(tailnet.policy), podCidr, tagOwners, groups };
    super(name, { tool: "policy", on: ["create", "update", "delete"], input, previous: [] }, opts);
  }
}
