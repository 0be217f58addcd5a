import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, warningsOf } from "../../helpers/config-builder";

describe("the rules for k3s's version", () => {
  it("refuses what is no release", () => {
    assert.deepEqual(faultsOf({ "cluster.k3sVersion": "1.35.4" }), [
      'hybrid-k3s:cluster.k3sVersion: "1.35.4" is no k3s release. Write it as its tag reads, for example v1.35.4+k3s1.',
    ]);
  });

  it("refuses lines that ended without the fixes", () => {
    assert.deepEqual(faultsOf({ "cluster.k3sVersion": "v1.32.9+k3s1" }), [
      'hybrid-k3s:cluster.k3sVersion: "v1.32.9+k3s1" is refused: its line ended without the fixes that k3s needs beside a tailscale that runs already (#13106, #13659). Use v1.35.4+k3s1, or set cluster.allowUntestedK3s: true to go on with a warning.',
    ]);
  });

  it("refuses 1.33 below 1.33.11", () => {
    assert.deepEqual(faultsOf({ "cluster.k3sVersion": "v1.33.10+k3s1" }), [
      `hybrid-k3s:cluster.k3sVersion: "v1.33.10+k3s1" is refused: kubectl logs and exec fail, because the kubelet's certificate lacks the tailnet address (#13659, fixed by #13920). Use v1.33.11+k3s1, or set cluster.allowUntestedK3s: true to go on with a warning.`,
    ]);
  });

  it("refuses 1.34 below 1.34.7", () => {
    assert.deepEqual(faultsOf({ "cluster.k3sVersion": "v1.34.6+k3s2" }), [
      `hybrid-k3s:cluster.k3sVersion: "v1.34.6+k3s2" is refused: kubectl logs and exec fail, because the kubelet's certificate lacks the tailnet address (#13659, fixed by #13920). Use v1.34.7+k3s1, or set cluster.allowUntestedK3s: true to go on with a warning.`,
    ]);
  });

  it("refuses 1.35 below 1.35.4", () => {
    assert.deepEqual(faultsOf({ "cluster.k3sVersion": "v1.35.3+k3s1" }), [
      `hybrid-k3s:cluster.k3sVersion: "v1.35.3+k3s1" is refused: kubectl logs and exec fail, because the kubelet's certificate lacks the tailnet address (#13659, fixed by #13920). Use v1.35.4+k3s1, or set cluster.allowUntestedK3s: true to go on with a warning.`,
    ]);
  });

  for (const [version, use] of [
    ["v1.33.12+k3s1", "v1.33.11+k3s1"],
    ["v1.34.8+k3s1", "v1.34.7+k3s1"],
    ["v1.35.5+k3s1", "v1.35.4+k3s1"],
    ["v1.36.1+k3s1", "v1.35.4+k3s1"],
  ] as const) {
    it(`refuses ${version} with several servers`, () => {
      assert.deepEqual(faultsOf({ "cluster.k3sVersion": version, "pools.edge.role": "server" }), [
        `hybrid-k3s:cluster.k3sVersion: "${version}" is refused: embedded etcd takes the tailnet address as its own, which breaks the quorum of several servers (#14515). Use ${use}, or set cluster.allowUntestedK3s: true to go on with a warning.`,
        "hybrid-k3s:vpn.integration: is k3s, and there are 3 servers: k3s's own VPN flag takes a server out of the tailnet whenever its k3s stops, and what it calls etcd's address differs from release to release (k3s#14515). Write routes or flannel-iface.",
        "hybrid-k3s:pools: the servers stand in several places (the pool rack, the pool edge), and etcd waits for the slowest way between them at each write. Give the servers one bare-metal pool, or pools in one region of one cloud.",
      ]);
    });
  }

  for (const version of ["v1.33.11+k3s1", "v1.34.7+k3s2", "v1.35.4+k3s1", "v1.36.0+k3s1"]) {
    it(`accepts ${version} without a word`, () => {
      assert.deepEqual(faultsOf({ "cluster.k3sVersion": version }), []);
      assert.deepEqual(warningsOf({ "cluster.k3sVersion": version }), []);
    });
  }

  it("warns of the releases since May 2026 with one server", () => {
    for (const version of ["v1.33.12+k3s1", "v1.34.12+k3s2", "v1.35.5+k3s1", "v1.36.1+k3s1"]) {
      assert.deepEqual(faultsOf({ "cluster.k3sVersion": version }), []);
      assert.deepEqual(warningsOf({ "cluster.k3sVersion": version }), [
        `hybrid-k3s:cluster.k3sVersion: "${version}" was not tested; stay with one server: embedded etcd takes the tailnet address as its own, which breaks the quorum of several servers (#14515).`,
      ]);
    }
  });

  it("warns of minors that it does not know", () => {
    assert.deepEqual(warningsOf({ "cluster.k3sVersion": "v1.37.0+k3s1" }), [
      'hybrid-k3s:cluster.k3sVersion: "v1.37.0+k3s1" was not tested; it is newer than the faults that this release knows of.',
    ]);
  });

  it("warns of release candidates", () => {
    assert.deepEqual(warningsOf({ "cluster.k3sVersion": "v1.35.4-rc2+k3s1" }), [
      'hybrid-k3s:cluster.k3sVersion: "v1.35.4-rc2+k3s1" is a release candidate.',
    ]);
  });

  it("turns refusals into warnings where untested versions are allowed", () => {
    const allowed = { "cluster.k3sVersion": "v1.35.3+k3s1", "cluster.allowUntestedK3s": true };
    assert.deepEqual(faultsOf(allowed), []);
    assert.deepEqual(warningsOf(allowed), [
      'hybrid-k3s:cluster.k3sVersion: "v1.35.3+k3s1" was not tested; kubectl logs and exec fail, because the kubelet\'s certificate lacks the tailnet address (#13659, fixed by #13920).',
    ]);
  });

  const vxlan = (version: string, more = {}) => ({ "vpn.integration": "flannel-iface", "cluster.k3sVersion": version, ...more });
  const lost = (fixedIn: string) =>
    `with vpn.integration flannel-iface its pods lose their network whenever tailscaled restarts, because flannel.1 goes with tailscale0 and is not made again (#12436, fixed by #14086 in ${fixedIn})`;

  for (const [version, fixedIn] of [
    ["v1.33.13+k3s1", "1.34.9"],
    ["v1.34.8+k3s1", "1.34.9"],
    ["v1.35.4+k3s1", "1.35.6"],
    ["v1.35.5+k3s1", "1.35.6"],
    ["v1.36.1+k3s1", "1.36.2"],
  ] as const) {
    it(`refuses ${version} with flannel-iface, or warns where untested versions are allowed`, () => {
      assert.deepEqual(faultsOf(vxlan(version)), [
        `hybrid-k3s:cluster.k3sVersion: "${version}" is refused: ${lost(fixedIn)}. Use v${fixedIn}+k3s1, or set cluster.allowUntestedK3s: true to go on with a warning.`,
      ]);
      const allowed = vxlan(version, { "cluster.allowUntestedK3s": true });
      assert.deepEqual(faultsOf(allowed), []);
      assert.equal(warningsOf(allowed)[0], `hybrid-k3s:cluster.k3sVersion: "${version}" was not tested; ${lost(fixedIn)}.`);
    });
  }

  for (const version of ["v1.34.9+k3s1", "v1.35.6+k3s1", "v1.36.2+k3s1", "v1.36.3+k3s1"]) {
    it(`has nothing against ${version} with flannel-iface`, () => {
      assert.deepEqual(faultsOf(vxlan(version)), []);
      assert.deepEqual(
        warningsOf(vxlan(version)).filter((warning) => warning.includes("k3sVersion")),
        [],
      );
    });
  }

  const routes = (version: string) => ({ "vpn.integration": "routes", "cluster.k3sVersion": version });
  for (const version of ["v1.33.4+k3s1", "v1.34.3+k3s1", "v1.35.3+k3s1", "v1.35.6+k3s1", "v1.36.3+k3s1"]) {
    it(`has nothing against ${version} with routes, as the faults are of k3s's VPN flag`, () => {
      assert.deepEqual(faultsOf(routes(version)), []);
      assert.deepEqual(warningsOf(routes(version)), []);
    });
  }

  it("warns of releases that never ran with routes", () => {
    assert.deepEqual(warningsOf(routes("v1.32.9+k3s1")), [
      'hybrid-k3s:cluster.k3sVersion: "v1.32.9+k3s1" was not tested; its line has ended, and it never ran with vpn.integration routes.',
    ]);
    assert.match(warningsOf(routes("v1.37.0+k3s1"))[0] ?? "", /it is newer than the faults that this release knows of/);
  });
});
