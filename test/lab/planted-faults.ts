import assert from "node:assert/strict";
import { parse } from "jsonc-parser";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { HostName } from "../../lab/hosts/topology";
import { plantEndingCertificate } from "../helpers/ending-certificate";
import { succeed } from "../../lab/checks/probe-pods";
import type { LabContext } from "./lab-context";
import { acceptedRoutes, assertRoutes, podCidrs } from "./node-network";
import { viewNodes } from "./nodes-view";
import { livePolicy, savePolicy } from "./shared-tailnet";

/** Something that goes wrong in a cluster, and what verify has to say of it. */
export interface PlantedFault {
  readonly name: string;
  readonly plant: (context: LabContext) => Promise<void>;
  readonly lift: (context: LabContext) => Promise<void>;
  /** The one fault that is named. */
  readonly what: RegExp;
  readonly cause: RegExp;
}

const WAIT = { timeoutMs: 60_000, intervalMs: 500 };
const on =
  (host: HostName, script: string) =>
  async ({ lab }: LabContext): Promise<void> =>
    void (await lab.host(host).exec(script));

/** A program of the host says something else: one kernel has one clock, and no disk here may be filled. */
const wrap = (host: HostName, program: string, text: string) => ({
  plant: ({ lab }: LabContext) => lab.host(host).writeFile(`/usr/local/bin/${program}`, `#!/bin/sh\n${text}\n`, "0755"),
  lift: on(host, `rm /usr/local/bin/${program}`),
});

const CERTIFICATE = "agent/client-kube-proxy";
const CERTIFICATE_FILE = `/var/lib/rancher/k3s/${CERTIFICATE}.crt`;
const HAS_KUBELET_PORT = /\b10250\b/;
let policyBefore = "";
let certificateBefore = "";

export const PLANTED: readonly PlantedFault[] = [
  {
    name: "a route that its own device withdrew",
    plant: async (context) => {
      const cidrs = await podCidrs(context.kubectl);
      await context.lab.host("rack-2").exec("tailscale set --advertise-routes=");
      const isGone = async () => !(await acceptedRoutes(context.lab.host("rack-1"))).includes(cidrs["rack-2"] ?? "");
      await waitUntil("rack-1 has lost the route", isGone, WAIT);
    },
    lift: async ({ lab, kubectl }) => {
      const cidrs = await podCidrs(kubectl);
      await lab.host("rack-2").exec(`tailscale set --advertise-routes=${cidrs["rack-2"] ?? ""}`);
      await waitUntil("all hosts have their routes again", () => assertRoutes(lab, cidrs).then(() => true), WAIT);
    },
    what: /^pods on rack-2 are not reached$/,
    cause: /rack-2 does not offer it, the policy's autoApprovers/,
  },
  {
    name: "an MTU that is too small",
    plant: on("kiosk-1", "ip link set tailscale0 mtu 1200"),
    lift: on("kiosk-1", "ip link set tailscale0 mtu 1280"),
    what: /^large packets are lost between kiosk-1 -> rack-1, kiosk-1 -> rack-2$/,
    cause: /MTU of an interface on the way is smaller/,
  },
  {
    name: "a firewall before the network policies",
    plant: on("rack-2", "iptables -w 5 -I KUBE-ROUTER-FORWARD 1 -j ACCEPT"),
    lift: on("rack-2", "iptables -w 5 -D KUBE-ROUTER-FORWARD -j ACCEPT"),
    what: /^network policies are not in force on rack-2$/,
    cause: /network policy controller/,
  },
  {
    name: "a rule of the policy that is missing",
    plant: async ({ lab }) => {
      policyBefore = await livePolicy(lab);
      const { acls = [], grants = [], ...rest } = parse(policyBefore) as Record<string, object[] | undefined>;
      const others = (rules: readonly object[]) => rules.filter((rule) => !HAS_KUBELET_PORT.test(JSON.stringify(rule)));
      const left = { acls: others(acls), grants: others(grants) };
      assert.equal(left.acls.length + left.grants.length, acls.length + grants.length - 1);
      // Its own tests would refuse it.
      await savePolicy(lab, JSON.stringify({ ...rest, ...left, tests: [] }));
    },
    lift: ({ lab }) => savePolicy(lab, policyBefore),
    what: /^no node reaches another's kubelet$/,
    cause: /a rule of the tailnet's policy is missing: .*10250/,
  },
  {
    name: "a firewall of a host that closes the kubelet",
    plant: on("rack-2", "iptables -w 5 -t raw -I PREROUTING -i tailscale0 -p tcp --dport 10250 -j DROP"),
    lift: on("rack-2", "iptables -w 5 -t raw -D PREROUTING -i tailscale0 -p tcp --dport 10250 -j DROP"),
    what: /^kubelets are not reached: .* -> rack-2/,
    cause: /a firewall of that host drops port 10250/,
  },
  {
    name: "a cluster DNS that does not answer",
    plant: async ({ kubectl }) => {
      await succeed(kubectl, ["-n", "kube-system", "create", "service", "clusterip", "kube-dns", "--clusterip=10.43.0.10", "--tcp=53:53"]);
    },
    lift: async ({ kubectl }) => void (await succeed(kubectl, ["-n", "kube-system", "delete", "service", "kube-dns"])),
    what: /^names are not resolved in pods on any node$/,
    cause: /^CoreDNS does not answer$/,
  },
  {
    name: "a clock that is off",
    ...wrap("kiosk-1", "date", `exec /bin/date -d '+90 seconds' "$@"`),
    what: /^kiosk-1: the clock is right: no$/,
    cause: /time service/,
  },
  {
    name: "a disk that is full",
    ...wrap(
      "rack-2",
      "df",
      "printf 'Filesystem 1024-blocks Used Available Capacity Mounted\\n/dev/vda 20000000 19600000 400000 98%% /\\n'",
    ),
    what: /^rack-2: the disk has room: no$/,
    cause: /kubelet evicts pods/,
  },
  {
    name: "a certificate that has ended",
    plant: async ({ lab }) => {
      certificateBefore = await lab.host("rack-2").readFile(CERTIFICATE_FILE);
      await plantEndingCertificate(lab.host("rack-1"), lab.host("rack-2"), CERTIFICATE, 0);
    },
    lift: ({ lab }) => lab.host("rack-2").writeFile(CERTIFICATE_FILE, certificateBefore, "0644"),
    what: /^rack-2: k3s's certificates are good: no$/,
    cause: /renews its certificates when it starts/,
  },
  {
    name: "a host that is off",
    plant: async ({ lab, kubectl }) => {
      await lab.host("kiosk-1").powerOff();
      const isLost = async () => (await viewNodes(kubectl)).get("kiosk-1")?.ready === false;
      await waitUntil("kiosk-1 is not Ready", isLost, { timeoutMs: 120_000, intervalMs: 1000 });
    },
    lift: async ({ lab, kubectl }) => {
      await lab.host("kiosk-1").boot();
      const isBack = async () => (await viewNodes(kubectl)).get("kiosk-1")?.ready === true;
      await waitUntil("kiosk-1 is Ready again", isBack, { timeoutMs: 120_000, intervalMs: 500 });
    },
    what: /^kiosk-1 is not Ready$/,
    cause: /does not answer by SSH either/,
  },
];
