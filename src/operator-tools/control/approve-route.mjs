import { Deadline, pause } from "../run/deadline.mjs";
import { isDeviceOf } from "./devices.mjs";
import { openControl } from "./open-control.mjs";
import { contains, knownNetwork, overlaps, readNetwork } from "../policy/ip-networks.mjs";
import { fields, readFields, text } from "../run/read-fields.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { taggedTailnet } from "../run/tool-input.mjs";

/** @import { Device } from "./control-server.mjs" */
/** @import { Control } from "./control-server.mjs" */
/** @import { ToolContext, ToolOutput } from "../run/output.mjs" */
/** @import { AnyNetwork } from "../policy/ip-networks.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { Reveal } from "../host/run-script.mjs" */

/** @typedef {ToolLimits & { readonly waitMs?: number; readonly policyMs?: number }} RouteLimits */
/** @typedef {{ readonly node: string; readonly tag: string }} Wanted */

const routeInput = fields({ node: text, podCidr: text, tailnet: taggedTailnet });

const WAIT_MS = 120_000;
// autoApprovers act when the route is announced; what is not approved by then, the policy does not approve.
const POLICY_MS = 3000;
// The calls under way when the wait is over.
const LAST_CALL_MS = 20_000;
const FIRST_POLL_MS = 150;
// With the look that just missed the approval and the one that sees it, at 300 ms each, a verification ends within a second of it.
const LONGEST_POLL_MS = 400;
// Each node takes a /24 (controller-manager's default --node-cidr-mask-size, which the stack keeps to).
const NODE_PREFIX = 24;

/**
 * Waits until the pod route that this node's device advertises is enabled, and enables it by the device's id where the policy has not.
 * Reveals {podCidr, by}. No other route is ever touched: none outside podCidr, none larger than a node's, none that another device serves.
 * @type {(given: unknown, context: ToolContext & { readonly reveal: Reveal; readonly limits?: RouteLimits }) => Promise<void>}
 */
export async function approveRoute(given, { env, out, reveal, limits = {} }) {
  const { node, podCidr, tailnet } = readFields(given, routeInput);
  const waitMs = limits.waitMs ?? WAIT_MS;
  const control = openControl(tailnet, { env, out, limits: { totalMs: waitMs + LAST_CALL_MS, ...limits.api } });
  const deadline = new Deadline(waitMs);
  const wanted = { node, tag: tailnet.tag };
  /** @type {Device | undefined} */
  let device;
  /** @type {Deadline | undefined} */
  let patience;
  let by = "policy";
  for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 1.5, LONGEST_POLL_MS)) {
    device = await findDevice(control, wanted, device);
    const { advertisedRoutes = [], enabledRoutes = [] } = device ?? {};
    const routes = advertisedRoutes.filter((route) => isNodeRoute(route, podCidr));
    const due = routes.filter((route) => !enabledRoutes.includes(route));
    if (routes.length > 0 && due.length === 0) return reveal({ podCidr: routes.join(","), by });
    if (device && due.length > 0 && by === "policy") {
      patience ??= new Deadline(limits.policyMs ?? POLICY_MS);
      if (patience.over) {
        await enable(control, wanted, { device, due }, out);
        by = "id";
        continue;
      }
    }
    if (deadline.over) throw notServed({ node, podCidr, waitMs, control }, device, due);
    await pause(poll, deadline);
  }
}

/**
 * By id once it is known: one device instead of the whole tailnet. A device that was made again has another id, and is the one that is online.
 * @type {(control: Control, wanted: Wanted, known: Device | undefined) => Promise<Device | undefined>}
 */
async function findDevice(control, wanted, known) {
  const same = known && (await control.getDevice(known.id));
  if (same?.isOnline && isDeviceOf(same, wanted)) return same;
  const { node, tag } = wanted;
  const devices = (await control.listDevices({ hostname: node, tag, withRoutes: true })).filter((device) => isDeviceOf(device, wanted));
  // One that went away unnoticed may still be listed beside the one that is there.
  return devices.find(({ isOnline }) => isOnline) ?? devices[0];
}

/** @type {(control: Control, wanted: Wanted, route: { readonly device: Device; readonly due: readonly string[] }, out: ToolOutput) => Promise<void>} */
async function enable(control, { node, tag }, { device, due }, out) {
  const [route] = due;
  if (route === undefined || due.length > 1) {
    throw new ToolError(
      `${node} (${device.addresses[0]}) advertises ${due.join(" and ")}, and a node has one pod route; none was approved. ` +
        "On the host run: tailscale set --advertise-routes= && systemctl restart k3s (k3s-agent on agents); then run pulumi up again.",
    );
  }
  const pods = knownNetwork(route);
  // A wider route of a device that is none of the nodes', an exit node's for one, takes nothing from this one: the longest prefix wins.
  /** @type {(device: Device, other: AnyNetwork) => boolean} */
  const takes = ({ tags }, other) => (tags.includes(tag) ? overlaps(other, pods) : contains(pods, other));
  const others = (await control.listDevices({ withRoutes: true })).filter(({ id }) => id !== device.id);
  const holder = others.find((one) =>
    one.enabledRoutes.some((other) => one.advertisedRoutes.includes(other) && takes(one, readNetwork(other) ?? NOWHERE)),
  );
  if (holder) {
    throw new ToolError(
      `${node} (${device.addresses[0]}) advertises ${route}, which ${holder.hostname} (${holder.addresses[0]}) serves already; it was not approved. ` +
        `Take it away from the wrong one: tailscale set --advertise-routes= on its host; then run pulumi up again.`,
    );
  }
  try {
    await control.enableRoutes(device.id, [...device.enabledRoutes, route]);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(
      `The policy does not approve ${route} of ${node}, and it could not be approved by the device's id: ${error.message}\n` +
        `Or approve it at ${control.routesPage}, and run pulumi up again.`,
    );
  }
  out.say(
    `${node}: the policy did not approve its route ${route} within ${POLICY_MS / 1000} s; approved it by the device's id ${device.id}`,
  );
}

const NOWHERE = knownNetwork("255.255.255.255/32");

/** @type {(route: string, podCidr: string) => boolean} */
function isNodeRoute(route, podCidr) {
  const network = readNetwork(route);
  return network !== undefined && network.prefix >= NODE_PREFIX && contains(knownNetwork(podCidr), network);
}

/** @type {(wanted: { readonly node: string; readonly podCidr: string; readonly waitMs: number; readonly control: Control }, device: Device | undefined, due: readonly string[]) => ToolError} */
function notServed({ node, podCidr, waitMs, control }, device, due) {
  const after = `after ${waitMs / 1000} s`;
  if (device === undefined)
    return new ToolError(
      `${node} has no device in the tailnet ${after}; look at \`tailscale status\` on its host, and at ${control.machinesPage}.`,
    );
  if (due.length > 0)
    return new ToolError(
      `${due.join(", ")} of ${node} was approved and is not enabled ${after}; look at ${control.routesPage}, and run pulumi up again.`,
    );
  const offered = device.advertisedRoutes.length === 0 ? "no route" : `only ${device.advertisedRoutes.join(", ")}`;
  return new ToolError(
    `${node} (${device.addresses[0]}) advertises ${offered} ${after}, and none of a node inside ${podCidr}. ` +
      "k3s advertises it once the node has its podCIDR; see on the host: journalctl -u k3s-agent (k3s on servers); then run pulumi up again.",
  );
}
