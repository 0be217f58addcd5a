import { isList, isObject, parseJson } from "../run/json.mjs";
import { ToolError } from "../run/tool-error.mjs";

/** @import { TailnetApi } from "./tailnet-api.mjs" */

const SCOPE = "services";
const TAKE_OUT = "or take vpn.apiService out of the config: kubectl then goes to the servers one by one. Nothing was changed.";

/**
 * Refuses a Service that cannot be made, or is somebody else's. A stack's own has its comment: so it is known again without the state.
 * (https://tailscale.com/api#tag/services: listServices, OAuth scope services:read; to make one takes services.)
 * @type {(api: TailnetApi, wanted: { readonly name: string; readonly comment: string }) => Promise<void>}
 */
export async function requireService(api, { name, comment }) {
  const granted = await api.grantedScopes();
  const reply = await api.call("GET", api.inTailnet("/services"), { scope: SCOPE, accept: [403, 404, 405, 501] });
  if (reply.status === 403 || (granted?.length && ![SCOPE, "all"].some((scope) => granted.includes(scope)))) {
    throw new ToolError(
      `The credential for the tailnet's API may not make ${name}, the Service that vpn.apiService asks for${reply.ok ? "" : ` (${reply.status}: ${reply.message})`}. ` +
        `Give the OAuth client the scope ${SCOPE} (write) at https://login.tailscale.com/admin/settings/oauth (docs/tailscale.md, A Service in front of the API), ` +
        `or use the API key of an admin; ${TAKE_OUT}`,
    );
  }
  if (!reply.ok) {
    throw new ToolError(
      `The tailnet's API knows no Services (${reply.status}: ${reply.message}), and vpn.apiService asks for ${name}. Look at ` +
        `https://login.tailscale.com/admin/services, whether the tailnet has them, and at tailscale:baseUrl; ${TAKE_OUT}`,
    );
  }
  const answer = parseJson(reply.text);
  const services = isObject(answer) ? answer.vipServices : undefined;
  if (!isList(services))
    throw new ToolError("The tailnet's API answered the list of Services without `vipServices`. Check tailscale:baseUrl.");
  const there = services.filter(isObject).find((service) => service.name === name);
  if (there === undefined || there.comment === comment) return;
  const whose = there.comment ? `its comment is ${JSON.stringify(there.comment)}` : "it has no comment";
  throw new ToolError(
    `The tailnet has a Service ${name} already, which is not this stack's (${whose}; this stack's has ${JSON.stringify(comment)}). Choose another vpn.apiService, ` +
      `or delete it at https://login.tailscale.com/admin/services if nobody needs it; ${TAKE_OUT}`,
  );
}
