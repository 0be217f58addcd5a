import { type Kubectl, succeed } from "../lab/checks/probe-pods";
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
const WHOLE_MS = 240_000;
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
    await waitForVoters((argv, options) => lab.operator.kubectl(argv, options));
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
  const leader = await leaderOf(lab);
  const other = SERVERS.find((name) => name !== leader) ?? "rack-1";
  const address = (await lab.host(other).exec("tailscale ip -4")).trim();
  const through: Kubectl = (argv, options) =>
    lab.operator.kubectl(["--server", `https://${address}:6443`, "--request-timeout=2s", ...argv], options);
  await lab.host(leader).powerOff();
  const spent = await measure(() =>
    waitUntil(`${other} takes a change`, async () => (await through(["create", "configmap", "fail-over"])).code === 0, {
      timeoutMs: FAIL_OVER_MS,
      intervalMs: 100,
    }),
  );
  await lab.host(leader).boot();
  await waitForVoters(through);
  return spent;
}

async function leaderOf(lab: Lab): Promise<HostName> {
  for (const name of SERVERS) {
    const metrics = await lab.host(name).exec("curl -sf http://127.0.0.1:2381/metrics");
    if (/^etcd_server_is_leader 1$/m.test(metrics)) return name;
  }
  throw new Error("no server leads etcd");
}

const FIELDS =
  '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status},{.status.conditions[?(@.type=="EtcdIsVoter")].status} {end}';

async function waitForVoters(kubectl: Kubectl): Promise<void> {
  const areWhole = async () => {
    const { stdout } = await succeed(kubectl, ["get", "nodes", "-o", `jsonpath=${FIELDS}`]).catch(() => ({ stdout: "" }));
    return (
      stdout
        .trim()
        .split(" ")
        .filter((one) => one === "True,True").length === SERVERS.length
    );
  };
  await waitUntil("all servers are Ready and vote", areWhole, { timeoutMs: WHOLE_MS, intervalMs: 200 });
}

/** `npx hybrid-k3s ...`, as a person runs it. */
async function runCommand({ lab, name }: LabStack, ...words: string[]): Promise<void> {
  const argv = [process.execPath, "src/cli/main.mjs", ...words, "--stack", name];
  await lab.operator.runOrFail(argv, { cwd: checkoutRoot, timeoutMs: RESTORE_MS });
}
