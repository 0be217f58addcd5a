import { Deadline, pause } from "../run/deadline.mjs";
import { isDeviceOf } from "./devices.mjs";
import { openControl } from "./open-control.mjs";
import { fields, listOf, readFields, text } from "../run/read-fields.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { taggedTailnet } from "../run/tool-input.mjs";

/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { Reveal } from "../host/run-script.mjs" */

/** @typedef {ToolLimits & { readonly waitMs?: number }} TagLimits */

const tagInput = fields({ node: text, tags: listOf(text), tailnet: taggedTailnet });

// It has logged in already; a control server may take a moment to list it.
const WAIT_MS = 30_000;
const LAST_CALL_MS = 20_000;
const POLL_MS = 500;

/**
 * Gives a node's device these tags beside those that it has, in place: its login, address and connections stay. Reveals {device, tags}. No other
 * device is ever touched.
 * @type {(given: unknown, context: ToolContext & { readonly reveal: Reveal; readonly limits?: TagLimits }) => Promise<void>}
 */
export async function tagDevice(given, { env, out, reveal, limits = {} }) {
  const { node, tags, tailnet } = readFields(given, tagInput);
  const waitMs = limits.waitMs ?? WAIT_MS;
  const control = openControl(tailnet, { env, out, limits: { totalMs: waitMs + LAST_CALL_MS, ...limits.api } });
  const deadline = new Deadline(waitMs);
  const wanted = { node, tag: tailnet.tag };
  for (;;) {
    const devices = (await control.listDevices({ hostname: node, tag: tailnet.tag })).filter((device) => isDeviceOf(device, wanted));
    // One that went away unnoticed may still be listed beside the one that is there.
    const device = devices.find(({ isOnline }) => isOnline) ?? devices[0];
    if (device !== undefined) {
      const all = [...new Set([...device.tags, ...tags])];
      if (all.length > device.tags.length) await setTags(control, { id: device.id, node, tags: all });
      return reveal({ device: device.id, tags: all });
    }
    if (deadline.over) {
      throw new ToolError(
        `${node} has no device in the tailnet after ${waitMs / 1000} s; look at \`tailscale status\` on its host, and at ${control.machinesPage}; then run pulumi up again.`,
      );
    }
    await pause(POLL_MS, deadline);
  }
}

/** @type {(control: ReturnType<typeof openControl>, device: { readonly id: string; readonly node: string; readonly tags: readonly string[] }) => Promise<void>} */
async function setTags(control, { id, node, tags }) {
  try {
    await control.setTags(id, tags);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(
      `The device of ${node} could not be given the tags ${tags.join(", ")}: ${error.message}\n` +
        `An owner of each of them (tagOwners, at ${control.policyPage}) must be a tag of the credential's; or give them to the device at ${control.machinesPage}. Then run pulumi up again.`,
    );
  }
}
