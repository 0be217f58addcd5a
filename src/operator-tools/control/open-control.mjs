// @ts-check
import { headscaleAccess, tailnetAccess } from "../run/credentials.mjs";
import { HeadscaleControl } from "./headscale-control.mjs";
import { TailscaleControl } from "./tailscale-control.mjs";

/** @import { ApiLimits } from "./api-calls.mjs" */
/** @import { Deadline } from "../run/deadline.mjs" */
/** @import { Device } from "./devices.mjs" */
/** @import { ToolContext } from "../run/output.mjs" */
/** @import { PolicyTraits } from "../policy/cluster-rules.cjs" */
/** @import { TailnetInput } from "../run/tool-input.mjs" */

/** @typedef {{ readonly hostname?: string; readonly tag?: string; readonly withRoutes?: boolean }} DeviceFilter */
/** @typedef {{ readonly text: string; readonly etag?: string | undefined; readonly isFixed?: boolean }} LivePolicy */
/**
 * A control server, of either kind.
 * @typedef {object} Control
 * @property {string} machinesPage Where an operator sees the devices.
 * @property {string} policyPage
 * @property {string} routesPage
 * @property {Deadline} deadline Of all its calls together.
 * @property {() => Promise<PolicyTraits | undefined>} policyTraits What it makes of a policy; undefined: what Tailscale does.
 * @property {() => Promise<void>} requireAccess Throws where its credential cannot do what a stack needs.
 * @property {(version: string) => Promise<void>} [requireClient] Throws where nodes of this tailscale could not log in; absent where it does not tell.
 * @property {() => Promise<string[] | undefined>} [clientTags] The tags of the OAuth client that asks; undefined where it is none or they are not told.
 * @property {(filter?: DeviceFilter) => Promise<Device[]>} listDevices
 * @property {(id: string) => Promise<Device | undefined>} getDevice
 * @property {(id: string) => Promise<void>} deleteDevice Resolves also where it is gone already.
 * @property {(id: string, routes: readonly string[]) => Promise<void>} enableRoutes Exactly these from now on.
 * @property {() => Promise<LivePolicy>} readPolicy
 * @property {(text: string, live: LivePolicy) => Promise<boolean>} writePolicy Resolves with false where `live` is not the policy any more.
 * @property {(name: string) => Promise<string | undefined>} [ensureKeyUser] The id of the user that keys belong to.
 * @property {(name: string) => Promise<void>} [removeKeyUser]
 */
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
