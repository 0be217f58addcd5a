import { KUBELET_PORT } from "../../src/catalog/ports.cjs";
import { PROBE_HTTP_PORT, PROBE_TCP_PORT, type Kubectl, type ProbePod, execProbe } from "./probe-pods";

const TRANSFER_BYTES = 20_000_000;

/** One thing tried between two places, and what was seen; `fault` is absent where it was as it must be. */
export interface Finding {
  readonly from: string;
  readonly to: string;
  readonly what: string;
  readonly fault?: string;
}

/** How much to try over each pair: the demo shows that all reach all, the tests also sizes, volume and addresses. */
export type Depth = "reach" | "full";

/** Every pod to every other pod and to every other pod's node. Pods on the same node are not a pair of sites and are left out. */
export async function checkConnectivity(kubectl: Kubectl, pods: readonly ProbePod[], depth: Depth): Promise<Finding[]> {
  const perSource = await Promise.all(
    pods.map(async (from) => {
      const findings: Finding[] = [];
      const mtu = await podMtu(kubectl, from);
      for (const to of pods.filter(({ node }) => node !== from.node)) {
        findings.push(await senderAddress(kubectl, from, to), await kubeletAnswers(kubectl, from, to));
        if (depth === "full")
          findings.push(
            await exactPacket(kubectl, from, to, mtu),
            await packetTooLong(kubectl, from, to, mtu),
            await transfer(kubectl, from, to),
          );
      }
      return findings;
    }),
  );
  return perSource.flat();
}

/** The MTU of the pod's own interface, in bytes. */
export async function podMtu(kubectl: Kubectl, pod: ProbePod): Promise<number> {
  const { stdout } = await execProbe(kubectl, pod, ["mtu", "eth0"]);
  return Number(stdout.trim());
}

type Probe = (kubectl: Kubectl, from: ProbePod, to: ProbePod) => Promise<Finding>;

const senderAddress: Probe = async (kubectl, from, to) => {
  const { code, stdout, stderr } = await execProbe(kubectl, from, ["get", `http://${to.podIp}:${PROBE_HTTP_PORT}/ip`]);
  const seen = stdout.trim();
  return finding(
    from,
    to,
    "pod sees the sender's own address",
    code === 0 && seen === from.podIp,
    `sender ${from.podIp}, seen ${seen || stderr.trim()}`,
  );
};

const kubeletAnswers: Probe = async (kubectl, from, to) => {
  const { code, stderr } = await execProbe(kubectl, from, ["dial", to.hostIp, String(KUBELET_PORT)]);
  return finding(from, to, "node's kubelet port answers", code === 0, stderr.trim());
};

const transfer: Probe = async (kubectl, from, to) => {
  const { code, stderr } = await execProbe(kubectl, from, [
    "send",
    "-timeout",
    "60s",
    to.podIp,
    String(PROBE_TCP_PORT),
    String(TRANSFER_BYTES),
  ]);
  return finding(from, to, `${TRANSFER_BYTES} bytes arrive whole`, code === 0, stderr.trim());
};

async function exactPacket(kubectl: Kubectl, from: ProbePod, to: ProbePod, mtu: number): Promise<Finding> {
  // Of two, because one may be lost while the tailnet changes from a relayed path to a direct one; of a size that does not fit, none comes.
  const { stdout, stderr } = await execProbe(kubectl, from, ["ping", "-df", "-count", "2", "-size", String(mtu), to.podIp]);
  const received = Number(/"received":(\d+)/.exec(stdout)?.[1] ?? 0);
  return finding(from, to, `packet of the MTU (${mtu}) passes whole`, received > 0, `${stdout} ${stderr}`.trim());
}

async function packetTooLong(kubectl: Kubectl, from: ProbePod, to: ProbePod, mtu: number): Promise<Finding> {
  const { stdout, stderr } = await execProbe(kubectl, from, ["ping", "-df", "-count", "1", "-size", String(mtu + 1), to.podIp]);
  return finding(from, to, `packet of ${mtu + 1} is refused at home`, stdout.includes("EMSGSIZE"), `${stdout} ${stderr}`.trim());
}

function finding(from: ProbePod, to: ProbePod, what: string, good: boolean, seen: string): Finding {
  return { from: from.node, to: to.node, what, ...(good ? {} : { fault: seen === "" ? "no answer" : seen }) };
}
