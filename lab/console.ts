import { applyEdits, modify } from "jsonc-parser";
import type { AdminClient } from "./tailscale-api/admin-client";
import type { Lab } from "./lab";
import type { LabControl } from "./lab-control";

/** The person who owns the lab's tailnet and runs its Pulumi. */
export const operatorLogin = "alice@example.org";
export const adminTag = "tag:k3s-admin";

export interface OauthCredentials {
  readonly id: string;
  readonly secret: string;
}

const formatting = { formattingOptions: { insertSpaces: false, tabSize: 1 } };

/** The three steps in the vendor's console that docs/tailscale.md asks of a new tailnet: tag owner, OAuth client, operators. */
export async function takeConsoleSteps(admin: AdminClient): Promise<OauthCredentials> {
  const { text } = await admin.call("getPolicy");
  const withOwner = applyEdits(text, modify(text, ["tagOwners", adminTag], ["autogroup:admin"], formatting));
  const withOperators = applyEdits(withOwner, modify(withOwner, ["groups", "group:ops"], [operatorLogin], formatting));
  await admin.call("editPolicy", { text: withOperators });
  return admin.call("createClient", { scopes: ["auth_keys", "policy_file", "devices:core"], tags: [adminTag], description: "hybrid-k3s" });
}

/** The lab's control services; fails in a lab of hosts and networks only. */
export function controlOf(lab: Lab): LabControl {
  if (lab.control === undefined) throw new Error("this lab was started without its control server");
  return lab.control;
}

/** Logs the operator's machine in to the tailnet as a device of the operator's own. */
export async function joinOperator(lab: Lab): Promise<void> {
  const { key } = await controlOf(lab).admin.call("createDeviceKey", { user: operatorLogin });
  await lab.operator.joinTailnet({ hostname: "operator", authKey: key, flags: ["--accept-routes"] });
}
