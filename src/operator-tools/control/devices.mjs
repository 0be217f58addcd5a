import { pause } from "../run/deadline.mjs";
import { ToolError } from "../run/tool-error.mjs";

/** @import { Control, Device } from "./control-server.mjs" */

/** @typedef {{ readonly node: string; readonly tag: string }} NodeDevice */

const POLL_MS = 1000;
const LAST_LOOK_POLLS = 10;

/**
 * Removes every device of this node and reads again until none is left; resolves with how many were removed.
 * A device is the node's when it carries the cluster's tag and its client reports exactly the node's name: `name` may
 * have a suffix that the control server added, so it is not compared. Nothing without the tag is ever touched.
 * @type {(control: Pick<Control, "listDevices" | "deleteDevice" | "deadline" | "machinesPage">, wanted: NodeDevice, options?: { readonly pollMs?: number | undefined }) => Promise<number>}
 */
export async function removeDevices(control, { node, tag }, { pollMs = POLL_MS } = {}) {
  /** @type {Set<string>} */
  const removed = new Set();
  for (let round = 0; ; round += 1) {
    const left = (await control.listDevices()).filter((device) => isDeviceOf(device, { node, tag }));
    if (left.length === 0) return removed.size;
    for (const { id } of left) {
      await control.deleteDevice(id);
      removed.add(id);
    }
    // The deletion is synchronous at the vendor's: the first look again comes at once.
    if (round > 0) await pause(pollMs, control.deadline);
    // A last look needs time of its own.
    if (control.deadline.left < LAST_LOOK_POLLS * pollMs) throw stillListed(left, node, control);
  }
}

/** @type {(left: readonly Device[], node: string, control: Pick<Control, "machinesPage">) => ToolError} */
function stillListed(left, node, { machinesPage }) {
  return new ToolError(
    `the tailnet still lists ${left.map(({ id, name }) => `${name} (${id})`).join(", ")} for ${node} though it was deleted. ` +
      `Run the same command again; if it stays, remove it at ${machinesPage}.`,
  );
}

/**
 * Whether the device is this node's: by the cluster's own tag and exactly the node's name.
 * @type {(device: Pick<Device, "hostname" | "tags" | "isExternal">, wanted: NodeDevice) => boolean}
 */
export function isDeviceOf({ hostname, tags, isExternal }, { node, tag }) {
  return hostname === node && tags.includes(tag) && !isExternal;
}
