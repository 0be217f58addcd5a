import { ToolError } from "../run/tool-error.mjs";

/** @import { TailnetApi } from "./tailnet-api.mjs" */

/**
 * Scopes that this stack needs, all to write, with a harmless call that needs at least the reading half, and the older
 * scope that held it (https://tailscale.com/kb/1215/oauth-clients#legacy-scopes).
 */
const NEEDED = [
  { scope: "policy_file", probe: "/acl", older: "acl" },
  { scope: "auth_keys", probe: "/keys", older: "devices" },
  { scope: "devices:core", probe: "/devices", older: "devices" },
];

/**
 * Refuses a credential that lacks a scope, naming all that it lacks.
 * @type {(api: TailnetApi) => Promise<void>}
 */
export async function requireScopes(api) {
  const granted = await api.grantedScopes();
  /** @type {(need: (typeof NEEDED)[number]) => boolean} */
  const isGranted = ({ scope, older }) => !granted?.length || ["all", scope, older].some((name) => granted.includes(name));
  const replies = await Promise.all(
    NEEDED.map(({ probe, scope }) =>
      api.call("GET", api.inTailnet(probe), { scope, accept: [403, 404, 405], headers: { accept: "application/json" } }),
    ),
  );
  const missing = NEEDED.filter((need, index) => !isGranted(need) || replies[index]?.status === 403).map(({ scope }) => scope);
  if (missing.length === 0) return;
  throw new ToolError(
    `The credential for the tailnet's API lacks ${missing.length > 1 ? "the scopes" : "the scope"} ${missing.join(", ")} (each with write). ` +
      "Give them to the OAuth client at https://login.tailscale.com/admin/settings/oauth (docs/tailscale.md, step 2), or use the API key of an admin.",
  );
}
