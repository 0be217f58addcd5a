import { policyType } from "../vpn/tailnet/tailnet-policy";
import { lastResources } from "./last-run";
import { dynamicType } from "../undocumented-pulumi";
import type { PolicyBefore } from "../operator-tools/policy/policy-edit.mjs" with { "resolution-mode": "import" };

/** What the last run left of the policy, as the state holds it (operator-tools/policy-provider.cjs); undefined before the first. */
export async function lastPolicy(): Promise<PolicyBefore | undefined> {
  const found = Object.values(await lastResources()).find(({ type }) => type === dynamicType(policyType));
  const { policy, left } = (found?.outputs ?? {}) as {
    readonly policy?: Pick<PolicyBefore, "mode" | "document">;
    readonly left?: Pick<PolicyBefore, "found" | "wrote">;
  };
  return policy && { mode: policy.mode, document: policy.document, ...left };
}
