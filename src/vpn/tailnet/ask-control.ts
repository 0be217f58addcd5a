import * as pulumi from "@pulumi/pulumi";
import type { Control } from "../../operator-tools/control/control-server.mjs" with { "resolution-mode": "import" };
import type { Vpn } from "../vpn";

/**
 * Asks the control server by the tools' own client, at preview too. Credentials in the environment win over those of the stack, as in every
 * tool; of an expected fault the message alone is told.
 */
export async function askControl<T>(
  access: Vpn["access"],
  ask: (control: Control) => Promise<T>,
  { env = process.env, limits = {} }: { readonly env?: NodeJS.ProcessEnv; readonly limits?: object } = {},
): Promise<T> {
  const [{ openControl }, { createOutput }, { readFields }, { tailnet }] = await Promise.all([
    import("../../operator-tools/control/open-control.mjs"),
    import("../../operator-tools/run/output.mjs"),
    import("../../operator-tools/run/read-fields.mjs"),
    import("../../operator-tools/run/tool-input.mjs"),
  ]);
  const out = createOutput();
  try {
    return await ask(openControl(readFields(await known(access), tailnet), { env, out, limits }));
  } catch (error) {
    // A bug keeps its stack.
    if (error instanceof Error && error.name === "ToolError") throw new pulumi.RunError(out.redact(error.message));
    throw error;
  }
}

/** Everything of it comes from the stack's config, so it is known at preview too. */
function known(access: Vpn["access"]): Promise<Record<string, string | undefined>> {
  return new Promise((resolve) => pulumi.output(access).apply(resolve));
}
