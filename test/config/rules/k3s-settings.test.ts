import { k3sFlags } from "../../../src/catalog/k3s-flags";
import { hiddenKeys, ownedArguments, ownedKeys } from "../../../src/config/rules/k3s-owned-keys";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, warningsOf } from "../../helpers/config-builder";

describe("the rules for k3s settings", () => {
  it("refuses a key that we own, with our value and the setting to use", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.cluster-cidr": "10.0.0.0/16" }), [
      "hybrid-k3s:cluster.k3s.cluster-cidr: is decided by this stack (10.42.0.0/16, the podCidr). Use `cluster.podCidr`.",
    ]);
  });

  it("refuses a key that k3s takes from the tailnet", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.node-ip": "10.0.0.4" }), [
      "hybrid-k3s:cluster.k3s.node-ip: is decided by this stack (the tailnet address, which k3s takes from tailscale itself). Remove it.",
    ]);
    const vxlan = { "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" };
    assert.deepEqual(
      faultsOf({ ...vxlan, "cluster.k3s.node-ip": "10.0.0.4", "cluster.k3s.vpn-auth": "x", "cluster.k3s.flannel-backend": "host-gw" }),
      [
        "hybrid-k3s:cluster.k3s.node-ip: is decided by this stack (the tailnet address, because vpn.integration is flannel-iface). Remove it.",
        "hybrid-k3s:cluster.k3s.vpn-auth: is decided by this stack (nothing, because vpn.integration is flannel-iface). Remove it; the section hybrid-k3s:vpn describes the VPN.",
        "hybrid-k3s:cluster.k3s.flannel-backend: is decided by this stack (vxlan, because vpn.integration is flannel-iface). Remove it.",
      ],
    );
  });

  it("says of pod routes of our own what each key is set to", () => {
    const flannel = { "flannel-backend": "host-gw", "flannel-conf": "/x", "flannel-cni-conf": "/y", "flannel-iface": "eth0" };
    const given = Object.entries({ "vpn-auth-file": "/z", ...flannel }).map(([key, value]) => [`cluster.k3s.${key}`, value] as const);
    assert.deepEqual(faultsOf({ "vpn.integration": "routes", ...Object.fromEntries(given) }), [
      "hybrid-k3s:cluster.k3s.vpn-auth-file: is decided by this stack (nothing, because vpn.integration is routes). Remove it; the section hybrid-k3s:vpn describes the VPN.",
      "hybrid-k3s:cluster.k3s.flannel-backend: is decided by this stack (nothing: flannel-conf names the backend, because vpn.integration is routes). Remove it.",
      "hybrid-k3s:cluster.k3s.flannel-conf: is decided by this stack (/etc/hybrid-k3s/flannel.json, because vpn.integration is routes). Remove it.",
      "hybrid-k3s:cluster.k3s.flannel-cni-conf: is decided by this stack (k3s's own, because vpn.integration is routes). Remove it.",
      "hybrid-k3s:cluster.k3s.flannel-iface: is decided by this stack (tailscale0, because vpn.integration is routes). Remove it.",
    ]);
  });

  it("refuses a key that we own in a pool", () => {
    assert.deepEqual(faultsOf({ "pools.edge.k3s.node-label": ["a=b"] }), [
      "hybrid-k3s:pools.edge.k3s.node-label: is decided by this stack (the pool's labels). Use the pool's `labels`.",
    ]);
  });

  it("refuses data stores by how their keys begin", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.etcd-arg": ["x=y"], "cluster.k3s.datastore-endpoint": "mysql://user:password@db" }), [
      "hybrid-k3s:cluster.k3s.etcd-arg: is decided by this stack (embedded etcd). Remove it; cluster.datastore says what holds the data, with hybrid-k3s:datastoreEndpoint and cluster.datastoreTls.",
      "hybrid-k3s:cluster.k3s.datastore-endpoint: is decided by this stack (embedded etcd). Remove it; cluster.datastore says what holds the data, with hybrid-k3s:datastoreEndpoint and cluster.datastoreTls.",
    ]);
  });

  it("refuses a token without repeating it", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.token": "K10secret" }), [
      "hybrid-k3s:cluster.k3s.token: is decided by this stack (tokens made on the servers, carried as secrets). Remove it.",
    ]);
  });

  it("refuses debug, which logs the join key", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.debug": true }), [
      "hybrid-k3s:cluster.k3s.debug: is decided by this stack (nothing, because k3s then logs the join key). Remove it.",
    ]);
  });

  it("refuses what would leave the server without a part of Kubernetes, of which k3s's help is silent, whatever else is allowed", () => {
    const given = { "cluster.allowUntestedK3s": true, "cluster.k3s.disable-agent": true, "pools.rack.k3s.disable-apiserver": true };
    assert.deepEqual(faultsOf(given), [
      "hybrid-k3s:cluster.k3s.disable-agent: is decided by this stack (false: servers are nodes too). Remove it.",
      "hybrid-k3s:pools.rack.k3s.disable-apiserver: is decided by this stack (false: each server runs all of Kubernetes). Remove it.",
    ]);
  });

  it("names the nearest key that k3s knows", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.disabel": ["traefik"] }), [
      "hybrid-k3s:cluster.k3s.disabel: is no setting of k3s that is known here (those of k3s 1.33 to 1.36 of June 2026). Did you mean disable?",
    ]);
  });

  it("refuses a key that k3s does not know", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.zzzzzzzz": "x" }), [
      "hybrid-k3s:cluster.k3s.zzzzzzzz: is no setting of k3s that is known here (those of k3s 1.33 to 1.36 of June 2026). Remove it; or, where `k3s server --help` or `k3s agent --help` of your release lists it, set cluster.allowUntestedK3s: true to go on with a warning.",
    ]);
  });

  it("hands on, with a warning, a key that it does not know where untested releases are allowed", () => {
    const given = { "cluster.allowUntestedK3s": true, "pools.edge.k3s.zzzzzzzz": "x", "pools.rack.k3s.disabel": ["y"] };
    assert.deepEqual(faultsOf(given), []);
    assert.deepEqual(
      warningsOf(given).filter((text) => text.includes("k3s.")),
      [
        "hybrid-k3s:pools.rack.k3s.disabel: is no setting of k3s that is known here (those of k3s 1.33 to 1.36 of June 2026), and goes to it as it is, as cluster.allowUntestedK3s says; k3s does not start with one that it does not know.",
        "hybrid-k3s:pools.edge.k3s.zzzzzzzz: is no setting of k3s that is known here (those of k3s 1.33 to 1.36 of June 2026), and goes to it as it is, as cluster.allowUntestedK3s says; k3s does not start with one that it does not know.",
      ],
    );
    assert.equal(faultsOf({ "cluster.allowUntestedK3s": true, "pools.edge.k3s.disable": ["traefik"] }).length, 1);
  });

  it("refuses a key that came with a later release of the wanted minor, and takes it from there on", () => {
    const faultsOn = (k3sVersion: string) =>
      faultsOf({ "cluster.k3sVersion": k3sVersion, "cluster.k3s.helm-controller-arg": ["default-job-image=x"] });
    const came = "it came with 1.34.10, 1.35.7, 1.36.3";
    for (const version of ["v1.33.13+k3s1", "v1.34.9+k3s1", "v1.35.4+k3s1", "v1.36.2+k3s1"]) {
      assert.deepEqual(faultsOn(version), [
        `hybrid-k3s:cluster.k3s.helm-controller-arg: is no setting of k3s ${version} (${came}). Remove it; or, where \`k3s server --help\` or \`k3s agent --help\` of your release lists it, set cluster.allowUntestedK3s: true to go on with a warning.`,
      ]);
    }
    for (const version of ["v1.34.10+k3s1", "v1.34.11+k3s1", "v1.35.7+k3s1", "v1.36.3+k3s1", "v1.37.0+k3s1"])
      assert.deepEqual(faultsOn(version), []);
  });

  it("hands on, with a warning, a key that the wanted release does not have yet where untested releases are allowed", () => {
    const given = { "cluster.allowUntestedK3s": true, "cluster.k3s.helm-controller-arg": ["x"] };
    assert.deepEqual(faultsOf(given), []);
    assert.match(
      warningsOf(given).join("\n"),
      /k3s\.helm-controller-arg: is no setting of k3s v1\.35\.4\+k3s1 \(it came with 1\.34\.10, .*\), and goes to it as it is/,
    );
  });

  it("refuses a server's key in a pool of agents", () => {
    assert.deepEqual(faultsOf({ "pools.edge.k3s.disable": ["traefik"] }), [
      "hybrid-k3s:pools.edge.k3s.disable: is a setting of k3s servers only, and this pool has the role agent. Remove it, or move it to cluster.k3s: there it goes to the nodes that know it.",
    ]);
  });

  it("refuses an agent's key in a pool of servers", () => {
    assert.deepEqual(faultsOf({ "pools.rack.k3s.disable-apiserver-lb": true }), [
      "hybrid-k3s:pools.rack.k3s.disable-apiserver-lb: is a setting of k3s agents only, and this pool has the role server. Remove it, or move it to cluster.k3s: there it goes to the nodes that know it.",
    ]);
  });

  it("refuses a value where k3s wants a switch", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.secrets-encryption": "yes" }), [
      'hybrid-k3s:cluster.k3s.secrets-encryption: is "yes", and k3s wants a switch. Write true or false.',
    ]);
  });

  it("refuses a list where k3s wants one value", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.snapshotter": ["overlayfs", "native"] }), [
      'hybrid-k3s:cluster.k3s.snapshotter: is ["overlayfs","native"], and k3s wants one value. Write one text or number.',
    ]);
  });

  it("refuses a switch where k3s wants a list", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.disable": true }), [
      "hybrid-k3s:cluster.k3s.disable: is true, and k3s wants a list. Write a list of texts.",
    ]);
  });

  it("refuses arguments that undo what we own", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.kubelet-arg": ["max-pods=200", "--node-ip=10.0.0.4"] }), [
      'hybrid-k3s:cluster.k3s.kubelet-arg[1]: "node-ip" is decided by this stack. Remove it; it is the tailnet address.',
    ]);
  });

  it("accepts one role's keys for the whole cluster, and any known key in a pool", () => {
    assert.deepEqual(
      faultsOf({ "cluster.k3s": { disable: ["traefik"], "disable-apiserver-lb": true, "kubelet-arg": ["max-pods=200"] } }),
      [],
    );
    assert.deepEqual(faultsOf({ "pools.edge.k3s.resolv-conf": "/run/systemd/resolve/resolv.conf" }), []);
  });

  it("owns only keys that k3s has, so that no entry outlives its flag", () => {
    const known = [...Object.keys(k3sFlags.server), ...Object.keys(k3sFlags.agent)];
    assert.deepEqual(
      [...Object.keys(ownedKeys), ...Object.keys(ownedArguments)].filter((key) => !known.includes(key) && !(key in hiddenKeys)),
      [],
    );
  });
});
