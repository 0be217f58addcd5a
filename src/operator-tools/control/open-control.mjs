import { headscaleAccess, tailnetAccess } from "../run/credentials.mjs";
import { HeadscaleControl } from "./headscale-control.mjs";
import { TailscaleControl } from "./tailscale-control.mjs";

/** @import { Control } from "./control-server.mjs" */
/** @import { ApiLimits } from "./api-calls.mjs" */
/** @import { ToolContext } from "../run/output.mjs" */
/** @import { TailnetInput } from "../run/tool-input.mjs" */

/** @typedef {ToolContext & { readonly limits?: Partial<ApiLimits> | undefined }} ControlContext */

/**
 * The control server that a tool's input names. `tailnet.mode` is absent in the state of older releases, which knew Tailscale alone.
 * @type {(tailnet: TailnetInput, context: ControlContext) => Control}
 */
export function openControl(tailnet, context) {
  if (tailnet.mode === "headscale") return openHeadscale(tailnet, context);
  const { env, out, limits } = context;
  return new TailscaleControl(tailnetAccess(tailnet, env, out), out, limits);
}

/** @type {(tailnet: TailnetInput, context: ControlContext) => HeadscaleControl} */
export function openHeadscale(tailnet, { env, out, limits }) {
  return new HeadscaleControl(headscaleAccess(tailnet, env, out), limits);
}
