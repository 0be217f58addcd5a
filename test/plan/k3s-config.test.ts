import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { k3sFlags } from "../../src/catalog/k3s-flags";
import { renderK3sConfig } from "../../src/plan/k3s-config";
import { planCluster } from "../../src/plan/plan-cluster";
import { configWith, hostKey, type Overrides } from "../helpers/config-builder";

function nodesWith(overrides: Overrides) {
  const plan = planCluster(configWith(overrides));
  return { server: plan.firstServer, agent: plan.nodes[1] ?? assert.fail("no agent") };
}

describe("renderK3sConfig", () => {
  it("writes a server's whole file", () => {
    const { server } = nodesWith({ "cluster.apiEndpoint": "k3s.example.org", "cluster.tlsSans": ["192.0.2.10", "k3s.example.org"] });
    assert.equal(
      renderK3sConfig(server),
      [
        "agent-token-file: /etc/hybrid-k3s/cluster-agent-token",
        "cluster-cidr: 10.42.0.0/16",
        "cluster-init: true",
        "node-label:",
        "  - hybrid-k3s/pool=rack",
        "  - hybrid-k3s/provider=bare-metal",
        "node-name: rack-1",
        "service-cidr: 10.43.0.0/16",
        "tls-san:",
        "  - k3s.example.org",
        "  - 192.0.2.10",
        "vpn-auth-file: /etc/hybrid-k3s/vpn-auth",
        "",
      ].join("\n"),
    );
  });

  it("leaves SQLite where the config says so, and to the hosts of several servers which of them begins", () => {
    assert.doesNotMatch(renderK3sConfig(nodesWith({ "cluster.datastore": "sqlite" }).server), /cluster-init/);
    const hosts = [1, 2, 3].map((i) => ({ name: `rack-${i}`, address: `192.0.2.${10 + i}`, user: "ops", hostKey: hostKey(50 + i) }));
    const { servers } = planCluster(configWith({ "pools.rack.hosts": hosts, "vpn.integration": "routes" }));
    assert.deepEqual(
      servers.map(({ name }) => name),
      ["rack-1", "rack-2", "rack-3"],
    );
    const [one, ...others] = servers.map((server) => parse(renderK3sConfig(server)) as Record<string, unknown>);
    assert.deepEqual(
      [one?.["cluster-init"], one?.["token-file"], one?.["tls-san"]],
      [undefined, "/etc/hybrid-k3s/server-token", undefined],
    );
    const alone = planCluster(configWith({ "pools.rack.hosts": hosts.slice(0, 1), "vpn.integration": "routes" })).firstServer;
    assert.deepEqual(parse(renderK3sConfig(alone)), one, "an only server's is the same, so that others may come");
    // What k3s compares when a server joins is the same on all.
    for (const other of others) assert.deepEqual({ ...other, "node-name": "rack-1" }, one);
  });

  it("writes an agent's whole file, with the first server's tailnet address", () => {
    const { agent } = nodesWith({ "pools.edge.taints": ["edge=true:NoSchedule"], "pools.edge.hosts[0].externalIp": "198.51.100.9" });
    assert.equal(
      renderK3sConfig(agent, "100.64.0.1"),
      [
        "node-external-ip: 198.51.100.9",
        "node-label:",
        "  - hybrid-k3s/pool=edge",
        "  - hybrid-k3s/provider=bare-metal",
        "node-name: kiosk-1",
        "node-taint:",
        "  - edge=true:NoSchedule",
        "server: https://100.64.0.1:6443",
        "token-file: /etc/hybrid-k3s/agent-token",
        "vpn-auth-file: /etc/hybrid-k3s/vpn-auth",
        "",
      ].join("\n"),
    );
  });

  it("names flannel's interface and no VPN where pods cross in vxlan, the backend on servers alone", () => {
    const { server, agent } = nodesWith({ "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" });
    const ofVpn = (text: string) => text.split("\n").filter((line) => /vpn|flannel|node-ip|advertise/.test(line));
    assert.deepEqual(ofVpn(renderK3sConfig(server)), ["flannel-backend: vxlan", "flannel-iface: tailscale0"]);
    assert.deepEqual(ofVpn(renderK3sConfig(agent, "100.64.0.1")), ["flannel-iface: tailscale0"]);
  });

  it("names the file of the pods' way and no VPN where routes are this stack's own", () => {
    const { server, agent } = nodesWith({ "vpn.integration": "routes" });
    const ofVpn = (text: string) => text.split("\n").filter((line) => /vpn|flannel|node-ip|advertise/.test(line));
    const both = ["flannel-conf: /etc/hybrid-k3s/flannel.json", "flannel-iface: tailscale0"];
    assert.deepEqual(ofVpn(renderK3sConfig(server)), both);
    assert.deepEqual(ofVpn(renderK3sConfig(agent, "100.64.0.1")), both);
  });

  it("quotes what YAML would read as something else", () => {
    const { server } = nodesWith({
      "cluster.k3s": { "kubelet-arg": ["max-pods=200", "true"], "cluster-domain": "0755", "service-node-port-range": "30000-32767" },
    });
    const read = parse(renderK3sConfig(server)) as Record<string, unknown>;
    assert.deepEqual(
      [read["kubelet-arg"], read["cluster-domain"], read["service-node-port-range"]],
      [["max-pods=200", "true"], "0755", "30000-32767"],
    );
  });
});

describe("k3sConfigOf", () => {
  it("gives agents no key that k3s agents do not know, which would stop them", () => {
    const { agent, server } = nodesWith({
      "cluster.k3s": { disable: ["traefik"], "secrets-encryption": true, "disable-apiserver-lb": true, "kubelet-arg": ["max-pods=200"] },
    });
    const unknown = (keys: object, role: "server" | "agent") => Object.keys(keys).filter((key) => !(key in k3sFlags[role]));
    assert.deepEqual(unknown(agent.k3sConfig, "agent"), []);
    assert.deepEqual(unknown(server.k3sConfig, "server"), []);
    assert.deepEqual(agent.k3sConfig["kubelet-arg"], ["max-pods=200"]);
    assert.deepEqual(server.k3sConfig["disable"], ["traefik"]);
  });

  it("gives a server's key of a later release to servers alone", () => {
    const { agent, server } = nodesWith({
      "cluster.k3sVersion": "v1.35.7+k3s1",
      "cluster.k3s": { "helm-controller-arg": ["default-job-image=x"] },
    });
    assert.equal(agent.k3sConfig["helm-controller-arg"], undefined);
    assert.deepEqual(server.k3sConfig["helm-controller-arg"], ["default-job-image=x"]);
  });

  it("takes a pool's setting before the cluster's", () => {
    const { agent, server } = nodesWith({ "cluster.k3s.resolv-conf": "/a", "pools.edge.k3s.resolv-conf": "/b" });
    assert.deepEqual([server.k3sConfig["resolv-conf"], agent.k3sConfig["resolv-conf"]], ["/a", "/b"]);
  });

  it("leaves labels that the kubelet refuses to `wait-ready`", () => {
    const labels = {
      "node-role.kubernetes.io/worker": "",
      "topology.kubernetes.io/zone": "cellar",
      "node-restriction.kubernetes.io/x": "y",
      site: "cellar",
    };
    const { agent } = nodesWith({ "pools.edge.labels": labels });
    assert.deepEqual(agent.k3sConfig["node-label"], [
      "hybrid-k3s/pool=edge",
      "hybrid-k3s/provider=bare-metal",
      "site=cellar",
      "topology.kubernetes.io/zone=cellar",
    ]);
    assert.equal(agent.labels["node-role.kubernetes.io/worker"], "");
  });
});
