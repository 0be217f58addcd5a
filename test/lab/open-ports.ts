import type { LabHost } from "../../lab/hosts/host";
import type { CloudVm } from "../../lab/hosts/cloud-vm";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { WanMachine } from "../../lab/hosts/wan-machine";
import type { Lab } from "../../lab/lab";
import { startCapture } from "./packet-capture";

type From = Pick<LabHost | WanMachine, "run">;

/** WireGuard's port last: what was sent to the others before it has come by then, or never does. */
const UDP_PORTS = [8472, 51820, 41641];
const TCP_PORTS = [22, 80, 6443, 10250];

/**
 * Which ports of a cloud's machine its firewall lets this machine in on, of those that a node of ours or another VPN would listen on: TCP by a
 * connection, UDP by a packet that comes out of the cloud's router on the machine's own link, whatever listens there.
 */
export async function openPorts(lab: Lab, from: From, vm: CloudVm, address: string): Promise<readonly string[]> {
  const [tcp, udp] = await Promise.all([openTcp(from, address), openUdp(lab, from, vm, address)]);
  return [...tcp.map((port) => `tcp ${port}`), ...udp.map((port) => `udp ${port}`)];
}

async function openTcp(from: From, address: string): Promise<readonly number[]> {
  const dial = (port: number) => from.run(["timeout", "2", "bash", "-c", "exec 3<>/dev/tcp/$0/$1", address, String(port)]);
  const dials = await Promise.all(TCP_PORTS.map(dial));
  return TCP_PORTS.filter((_, i) => dials[i]?.code === 0);
}

async function openUdp(lab: Lab, from: From, { name, spec }: CloudVm, address: string): Promise<readonly number[]> {
  // The nodes' own packets leave from WireGuard's port.
  const filter = `udp and dst host ${spec.privateAddress} and not src port 41641 and (${UDP_PORTS.map((port) => `dst port ${port}`).join(" or ")})`;
  const capture = await startCapture(lab, { netns: spec.cloud, interface: `${name}.eth0` }, filter);
  const seen = () => capture.seen.map((line) => Number(/ > [\d.]+\.(\d+): /.exec(line)?.[1]));
  const send = () => from.run(["bash", "-c", 'for port; do echo >"/dev/udp/$0/$port"; done', address, ...UDP_PORTS.map(String)]);
  await waitUntil(
    `a packet for WireGuard comes to ${name}`,
    async () => {
      await send();
      return seen().includes(41641);
    },
    { timeoutMs: 10_000 },
  ).finally(() => capture.stop());
  return UDP_PORTS.filter((port) => seen().includes(port));
}
