import { kubectlThrough, leaderOf, waitWhole } from "../lab/checks/servers";
import type { HostName } from "../lab/hosts/topology";
import { waitUntil } from "../lab/hosts/wait-until";
import type { Lab } from "../lab/lab";
import { checkoutRoot } from "../lab/paths";
import { type LabStack, createStack } from "../lab/stack";
import { labSettings, poolHost } from "../lab/stack-config";
import { expectSuccess } from "./expect-success";
import { FloorServers } from "./floor/floor-servers";
import type { FloorNetworks } from "./floor/floor-host";
import { type Spent, measure } from "./stopwatch";

export const SERVERS = ["rack-1", "rack-2", "rack-3"] as const satisfies readonly HostName[];
const FAIL_OVER_MS = 60_000;
const RESTORE_MS = 900_000;

export interface FloorServersTimes {
  readonly up: Spent;
  readonly restore: Spent;
}

/** By hand, on hosts that have just been installed. */
export async function measureFloorServers(lab: Lab, networks: FloorNetworks): Promise<FloorServersTimes> {
  const servers = await FloorServers.prepare(lab, networks);
  try {
    const up = await measure(() => servers.start());
    await servers.saveSnapshot();
    const restore = await measure(() => servers.restore());
    await servers.destroy();
    return { up, restore };
  } finally {
    await servers.cleanUp();
  }
}

export interface ProgramServersTimes extends FloorServersTimes {
  /** From the power-off of the server that leads etcd until something can be written through another one. */
  readonly failOver: Spent;
}

/** By the program, on the same hosts, newly installed. `onOutput` sees what pulumi says. */
export async function measureProgramServers(lab: Lab, run: number, onOutput: (text: string) => void): Promise<ProgramServersTimes> {
  const stack = await createStack(lab, { name: `servers-${run}`, settings: serversSettings(lab) });
  const up = await measure(() => expectSuccess(stack, "up", onOutput));
  await stack.saveKubeconfig();
  const failOver = await measureFailOver(lab);
  await runCommand(stack, "backup", "bench");
  const restore = await measure(async () => {
    await runCommand(stack, "restore", "bench", "--yes");
    await waitWhole((argv, options) => lab.operator.kubectl(argv, options), SERVERS, { intervalMs: 200 });
  });
  await expectSuccess(stack, "destroy", onOutput);
  return { up, failOver, restore };
}

function serversSettings(lab: Lab): ReturnType<LabStack["settings"]> {
  const settings = labSettings(lab);
  settings["hybrid-k3s:vpn"].integration = "routes";
  Reflect.deleteProperty(settings["hybrid-k3s:cluster"], "datastore");
  const { rack } = settings["hybrid-k3s:pools"];
  if (rack?.provider !== "bare-metal") throw new Error("the lab's settings have a pool rack of metal hosts");
  rack.hosts = SERVERS.map((name) => poolHost(lab, name));
  settings["hybrid-k3s:pools"] = { rack };
  return settings;
}

/** The lost server is back and votes before this ends. */
async function measureFailOver(lab: Lab): Promise<Spent> {
  const leader = await leaderOf(lab, SERVERS);
  const other = SERVERS.find((name) => name !== leader) ?? "rack-1";
  const through = await kubectlThrough(lab, other, (argv, options) => lab.operator.kubectl(argv, options), 2);
  await lab.host(leader).powerOff();
  const spent = await measure(() =>
    waitUntil(`${other} takes a change`, async () => (await through(["create", "configmap", "fail-over"])).code === 0, {
      timeoutMs: FAIL_OVER_MS,
      intervalMs: 100,
    }),
  );
  await lab.host(leader).boot();
  await waitWhole(through, SERVERS, { intervalMs: 200 });
  return spent;
}

/** `npx hybrid-k3s ...`, as a person runs it. */
async function runCommand({ lab, name }: LabStack, ...words: string[]): Promise<void> {
  const argv = [process.execPath, "src/cli/main.mjs", ...words, "--stack", name];
  await lab.operator.runOrFail(argv, { cwd: checkoutRoot, timeoutMs: RESTORE_MS });
}
