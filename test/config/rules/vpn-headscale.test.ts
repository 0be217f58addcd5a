import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, type Overrides, siteCa } from "../../helpers/config-builder";
import type { GivenConfig } from "../../../src/config/given-config";

const settings: Overrides = {
  "vpn.mode": "headscale",
  "vpn.loginServer": "https://headscale.example.org",
  "vpn.tagOwners": undefined,
  headscaleApiKey: "prefix.secret-of-a-headscale",
};
const given: Partial<GivenConfig> = {
  tailscale: {},
  secretKeys: new Set(["hybrid-k3s:sshPrivateKey", "hybrid-k3s:headscaleApiKey"]),
};

const faults = (overrides: Overrides = {}, more: Partial<GivenConfig> = {}) =>
  faultsOf({ ...settings, ...overrides }, { ...given, ...more });

describe("the rules for headscale", () => {
  it("accepts a control server of one's own, without anything of Tailscale's", () => {
    assert.deepEqual(faults(), []);
    for (const loginServer of ["https://headscale.example.org/", "https://headscale.example.org:8443"])
      assert.deepEqual(faults({ "vpn.loginServer": loginServer }), []);
    const fromEnvironment = {
      secretKeys: new Set(["hybrid-k3s:sshPrivateKey"]),
      environment: { HYBRID_K3S_HEADSCALE_API_KEY_FILE: "key" },
    };
    assert.deepEqual(faults({ headscaleApiKey: undefined }, fromEnvironment), []);
    assert.deepEqual(faults({ "vpn.caFile": "ca.pem" }, { vpnCa: { resolvedPath: "/stack/ca.pem", text: siteCa } }), []);
    assert.deepEqual(faults({ "vpn.policy": "merge", "vpn.groups": {}, "vpn.operators": ["alice@", "autogroup:member", "group:ops"] }), []);
  });

  it("refuses tests that a headscale would fail, and knows that it adds none", () => {
    assert.deepEqual(faults({ "vpn.policy": "merge", "vpn.groups": {}, "vpn.policyTests": "strict" }), [
      "hybrid-k3s:vpn.policyTests: is strict, and tests are added to the tailnet's policy only at Tailscale, not in the mode headscale. Remove it.",
    ]);
  });

  it("names all that is missing at once", () => {
    assert.deepEqual(faults({ "vpn.loginServer": undefined, headscaleApiKey: undefined }), [
      "hybrid-k3s:vpn.loginServer: is missing in the mode headscale. Write headscale's server_url, for example https://headscale.example.org.",
      "hybrid-k3s:headscaleApiKey: is missing in the mode headscale. Make one by `headscale apikeys create --expiration 365d`, and run `pulumi config set --secret hybrid-k3s:headscaleApiKey`; or set the variable HYBRID_K3S_HEADSCALE_API_KEY or HYBRID_K3S_HEADSCALE_API_KEY_FILE.",
    ]);
  });

  it("refuses addresses that are no https URL of a whole host", () => {
    const remedy = "Write headscale's server_url, for example https://headscale.example.org.";
    for (const [loginServer, problem] of [
      ["http://headscale.example.org", '"http://headscale.example.org" is no https URL'],
      ["headscale.example.org", '"headscale.example.org" is no https URL'],
      ["https://me:word@headscale.example.org", "has a login in it, which would be kept in plain text"],
      ["https://headscale.example.org/vpn", '"https://headscale.example.org/vpn" has a path, a query or a fragment'],
      ["https://headscale.example.org?a", '"https://headscale.example.org?a" has a path, a query or a fragment'],
      ["https://headscale.example.org?", '"https://headscale.example.org?" has a path, a query or a fragment'],
      ["https://headscale.example.org#", '"https://headscale.example.org#" has a path, a query or a fragment'],
      ["https:headscale.example.org", '"https:headscale.example.org" is no https URL'],
      ["https:\\\\headscale.example.org", '"https:\\\\\\\\headscale.example.org" is no https URL'],
      ["https://head,scale.example.org", '"https://head,scale.example.org" has a comma or a blank in it'],
    ] as const)
      assert.deepEqual(faults({ "vpn.loginServer": loginServer }), [`hybrid-k3s:vpn.loginServer: ${problem}. ${remedy}`]);
  });

  it("refuses an authority that is none", () => {
    for (const [text, problem] of [
      [undefined, '"/stack/ca.pem" cannot be read. Give a path relative to the project\'s folder, or an absolute one.'],
      ["ca", '"/stack/ca.pem" holds no certificate in PEM form. Give the certificate of the CA that signed the control server\'s.'],
    ] as const)
      assert.deepEqual(faults({ "vpn.caFile": "ca.pem" }, { vpnCa: { resolvedPath: "/stack/ca.pem", text } }), [
        `hybrid-k3s:vpn.caFile: ${problem}`,
      ]);
  });

  it("refuses a key in plain text, and one of Tailscale", () => {
    assert.deepEqual(faults({ headscaleApiKey: "tskey-api-x" }, { secretKeys: new Set(["hybrid-k3s:sshPrivateKey"]) }), [
      "hybrid-k3s:headscaleApiKey: is a secret kept in plain text. Run `pulumi config set --secret hybrid-k3s:headscaleApiKey`; if others could read the stack file, expire it and make a new one.",
      "hybrid-k3s:headscaleApiKey: is a key of Tailscale, not of a headscale. Make one by `headscale apikeys create --expiration 365d`, and run `pulumi config set --secret hybrid-k3s:headscaleApiKey`.",
    ]);
  });

  it("refuses what only Tailscale has: tag owners, roles, its provider's settings", () => {
    assert.deepEqual(
      faults({ "vpn.tagOwners": ["tag:k3s-admin"], "vpn.operators": ["autogroup:admin"] }, { tailscale: { oauthClientId: "k" } }),
      [
        "hybrid-k3s:vpn.tagOwners: names owners, and in the mode headscale the API key makes nodes. Remove it: nobody else may give a device the nodes' tag.",
        'hybrid-k3s:vpn.operators[0]: "autogroup:admin" is a role that headscale does not have. Name a group, or a user as headscale\'s policies write one: alice@.',
        "tailscale:oauthClientId: is for the mode tailscale, and vpn.mode is headscale. Run `pulumi config rm tailscale:oauthClientId`.",
      ],
    );
  });

  it("refuses settings of headscale in the mode tailscale, where they would do nothing", () => {
    const only = { "vpn.loginServer": "https://headscale.example.org", "vpn.caFile": "ca.pem", headscaleApiKey: "prefix.secret" };
    assert.deepEqual(
      faultsOf(only),
      ["vpn.loginServer", "vpn.caFile", "headscaleApiKey"].map(
        (key) => `hybrid-k3s:${key}: is for the mode headscale. Remove it, or write vpn.mode: headscale.`,
      ),
    );
  });
});
