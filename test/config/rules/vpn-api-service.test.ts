import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudPools, configWith, faultsOf, givenWith, type Overrides } from "../../helpers/config-builder";
import { validateConfig } from "../../../src/config/validate";

const service = (name: string, more: Overrides = {}) => faultsOf({ "vpn.integration": "routes", "vpn.apiService": name, ...more });

describe("the rules for the Service in front of the API", () => {
  it("leaves it out where nothing is said, and takes a name", () => {
    assert.equal(configWith().vpn.apiService, undefined);
    assert.deepEqual(service("k3s-api"), []);
    assert.deepEqual(service("k3s-api", { "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" }), []);
  });

  it("refuses it with headscale, by name and reason", () => {
    const headscale: Overrides = {
      "vpn.mode": "headscale",
      "vpn.loginServer": "https://headscale.example.org",
      "vpn.tagOwners": undefined,
      "vpn.operators": ["alice@"],
      "vpn.groups": undefined,
      "vpn.policy": "merge",
      "vpn.apiService": "k3s-api",
    };
    const credentials = { tailscale: {}, environment: { HYBRID_K3S_HEADSCALE_API_KEY: "key" } };
    const { issues } = validateConfig(givenWith(headscale, credentials));
    assert.deepEqual(
      issues.map(({ path, problem, remedy }) => `${path}: ${problem}. ${remedy}`),
      ["hybrid-k3s:vpn.apiService: names a Tailscale Service, and headscale gives out none. Remove it."],
    );
  });

  it("refuses it with k3s's own VPN flag, which takes a server from behind it", () => {
    assert.deepEqual(faultsOf({ "vpn.apiService": "k3s-api" }), [
      "hybrid-k3s:vpn.apiService: is given, and vpn.integration is k3s: k3s's own VPN flag takes a server out of the tailnet whenever its k3s stops, and may log it in again, which takes it from behind the Service. Write hybrid-k3s:vpn.integration: routes, or remove it.",
    ]);
  });

  it("refuses a tailscale that knows no Services", () => {
    assert.deepEqual(service("k3s-api", { "vpn.version": "1.84.3" }), [
      "hybrid-k3s:vpn.apiService: is given, and tailscale 1.84.3 knows no Services. Write hybrid-k3s:vpn.version: 1.88.3, or any release from 1.86.2 on.",
    ]);
    assert.deepEqual(service("k3s-api", { "vpn.version": "1.86.2" }), []);
  });

  it("refuses what is no name of one", () => {
    assert.deepEqual(service("svc:k3s-api"), [
      'hybrid-k3s:vpn.apiService: "svc:k3s-api" has svc: in front of its name. Write k3s-api alone.',
    ]);
    for (const name of ["k3s.api", "K3s", "-api", "a".repeat(64)]) {
      assert.deepEqual(service(name), [
        `hybrid-k3s:vpn.apiService: "${name}" is no legal name. Use at most 63 lower-case letters, digits and dashes, no dash first or last.`,
      ]);
    }
  });

  it("refuses the name of a node, which is one in the tailnet already", () => {
    assert.deepEqual(service("kiosk-2"), [
      'hybrid-k3s:vpn.apiService: "kiosk-2" is the name of a host, and both would be kiosk-2 in the tailnet. Choose another.',
    ]);
    const clouds = cloudPools({ count: 1 }, { count: 1 });
    const access = { "access.sshPublicKey": undefined };
    assert.ok(
      service("edge-burst-7", { ...clouds, ...access }).includes(
        'hybrid-k3s:vpn.apiService: "edge-burst-7" is the name of a node of the pool burst, and both would be edge-burst-7 in the tailnet. Choose another.',
      ),
    );
  });
});
