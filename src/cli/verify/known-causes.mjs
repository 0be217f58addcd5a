import { concerns, nodesOf, pairsOf } from "./fault.mjs";
import { titleOf } from "./titles.mjs";

/** @import { Fault } from "./fault.mjs" */
/** @import { Case } from "./judge.mjs" */

/** @type {Readonly<Record<string, readonly [cause: string, remedy: string]>>} */
const KNOWN = {
  ready: ["the kubelet reports it", "kubectl describe node NODE"],
  probe: [
    "the image cannot be pulled there, is still being pulled over a slow link, or a policy of the cluster lets the pod not be made",
    "where it is still being pulled, run it again: what is there stays; else give an image that the nodes can pull: cluster.probeImage",
  ],
  "k3s-version": ["it was changed by hand, or an upgrade was cut off", "pulumi up --refresh"],
  "tailscale-version": ["it was changed by hand (apt upgrade), or an upgrade was cut off", "pulumi up --refresh"],
  units: ["it was stopped, or dies again and again", "on NODE: systemctl status k3s k3s-agent tailscaled; journalctl -u k3s-agent"],
  marker: [
    "the host belongs to another node or cluster now, or its /etc/hybrid-k3s was removed",
    "pulumi up --refresh, which says what it finds there",
  ],
  forwarding: ["somebody's sysctl settings turned it off", "on NODE: sysctl --system; grep -rn ip_forward /etc/sysctl.d"],
  unreachable: [
    "hybrid-k3s-guard does not run, so pods' packets may leave in clear while the tailnet is down",
    "on NODE: systemctl restart hybrid-k3s-guard",
  ],
  certificate: [
    "k3s renews its certificates when it starts, and has not started for long",
    "pulumi up, which restarts it; by hand on NODE: systemctl restart k3s-agent (k3s on servers)",
  ],
  disk: ["images, logs or volumes fill it; kubelet evicts pods below 5 %", "on NODE: du -xh -d1 / | sort -h; k3s crictl rmi --prune"],
  clock: [
    "no time service runs, or none is reached: certificates and etcd suffer",
    "on NODE: timedatectl; systemctl restart systemd-timesyncd",
  ],
  api: [
    "that server's API is down, or the policy does not let this node reach 6443",
    "systemctl status k3s on that server; pulumi up --refresh",
  ],
  service: [
    "kube-proxy's rules are missing there, or the pods behind the address are not reached",
    "on NODE: iptables -t nat -S KUBE-SERVICES | head; systemctl restart k3s-agent",
  ],
  metadata: [
    "pods reach the cloud's metadata service, and through it the machine's identity",
    "limit the hops (AWS: HttpPutResponseHopLimit 1) or close it by a network policy",
  ],
  transfer: [
    "packets are lost on the way: a full or faulty link, or large packets that do not pass",
    "on both hosts: tailscale ping; ip -s link show tailscale0",
  ],
  metrics: ["the API server does not reach that kubelet", "kubectl get --raw /api/v1/nodes/NODE/proxy/metrics/resource"],
  logs: ["the API server does not reach that kubelet", "kubectl logs of any pod there; journalctl -u k3s | grep -i tunnel"],
  exec: ["the API server does not reach that kubelet", "kubectl exec into any pod there; journalctl -u k3s | grep -i tunnel"],
  top: ["metrics-server does not reach that node", "kubectl -n kube-system logs deployment/metrics-server"],
  unseen: [
    "the host does not answer by SSH, or the look at it did not come to its end",
    "see that it is on, that this machine reaches it, and what holds it: uptime; ps aux --sort=-pcpu | head",
  ],
  "through-api": [
    "no server's API answered in time",
    "on a server: systemctl status k3s; journalctl -u k3s; kubectl get --raw '/readyz?verbose'",
  ],
  route: [
    "the tailnet does not serve that node's pods: it does not offer their network, the policy does not approve it, or the other node does not accept routes",
    "pulumi up --refresh mends the policy and says what is missing; on both: tailscale debug prefs | grep -E 'RouteAll|AdvertiseRoutes' -A3",
  ],
  outside: [
    "the cloud's security group lets the internet in",
    "pulumi up --refresh, which puts the stack's own rules back; see in the cloud's console which rule opens the port",
  ],
};
const ANY = /** @type {const} */ ([
  "a firewall of a host, or a rule of the tailnet's policy, drops it",
  "on both hosts: iptables -nvL FORWARD; tailscale status; then pulumi up --refresh",
]);

/**
 * One fault for each check that is left: nodes of which the same was seen together, and pairs of one node.
 * @type {(left: readonly Case[]) => Fault[]}
 */
export function faultsOfOnes(left) {
  const byPlace = Map.groupBy(left, ({ check, from, to, seen }) =>
    JSON.stringify(to === "" ? [check, seen] : [check, culprit(left, check, from, to)]),
  );
  return [...byPlace.values()].map((cases) => {
    const [{ check, from, to, seen } = /** @type {Case} */ ({})] = cases;
    const [cause, remedy] = KNOWN[check ?? ""] ?? ANY;
    const title = titleOf(check ?? "");
    return {
      what: `${to === "" ? nodesOf(cases) : pairsOf(cases)}: ${title}: no`,
      seen: seen ?? "",
      cause,
      remedy: remedy.replaceAll("NODE", from ?? ""),
      cases,
    };
  });
}

/**
 * Of a pair's two nodes the one that more of the check's failures have in common.
 * @type {(left: readonly Case[], check: string, from: string, to: string) => string}
 */
function culprit(left, check, from, to) {
  const count = (/** @type {string} */ node) => left.filter((one) => one.check === check && concerns(one, node)).length;
  return count(from) > count(to) ? from : to;
}
