import { concerns, pairsOf } from "./fault.mjs";
import { HOST_CHECKS } from "./judge-host.mjs";
import { faultsOfOnes } from "./known-causes.mjs";

/** @import { Fault } from "./fault.mjs" */
/** @import { Case, Path } from "./judge.mjs" */
/** @import { SeenNode, SeenPod } from "./sightings.mjs" */

/**
 * @typedef {object} Findings
 * @property {readonly SeenNode[]} nodes
 * @property {readonly SeenPod[]} pods
 * @property {readonly Case[]} cases
 * @property {readonly Path[]} paths
 * @property {ReadonlyMap<string, readonly string[]>} routes The networks that each node has a way to over the tailnet.
 * @property {ReadonlyMap<string, string>} unseen Why a node could not be looked at from within.
 */

const WAYS = ["pod-http", "pod-udp", "node-pod"];
/** One of the pods behind an address is as good as the others: where one is not reached, it is chance whether the address answers. */
const BY_CHANCE = ["service", "dns-inside"];
const THROUGH_API = ["metrics", "logs", "exec", "top"];

/**
 * Names every fault once, with its likely cause: those that explain others first, and what they explain is not told again.
 * @type {(findings: Findings) => Fault[]}
 */
export function findFaults(findings) {
  let left = findings.cases.filter(({ verdict }) => verdict === "failed");
  /** @type {Fault[]} */
  const faults = [];
  for (const find of FINDERS)
    for (const fault of find(left, findings)) {
      if (fault.cases.length === 0) continue;
      faults.push(fault);
      left = left.filter((one) => !fault.cases.includes(one));
    }
  return [...faults, ...faultsOfOnes(left)];
}

/** @typedef {(left: readonly Case[], findings: Findings) => readonly Fault[]} Finder */

/** @type {(left: readonly Case[], node: string, down: Case) => string} What its Node says, and what is wrong on the host besides. */
const ofHost = (left, node, down) => {
  const own = left.filter(({ check, from }) => check in HOST_CHECKS && check !== "ready" && from === node);
  return [down, ...own].map(({ seen }) => seen).join("; ");
};

const told = (/** @type {readonly Case[]} */ cases) => cases[0]?.seen ?? "";

/** @type {Finder} A Node that is not Ready, or whose clock or disk is wrong, explains what it and others cannot do with it. */
const nodesDown = (left, { nodes, unseen }) =>
  nodes.flatMap(({ name, isReady }) => {
    const down = left.find(({ check, from }) => check === "ready" && from === name);
    if (down === undefined || isReady) return [];
    const why = unseen.get(name);
    return [
      {
        what: `${name} is not Ready`,
        seen: why ?? ofHost(left, name, down),
        cause:
          why === undefined
            ? "its kubelet does not report: k3s is down there, or has no way to a server"
            : "the host does not answer by SSH either: it is off, or cut off",
        remedy: `see on ${name}: systemctl status k3s-agent (k3s on servers), tailscale status; a host that does not come back: pulumi up --refresh, or take it out of the config`,
        cases: left.filter((one) => concerns(one, name)),
      },
    ];
  });

/**
 * A node of the stack that the cluster does not know: it never joined, or its Node was deleted.
 * @type {Finder}
 */
const nodesMissing = (left, { nodes, unseen }) => {
  const there = new Set(nodes.map(({ name }) => name));
  const missing = left.filter(({ check, from }) => check === "ready" && !there.has(from));
  return missing.map((one) => ({
    what: `${one.from} is not in the cluster`,
    seen: unseen.get(one.from) ?? ofHost(left, one.from, one),
    cause: "it never joined, k3s is down there, or somebody deleted its Node, which its kubelet makes again only when it starts",
    remedy: `on ${one.from}: systemctl status k3s-agent (k3s on servers), and restart it; a host that was never made: pulumi up`,
    cases: left.filter((other) => concerns(other, one.from)),
  }));
};

/** @type {Finder} */
const offline = (left, { nodes }) =>
  nodes.flatMap(({ name }) => {
    const lone = left.find(({ check, from }) => check === "tailnet" && from === name);
    if (lone === undefined) return [];
    return [
      {
        what: `${name} is not online in the tailnet`,
        seen: lone.seen,
        cause: "tailscaled is down or logged out there, or its device was deleted or has expired",
        remedy: `see on ${name}: tailscale status; systemctl status tailscaled; then pulumi up, which says how it logs in again`,
        cases: left.filter((one) => concerns(one, name)),
      },
    ];
  });

/** @type {Finder} A pod's packets find no way to a node although the node itself is reached. */
const withoutRoute = (left, { nodes, routes }) =>
  nodes.flatMap(({ name, cidr }) => {
    const lost = left.filter((one) => one.to === name && WAYS.includes(one.check));
    const lacking = [...new Set(lost.map(({ from }) => from))].filter(
      (from) => cidr !== "" && !(routes.get(from) ?? [cidr]).includes(cidr),
    );
    if (lacking.length === 0) return [];
    return [
      {
        what: `pods on ${name} are not reached`,
        seen: `${lacking.join(", ")} ${lacking.length === 1 ? "has" : "have"} no way to ${cidr} over the tailnet`,
        cause: `the tailnet does not serve ${cidr}: ${name} does not offer it, the policy's autoApprovers do not approve it, or no rule lets the cluster's tag reach the pods`,
        remedy: `pulumi up --refresh mends the policy and says what is missing; on ${name}: tailscale debug prefs | grep -A3 AdvertiseRoutes`,
        cases: left.filter(
          (one) =>
            (one.to === name && lacking.includes(one.from)) ||
            (one.from === name && lacking.includes(one.to) && /^pod-|full|transfer/.test(one.check)) ||
            ((one.from === name || lacking.includes(one.from)) && BY_CHANCE.includes(one.check)),
        ),
      },
    ];
  });

/** @type {Finder} */
const smallPackets = (left) => {
  const cases = left.filter(
    ({ check, from, to }) => check === "full-packet" && !left.some((one) => one.check === "pod-http" && one.from === from && one.to === to),
  );
  const stalled = left.filter((one) => one.check === "transfer" && cases.some(({ from, to }) => from === one.from && to === one.to));
  return [
    {
      what: `large packets are lost between ${pairsOf(cases)}`,
      seen: told(cases),
      cause:
        "the MTU of an interface on the way is smaller than the pods' (tailscale0 has 1280 by default; a tunnel below it may take less)",
      remedy:
        "compare on both hosts: ip link show tailscale0; ip link show cni0; the pods' must be at most tailscale0's. Small requests pass meanwhile, large answers hang",
      cases: [...cases, ...stalled],
    },
  ];
};

/** @type {Finder} */
const openPolicies = (left) => {
  const cases = left.filter(({ check, seen }) => check === "pod-closed" && seen.startsWith("answers"));
  const where = [...new Set(cases.map(({ to }) => to))];
  return [
    {
      what: `network policies are not in force on ${where.join(", ")}`,
      seen: told(cases),
      cause:
        "k3s's network policy controller is off (disable-network-policy) or has not started there, or its rules stand behind tailscale's",
      remedy: `see on ${where[0] ?? "the node"}: journalctl -u k3s-agent | grep -i "network policy"; iptables -S FORWARD; systemctl status hybrid-k3s-guard; then systemctl restart k3s-agent (k3s on servers)`,
      cases,
    },
  ];
};

/** @type {Finder} */
const changedSender = (left) => {
  const cases = left.filter(({ seen }) => seen.startsWith("sent by "));
  return [
    {
      what: `the sender's address is changed on the way between ${pairsOf(cases)}`,
      seen: told(cases),
      cause: "something masquerades what pods send: tailscale's snat-subnet-routes, or a firewall of a host",
      remedy: "on the sending host: tailscale set --snat-subnet-routes=false; iptables -t nat -S POSTROUTING",
      cases,
    },
  ];
};

/** @type {Finder} */
const closedKubelets = (left, { cases: all }) => {
  const cases = left.filter(({ check }) => check === "pod-kubelet" || check === "node-kubelet");
  const closed = new Set(cases.map(({ to }) => to));
  // Where the API server has no tunnel to an agent, it asks kubelets on the same way.
  const throughApi = left.filter(({ check, from }) => THROUGH_API.includes(check) && closed.has(from));
  const tried = all.filter(({ check }) => check === "node-kubelet").length;
  const everywhere = tried > 0 && cases.filter(({ check }) => check === "node-kubelet").length === tried;
  return [
    {
      what: everywhere ? "no node reaches another's kubelet" : `kubelets are not reached: ${pairsOf(cases)}`,
      seen: told(cases),
      cause: everywhere
        ? "a rule of the tailnet's policy is missing: the cluster's tag to itself on port 10250 (vpn.nodePorts)"
        : "a firewall of that host drops port 10250 from tailscale0, or its kubelet is down",
      remedy: everywhere
        ? "pulumi up --refresh puts the rule back; without it metrics-server and Prometheus see no node"
        : "see there: iptables -nvL INPUT; systemctl status k3s-agent (k3s on servers)",
      cases: [...cases, ...throughApi],
    },
  ];
};

/** @type {Finder} */
const names = (left, { cases: all }) => {
  const cases = left.filter(({ check }) => check.startsWith("dns-"));
  const inside = cases.filter(({ check }) => check === "dns-inside");
  const everywhere = inside.length > 0 && inside.length === all.filter(({ check }) => check === "dns-inside").length;
  const where = everywhere ? "any node" : [...new Set(cases.map(({ from }) => from))].join(", ");
  return [
    {
      what: `names are not resolved in pods on ${where}`,
      seen: told(cases),
      cause: everywhere
        ? "CoreDNS does not answer"
        : inside.length === 0
          ? "CoreDNS has no way to a resolver of the internet"
          : "those nodes do not reach the pods of CoreDNS",
      remedy: "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide; kubectl -n kube-system logs -l k8s-app=kube-dns",
      cases,
    },
  ];
};

const FINDERS = [nodesMissing, nodesDown, offline, withoutRoute, smallPackets, changedSender, openPolicies, closedKubelets, names];
