/** Providers of src/operator-tools that Pulumi's dynamic-provider plugin runs. Their paths stand in state: a rename strands what older stacks hold. */
export type ProviderName =
  "policy-provider" | "headscale-key-provider" | "route-provider" | "script-provider" | "preflight-provider" | "roster-provider";

/**
 * What the dynamic-provider plugin evaluates (cmd/dynamic-provider in @pulumi/pulumi: `__provider` is a module that exports `handler`). One
 * line instead of pulumi.dynamic.Resource's serialised functions: state keeps no copy of our code, and no run waits for the serialiser.
 */
export function dynamicProvider(file: ProviderName): string {
  return `exports.handler = () => require(require("node:path").resolve("operator-tools/${file}.cjs")).provider;`;
}
