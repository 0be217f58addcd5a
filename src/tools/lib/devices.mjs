import { pause } from "./deadline.mjs";
import { ToolError } from "./tool-error.mjs";

const SCOPE = "devices:core";
const POLL_MS = 1000;
const LAST_LOOK_POLLS = 10;

/**
 * Removes every device of this node and reads again until none is left; resolves with how many were removed.
 * A device is the node's when it carries the cluster's tag and its client reports exactly the node's name: `name` may
 * have a suffix that the control server added, so it is not compared. Nothing without the tag is ever touched.
 */
export async function removeDevices(api, { node, tag }, { pollMs = POLL_MS } = {}) {
  const removed = new Set();
  for (let round = 0; ; round += 1) {
    const left = (await listDevices(api)).filter((device) => isOurs(device, node, tag));
    if (left.length === 0) return removed.size;
    for (const device of left) {
      const id = deviceId(device);
      // 404: somebody else removed it meanwhile, or its own logout did.
      await api.call("DELETE", `/api/v2/device/${encodeURIComponent(id)}`, { scope: SCOPE, accept: [404] });
      removed.add(id);
    }
    // The deletion is synchronous at the vendor's: the first look again comes at once.
    if (round > 0) await pause(pollMs, api.deadline);
    // A last look needs time of its own.
    if (api.deadline.left < LAST_LOOK_POLLS * pollMs) throw stillListed(left, node);
  }
}

function stillListed(left, node) {
  return new ToolError(
    `the tailnet still lists ${left.map((device) => `${device.name} (${deviceId(device)})`).join(", ")} for ${node} though it was deleted. ` +
      "Run the same command again; if it stays, remove it at https://login.tailscale.com/admin/machines.",
  );
}

/** Every device of the tailnet. */
export async function listDevices(api) {
  const { text } = await api.call("GET", api.inTailnet("/devices"), { scope: SCOPE });
  const devices = JSON.parse(text).devices;
  if (!Array.isArray(devices))
    throw new ToolError("The tailnet's API answered the list of devices without `devices`. Check tailscale:baseUrl.");
  return devices;
}

function isOurs(device, node, tag) {
  return device.hostname === node && Array.isArray(device.tags) && device.tags.includes(tag) && device.isExternal !== true;
}

// nodeId is the preferred identifier, id the older one; the API takes either (https://tailscale.com/api#tag/devices).
function deviceId(device) {
  return device.nodeId || device.id;
}
