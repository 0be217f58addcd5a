import { controlOf } from "../lab/console";
import type { HostName } from "../lab/hosts/topology";
import { waitUntil } from "../lab/hosts/wait-until";
import type { Lab } from "../lab/lab";
import type { LabStack } from "../lab/stack";

const NODE: HostName = "kiosk-1";
/**
 * How long after its first look the route is approved: at other points of the verification's polling each time, and before it gives the
 * policy up and approves the route itself (POLICY_MS of src/operator-tools/control/approve-route.mjs).
 */
const APPROVED_AFTER_MS = [300, 800, 1300, 1800, 2300];

/**
 * Seconds from the approval of a node's pod route to the end of its verification, as the engine tells it: the longest of some. The route is
 * taken away by the tailnet's administrator, verified again by `pulumi up --replace`, and given back meanwhile.
 */
export async function measureRouteWait(lab: Lab, stack: LabStack, onOutput: (text: string) => void): Promise<number> {
  const waits: number[] = [];
  for (const after of APPROVED_AFTER_MS) waits.push(await waitOnce(lab, stack, after, onOutput));
  return Math.max(...waits);
}

async function waitOnce(lab: Lab, stack: LabStack, approvedAfterMs: number, onOutput: (text: string) => void): Promise<number> {
  const { admin } = controlOf(lab);
  const { id, enabledRoutes: routes } = await deviceOf(lab);
  if (routes.length !== 1) throw new Error(`${NODE} serves ${routes.join(", ") || "no route"} and not one`);
  await admin.call("setRoutes", { id, routes: [] });
  const since = new Date().toISOString();
  let verified: number | undefined;
  const up = stack.up(["--replace", `**::${NODE}-route`], {
    onOutput: (text) => {
      if (verified === undefined && text.includes(`${NODE}-route created`)) verified = performance.now();
      onOutput(text);
    },
  });
  const isLookedAt = async () => (await admin.call("requests", { since })).requests.some(({ path }) => path.endsWith("/devices"));
  await waitUntil(`the route of ${NODE} is looked at`, isLookedAt, { timeoutMs: 60_000, intervalMs: 50 });
  await new Promise((resolve) => setTimeout(resolve, approvedAfterMs));
  const approving = performance.now();
  if (verified !== undefined) throw new Error(`the route of ${NODE} was approved by somebody else`);
  await admin.call("setRoutes", { id, routes });
  const { code, stdout, stderr } = await up;
  if (code !== 0 || verified === undefined) throw new Error(`pulumi up ended with ${code}:\n${stdout}\n${stderr}`);
  return (verified - approving) / 1000;
}

async function deviceOf(lab: Lab) {
  const { devices } = await controlOf(lab).admin.call("listDevices");
  const device = devices.find(({ hostname }) => hostname === NODE);
  if (device === undefined) throw new Error(`${NODE} is not in the tailnet`);
  return device;
}
