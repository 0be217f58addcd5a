import { headscaleAccess, tailnetAccess } from "./credentials.mjs";
import { HeadscaleControl } from "./headscale-control.mjs";
import { TailscaleControl } from "./tailscale-control.mjs";

/**
 * The control server that a tool's input names, of either kind with the same methods: requireAccess, listDevices, getDevice, deleteDevice,
 * enableRoutes, readPolicy, writePolicy. `tailnet.mode` is absent in the state of older releases, which knew Tailscale alone.
 */
export function openControl(tailnet, { env, out, limits }) {
  if (tailnet.mode === "headscale") return new HeadscaleControl(headscaleAccess(tailnet, env, out), limits);
  return new TailscaleControl(tailnetAccess(tailnet, env, out), out, limits);
}
