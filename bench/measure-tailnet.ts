import { type ProbePod, PROBE_TCP_PORT, deployProbePods, execProbe, removeProbePods } from "../lab/checks/probe-pods";
import { controlOf } from "../lab/console";
import type { RunResult } from "../lab/contract";
import type { HostName } from "../lab/hosts/topology";
import { waitUntil } from "../lab/hosts/wait-until";
import type { Lab } from "../lab/lab";
import { type LabStack, createStack } from "../lab/stack";
import { median } from "./figures";
import { measureRouteWait } from "./measure-route-wait";

export interface TailnetCost {
  /** What policy and keys add to the first `up`. */
  readonly seconds: number;
  /** From a route's approval to the end of its verification, in seconds. */
  readonly routeWait: number;
  /** MiB a second across sites. */
  readonly hostToHost: number;
  readonly podToPod: number;
  readonly vxlan: number;
}

const VXLAN_PORT = 4789;
const BYTES = 200 * 2 ** 20;
// The three ways take turns, so that a machine that gets slower meanwhile does so for all.
const ROUNDS = 5;
const FROM: HostName = "rack-2";
const TO: HostName = "kiosk-1";

/** One life of the lab's cluster on newly installed hosts. */
export async function measureTailnet(lab: Lab, run: number, onOutput: (text: string) => void): Promise<TailnetCost> {
  const stack = await createStack(lab, { name: `tailnet-${run}` });
  // Between hosts the policy lets through what is measured there; the cluster itself needs the kubelet's port alone.
  stack.edit(({ "hybrid-k3s:vpn": vpn }) => (vpn.nodePorts = [10250, PROBE_TCP_PORT, VXLAN_PORT]));
  const since = new Date().toISOString();
  const said = await succeed(stack, "up", onOutput);
  const reading = await firstReading(lab, since);
  await stack.saveKubeconfig();
  const routeWait = await measureRouteWait(lab, stack, onOutput);
  const throughput = await measureThroughput(lab);
  await succeed(stack, "destroy", onOutput);
  return { seconds: reading + costOf(said), routeWait, ...throughput };
}

async function succeed(stack: LabStack, verb: "up" | "destroy", onOutput: (text: string) => void): Promise<string> {
  const { code, stdout, stderr } = await stack[verb]([], { onOutput });
  if (code !== 0) throw new Error(`pulumi ${verb} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** From the program's first question to the API until it has the live policy, before it registers anything. */
async function firstReading(lab: Lab, since: string): Promise<number> {
  const { requests } = await controlOf(lab).admin.call("requests", { since });
  const first = requests[0];
  const read = requests.find(({ method, path }) => method === "GET" && path.endsWith("/acl"));
  if (first === undefined || read === undefined) throw new Error(`the policy was not read: ${JSON.stringify(requests)}`);
  return (Date.parse(read.time) + read.ms - Date.parse(first.time)) / 1000;
}

/** The policy and, since every node's key is made beside the others', the slowest key. */
function costOf(said: string): number {
  const created = (name: string) =>
    [...said.matchAll(new RegExp(` (?:\\S+-)?${name} created \\(([\\d.]+)s\\)`, "g"))].map(([, text]) => Number(text));
  const [policy, keys] = [created("policy"), created("key")];
  if (policy.length === 0 || keys.length === 0) throw new Error(`pulumi up does not say how long policy and keys took:\n${said}`);
  return Math.max(...policy) + Math.max(...keys);
}

async function measureThroughput(lab: Lab): Promise<Omit<TailnetCost, "seconds" | "routeWait">> {
  const kubectl = lab.operator.kubectl.bind(lab.operator);
  const pods = await deployProbePods(kubectl);
  const [from, to] = [podOn(pods, FROM), podOn(pods, TO)];
  const remove = [await makeVxlan(lab, from.hostIp, to.hostIp), await serveOn(lab)];
  try {
    const fromHost = (address: string) =>
      lab.namespaces.run([controlOf(lab).tools.probe, ...blank(address)], { netns: FROM, timeoutMs: 120_000 });
    const ways = {
      hostToHost: () => fromHost(to.hostIp),
      podToPod: () => execProbe(kubectl, from, blank(to.podIp)),
      vxlan: () => fromHost(VXLAN_ADDRESSES[1]),
    };
    const seen = { hostToHost: [] as number[], podToPod: [] as number[], vxlan: [] as number[] };
    for (let round = 0; round < ROUNDS; round++)
      for (const way of ["hostToHost", "podToPod", "vxlan"] as const) seen[way].push(rateOf(way, await ways[way]()));
    return { hostToHost: median(seen.hostToHost), podToPod: median(seen.podToPod), vxlan: median(seen.vxlan) };
  } finally {
    for (const undo of remove) await undo();
    await removeProbePods(kubectl);
  }
}

const blank = (address: string): readonly string[] => ["send", "-blank", "-timeout", "60s", address, String(PROBE_TCP_PORT), String(BYTES)];

function rateOf(way: string, { code, stdout, stderr }: RunResult): number {
  if (code !== 0) throw new Error(`${way}: ${stderr}`);
  return BYTES / 2 ** 20 / (JSON.parse(stdout) as { seconds: number }).seconds;
}

function podOn(pods: readonly ProbePod[], node: HostName): ProbePod {
  const pod = pods.find((candidate) => candidate.node === node);
  if (pod === undefined) throw new Error(`no probe pod on ${node}`);
  return pod;
}

const VXLAN_ADDRESSES = ["10.44.0.1", "10.44.0.2"] as const;

/** What flannel's vxlan over the tailnet comes to, by hand: 50 bytes of its own in each packet of the tailnet's 1280. */
async function makeVxlan(lab: Lab, fromIp: string, toIp: string): Promise<() => Promise<void>> {
  const ends = [
    { host: lab.host(FROM), local: fromIp, remote: toIp, address: VXLAN_ADDRESSES[0] },
    { host: lab.host(TO), local: toIp, remote: fromIp, address: VXLAN_ADDRESSES[1] },
  ];
  for (const { host, local, remote, address } of ends)
    await host.exec(`ip link add bench type vxlan id 44 dstport ${VXLAN_PORT} local ${local} remote ${remote} dev tailscale0
      ip address add ${address}/24 dev bench; ip link set bench mtu 1230 up`);
  return async () => {
    for (const { host } of ends) await host.exec("ip link delete bench");
  };
}

/** A server on the far host itself, as the probe pods have one. */
async function serveOn(lab: Lab): Promise<() => Promise<void>> {
  const ending = new AbortController();
  const argv = [controlOf(lab).tools.probe, "serve", "-tcp", String(PROBE_TCP_PORT)];
  const serving = lab.namespaces.run(argv, { netns: TO, signal: ending.signal });
  await waitUntil(
    `the probe serves on ${TO}`,
    async () =>
      (await lab.namespaces.run([controlOf(lab).tools.probe, "dial", "127.0.0.1", String(PROBE_TCP_PORT)], { netns: TO })).code === 0,
    { timeoutMs: 10_000 },
  );
  return async () => {
    ending.abort();
    await serving;
  };
}
