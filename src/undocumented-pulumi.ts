import * as pulumi from "@pulumi/pulumi";

/**
 * All that this program takes from Pulumi without a word in Pulumi's documentation, with the public request that would replace it. Nothing
 * else in src/ may reach there. test/undocumented-pulumi.test.ts asks the SDK for each of them, test/contract/own-stack.test.ts the engine.
 */

/** The SDK that this was read in; the engine was 3.225.0. After another one is pinned, read the places named below again. */
export const readInSdk = "3.270.0";

/** Programs of src/operator-tools that Pulumi's dynamic-provider plugin runs. Their paths stand in state: a rename strands what older stacks hold. */
export type ProviderName =
  | "policy-provider"
  | "headscale-key-provider"
  | "route-provider"
  | "tags-provider"
  | "script-provider"
  | "preflight-provider"
  | "roster-provider"
  | "login-provider";

/** The type of a dynamic resource as the engine knows it, from its module and name, such as `vpn/tailnet:Policy`. */
export const dynamicType = (type: string) => `pulumi-nodejs:dynamic/${type}`;

/**
 * A dynamic resource whose provider is a file of this checkout. pulumi.dynamic.Resource takes functions, and writes them with all that they
 * use into the state of each resource; the plugin evaluates the input `__provider` as a module that exports `handler` (cmd/dynamic-provider),
 * so one line that loads a file does.
 * Would replace it: a provider that is named instead of serialised. Not asked for in these words; nearest is pulumi/pulumi#18997.
 */
export class DynamicResource extends pulumi.CustomResource {
  constructor(
    type: string,
    name: string,
    { provider, ...inputs }: { readonly provider: ProviderName } & Readonly<Record<string, unknown>>,
    opts: pulumi.CustomResourceOptions,
  ) {
    super(dynamicType(type), name, { __provider: loadedFrom(provider), ...inputs }, opts);
  }
}

/** The plugin runs in the program's folder, src. */
export function loadedFrom(file: ProviderName): string {
  return `exports.handler = () => require(require("node:path").resolve("operator-tools/${file}.cjs")).provider;`;
}

/**
 * The outputs of this very stack as the last run to its end left them; empty before. It is what a StackReference asks the engine
 * (pkg/resource/deploy/builtins.go), which fails where the stack is new, and would leave a resource in the state.
 * Would replace it: pulumi/pulumi#3540 (closed without a way).
 */
export async function readStackOutputs(): Promise<Readonly<Record<string, unknown>>> {
  return outputsOf(await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: stackName() }));
}

/**
 * All resources in this stack's state by URN, each as `{ type, outputs }`, also those of a run that failed. The engine still answers (same
 * file), and the SDK's function for it, listResourceOutputs, is gone.
 * Would replace it: pulumi/pulumi#4582 (closed without a way).
 */
export async function readStackResources(): Promise<Readonly<Record<string, unknown>>> {
  return outputsOf(await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: stackName() }));
}

function outputsOf(answer: unknown): Readonly<Record<string, unknown>> {
  return (answer as { outputs?: Readonly<Record<string, unknown>> }).outputs ?? {};
}

function stackName(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

/**
 * Whether a config value was set with `--secret`. Exported, but kept out of the SDK's types (runtime/config.js).
 * Would replace it: pulumi/pulumi#13063.
 */
export function isConfigSecret(key: string): boolean {
  const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  return runtime.isConfigSecret(key);
}

/**
 * Whether a value can be told already: in a preview, what is still to be made cannot. Kept out of the SDK's types (output.js).
 * Would replace it: pulumi/pulumi#12044.
 */
export function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  return (output as unknown as { readonly isKnown: Promise<boolean> }).isKnown;
}
