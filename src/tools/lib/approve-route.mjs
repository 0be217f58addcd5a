import { Deadline, pause } from "./deadline.mjs";
import { isDeviceOf } from "./devices.mjs";
import { requireFields } from "./input.mjs";
import { openControl } from "./open-control.mjs";
import { contains, overlaps, readNetwork } from "./policy/networks.mjs";
import { ToolError } from "./tool-error.mjs";

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
 */
export async function approveRoute(input, { env, out, reveal, limits = {} }) {
  requireFields(input, ["node", "podCidr", "tailnet.tag"]);
  const { node, podCidr, tailnet } = input;
  const waitMs = limits.waitMs ?? WAIT_MS;
  const control = openControl(tailnet, { env, out, limits: { totalMs: waitMs + LAST_CALL_MS, ...limits.api } });
  const deadline = new Deadline(waitMs);
  const seen = { device: undefined, since: undefined, by: "policy" };
  for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 1.5, LONGEST_POLL_MS)) {
    seen.device = await look(control, { node, tag: tailnet.tag }, seen.device);
    const routes = seen.device?.advertisedRoutes.filter((route) => isNodeRoute(route, podCidr)) ?? [];
    const due = routes.filter((route) => !seen.device.enabledRoutes.includes(route));
    if (routes.length > 0 && due.length === 0) return reveal({ podCidr: routes.join(","), by: seen.by });
    if (due.length > 0 && seen.by === "policy") {
      seen.since ??= new Deadline(limits.policyMs ?? POLICY_MS);
      if (seen.since.over) {
        await enable(control, { node, tag: tailnet.tag, due }, seen.device, out);
        seen.by = "id";
        continue;
      }
    }
    if (deadline.over) throw notServed({ node, podCidr, waitMs, control }, seen.device, due);
    await pause(poll, deadline);
  }
}

/** By id once it is known: one device instead of the whole tailnet. A device that was made anew has another id, and is the one that is online. */
async function look(control, wanted, known) {
  const same = known && (await control.getDevice(known.id));
  if (same?.isOnline && isDeviceOf(same, wanted)) return same;
  const { node, tag } = wanted;
  const devices = (await control.listDevices({ hostname: node, tag, withRoutes: true })).filter((device) => isDeviceOf(device, wanted));
  // One that went away unnoticed may still be listed beside the one that is there.
  return devices.find(({ isOnline }) => isOnline) ?? devices[0];
}

async function enable(control, { node, tag, due }, device, out) {
  if (due.length > 1) {
    throw new ToolError(
      `${node} (${device.addresses[0]}) advertises ${due.join(" and ")}, and a node has one pod route; none was approved. ` +
        "On the host run: tailscale set --advertise-routes= && systemctl restart k3s (k3s-agent on agents); then run pulumi up again.",
    );
  }
  const [route] = due;
  const pods = readNetwork(route);
  // A wider route of a device that is none of the nodes', an exit node's for one, takes nothing from this one: the longest prefix wins.
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

const NOWHERE = readNetwork("255.255.255.255/32");

function isNodeRoute(route, podCidr) {
  const network = readNetwork(route);
  const pods = readNetwork(podCidr);
  return network !== undefined && network.prefix >= NODE_PREFIX && contains(pods, network);
}

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
