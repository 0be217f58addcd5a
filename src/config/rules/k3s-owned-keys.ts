import type { ConfigDraft } from "../draft";

/** A k3s key that this stack decides: what it is set to, and what the user can do instead. */
export interface OwnedKey {
  readonly ours: string | ((draft: ConfigDraft) => string);
  readonly instead: string;
}

const remove = "Remove it.";
/**
 * `what` k3s takes from tailscale itself by its VPN flag. Without the flag this stack writes it: `vxlan` with the integration flannel-iface,
 * `routes` with routes; default: the same.
 */
const fromTailnet = (what: string, { vxlan = what, routes = what } = {}): OwnedKey => ({
  ours: ({ vpn: { integration = "k3s" } = {} }) => {
    if (integration === "k3s") return `${what}, which k3s takes from tailscale itself`;
    return `${integration === "routes" ? routes : vxlan}, because vpn.integration is ${integration}`;
  },
  instead: remove,
});
const vpnAuth = (what: string): OwnedKey => ({
  ours: ({ vpn: { integration = "k3s" } = {} }) => (integration === "k3s" ? what : `nothing, because vpn.integration is ${integration}`),
  instead: "Remove it; the section hybrid-k3s:vpn describes the VPN.",
});
const meeting = "false: nodes meet at their tailnet addresses";
const tokens: OwnedKey = { ours: "tokens made on the servers, carried as secrets", instead: remove };
const dataStore: OwnedKey = {
  ours: ({ cluster }) =>
    ({ etcd: "embedded etcd", sqlite: "SQLite on the one server", external: "the database at hybrid-k3s:datastoreEndpoint" })[
      cluster?.datastore ?? "etcd"
    ],
  instead: "Remove it; cluster.datastore says what holds the data, with hybrid-k3s:datastoreEndpoint and cluster.datastoreTls.",
};
const snapshots: OwnedKey = { ours: "what cluster.backup says of snapshots", instead: "Use `cluster.backup`." };
const wholeServer: OwnedKey = { ours: "false: each server runs all of Kubernetes", instead: remove };
const nothing = (why: string): OwnedKey => ({ ours: `nothing, ${why}`, instead: remove });

/** Keys that k3s has and that its help does not show: no list of flags knows them. */
export const hiddenKeys: Readonly<Record<string, OwnedKey>> = {
  "disable-agent": { ours: "false: servers are nodes too", instead: remove },
  "disable-apiserver": wholeServer,
  "disable-controller-manager": wholeServer,
  "disable-etcd": wholeServer,
};

/** Keys by their full name. What k3s does with each beside a VPN: K3S:pkg/executor/embed/embed.go, pkg/cli/server/server.go (1.33 to 1.36). */
export const ownedKeys: Readonly<Record<string, OwnedKey>> = {
  ...hiddenKeys,
  config: { ours: "/etc/rancher/k3s/config.yaml", instead: "Write the settings of that file here." },
  "data-dir": { ours: "/var/lib/rancher/k3s, which removal cleans", instead: "Remove it; mount a disk there if space is short." },
  debug: nothing("because k3s then logs the join key"),
  log: nothing("because k3s then reports itself ready at once"),
  rootless: nothing("because the VPN needs root"),
  docker: nothing("because removal cleans k3s's own containerd"),
  selinux: nothing("because hosts that enforce SELinux are not available yet"),

  "node-name": { ours: "the host's name", instead: "Change the host's `name`." },
  "with-node-id": { ours: "false, so that nodes keep the hosts' names", instead: remove },
  "node-label": { ours: "the pool's labels", instead: "Use the pool's `labels`." },
  "node-taint": { ours: "the pool's taints", instead: "Use the pool's `taints`." },
  "node-external-ip": { ours: "each host's externalIp", instead: "Use the host's `externalIp`." },

  "cluster-cidr": { ours: ({ cluster }) => `${cluster?.podCidr ?? "10.42.0.0/16"}, the podCidr`, instead: "Use `cluster.podCidr`." },
  "service-cidr": {
    ours: ({ cluster }) => `${cluster?.serviceCidr ?? "10.43.0.0/16"}, the serviceCidr`,
    instead: "Use `cluster.serviceCidr`.",
  },
  "tls-san": { ours: "apiEndpoint and tlsSans", instead: "Use `cluster.tlsSans`." },
  "https-listen-port": { ours: "6443, which the tailnet's policy opens", instead: remove },
  "bind-address": { ours: "all addresses, the tailnet's among them", instead: remove },
  "advertise-address": fromTailnet("the tailnet address"),
  "advertise-port": { ours: "6443, which the tailnet's policy opens", instead: remove },
  "node-ip": fromTailnet("the tailnet address"),
  "flannel-iface": fromTailnet("tailscale0"),
  "flannel-backend": fromTailnet("the tailnet's routes", { vxlan: "vxlan", routes: "nothing: flannel-conf names the backend" }),
  "flannel-conf": fromTailnet("the tailnet's routes", { vxlan: "k3s's own for vxlan", routes: "/etc/hybrid-k3s/flannel.json" }),
  "flannel-cni-conf": fromTailnet("the tailnet's routes", { vxlan: "k3s's own for vxlan", routes: "k3s's own" }),
  "flannel-external-ip": fromTailnet("the tailnet address", { vxlan: meeting, routes: meeting }),
  "flannel-ipv6-masq": nothing("because IPv6 is not available yet"),
  "egress-selector-mode": { ours: "agent, so that logs and exec need no open port on nodes", instead: remove },
  "disable-kube-proxy": { ours: "false: the program's routes rest on it", instead: remove },
  "disable-network-policy": { ours: "false: network policies hold across sites", instead: remove },
  "disable-cloud-controller": { ours: "false: nodes would stay tainted and without pod network", instead: remove },

  server: { ours: "the tailnet address of a server", instead: remove },
  token: tokens,
  "token-file": tokens,
  "agent-token": tokens,
  "agent-token-file": tokens,
  "vpn-auth": vpnAuth("a file of mode 0600"),
  "vpn-auth-file": vpnAuth("/etc/hybrid-k3s/vpn-auth"),
  "write-kubeconfig": { ours: "/etc/rancher/k3s/k3s.yaml", instead: "Remove it; the stack's output `kubeconfig` has it." },
  "write-kubeconfig-mode": {
    ours: "0600: it is the cluster's admin credential",
    instead: "Remove it; the stack's output `kubeconfig` has it.",
  },
  "write-kubeconfig-group": {
    ours: "root: it is the cluster's admin credential",
    instead: "Remove it; the stack's output `kubeconfig` has it.",
  },

  "cluster-init": { ours: "decided by cluster.datastore and the servers there are", instead: "Remove it; use `cluster.datastore`." },
  "cluster-reset": nothing("because it is an order, not a setting"),
  "cluster-reset-restore-path": nothing("because it is an order, not a setting"),
};

/** Keys by how they begin. */
export const ownedKeyPrefixes: Readonly<Record<string, OwnedKey>> = {
  "datastore-": dataStore,
  "etcd-snapshot": snapshots,
  "etcd-s3": snapshots,
  "etcd-disable-snapshots": snapshots,
  "etcd-": dataStore,
};

/** Flags of Kubernetes' programs that would undo a key above, by the k3s key that passes them on. */
export const ownedArguments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "kubelet-arg": {
    "node-ip": "Remove it; it is the tailnet address.",
    "hostname-override": "Change the host's `name`.",
    "node-labels": "Use the pool's `labels`.",
    "register-with-taints": "Use the pool's `taints`.",
    port: "Remove it; the tailnet's policy opens 10250.",
    "cloud-provider": remove,
  },
  "kube-apiserver-arg": {
    "advertise-address": remove,
    "secure-port": "Remove it; the tailnet's policy opens 6443.",
    "service-cluster-ip-range": "Use `cluster.serviceCidr`.",
  },
  "kube-controller-manager-arg": {
    "cluster-cidr": "Use `cluster.podCidr`.",
    "service-cluster-ip-range": "Use `cluster.serviceCidr`.",
    "node-cidr-mask-size": "Remove it; each node takes a /24.",
    "node-cidr-mask-size-ipv4": "Remove it; each node takes a /24.",
    "allocate-node-cidrs": remove,
  },
  "kube-proxy-arg": { "cluster-cidr": "Use `cluster.podCidr`.", "hostname-override": "Change the host's `name`." },
};
