import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf } from "../helpers/config-builder";

describe("validate-shape", () => {
  it("names a missing setting and shows how to write it", () => {
    assert.deepEqual(faultsOf({ "cluster.name": undefined }), ["hybrid-k3s:cluster.name: is missing. Add it, for example `name: edge`."]);
  });

  it("names a missing section", () => {
    assert.deepEqual(faultsOf({ cluster: undefined }), [
      "hybrid-k3s:cluster: is missing. Add this section; stacks/Pulumi.example.yaml shows it.",
    ]);
  });

  it("says where a missing host key comes from", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].hostKey": undefined }), [
      "hybrid-k3s:pools.rack.hosts[0].hostKey: is missing. Add the output of `ssh-keyscan -t ed25519 -p PORT ADDRESS | cut -d' ' -f2-`, once you compared it with /etc/ssh/ssh_host_ed25519_key.pub on the machine.",
    ]);
  });

  it("names the nearest known setting", () => {
    assert.deepEqual(faultsOf({ "cluster.podCdir": "10.42.0.0/16" }), [
      "hybrid-k3s:cluster.podCdir: is not a known setting. Did you mean podCidr?",
    ]);
  });

  it("lists the known settings where none is near", () => {
    assert.deepEqual(faultsOf({ "mirror.zzzzzz": 1 }), [
      "hybrid-k3s:mirror.zzzzzz: is not a known setting. Remove it; known here are k3s, installSha256, tailscale and caFile.",
    ]);
  });

  it("names the nearest known setting of a host", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].hostkey": "x" }), [
      "hybrid-k3s:pools.rack.hosts[0].hostkey: is not a known setting. Did you mean hostKey?",
    ]);
  });

  it("says which providers know a setting", () => {
    assert.deepEqual(faultsOf({ "pools.rack.count": 3 }), [
      `hybrid-k3s:pools.rack.count: is a setting of aws and azure pools only. Remove it; this pool's provider is "bare-metal".`,
    ]);
  });

  it("names the known setting that begins alike where only one does", () => {
    assert.deepEqual(faultsOf({ "pools.rack.removeVolumes": true, "vpn.nodeThings": 1, "vpn.logout": "x" }), [
      "hybrid-k3s:vpn.nodeThings: is not a known setting. Did you mean nodePorts?",
      "hybrid-k3s:vpn.logout: is not a known setting. Remove it; known here are mode, version, tag, tagOwners, operators, groups, nodePorts, policy, policyTests, loginServer, caFile, apiService and integration.",
      "hybrid-k3s:pools.rack.removeVolumes: is not a known setting. Did you mean removeData?",
    ]);
  });

  it("takes quotes from around numbers and truth values", () => {
    assert.deepEqual(faultsOf({ "pools.rack.hosts[0].port": "22", "access.sshAgent": "true" }), [
      'hybrid-k3s:access.sshAgent: is the text "true", where true or false is needed. Write it without quotes: true.',
      'hybrid-k3s:pools.rack.hosts[0].port: is the text "22", where a number is needed. Write it without quotes: 22.',
    ]);
  });

  it("asks for quotes around a number", () => {
    assert.deepEqual(faultsOf({ "cluster.name": 12 }), [
      'hybrid-k3s:cluster.name: is the number 12, where text is needed. Put it in quotes: "12".',
    ]);
  });

  it("asks for quotes around a boolean label", () => {
    assert.deepEqual(faultsOf({ "pools.rack.labels.gpu": true }), [
      'hybrid-k3s:pools.rack.labels.gpu: is the boolean true, where text is needed. Put it in quotes: "true".',
    ]);
  });

  it("refuses a setting without a value", () => {
    assert.deepEqual(faultsOf({ "cluster.name": null }), [
      "hybrid-k3s:cluster.name: is empty. Give it a value, for example edge, or remove the line.",
    ]);
  });

  it("refuses text where a mapping belongs", () => {
    assert.deepEqual(faultsOf({ cluster: "edge" }), [
      'hybrid-k3s:cluster: is the text "edge", where a mapping is needed. Write a mapping; stacks/Pulumi.example.yaml shows it.',
    ]);
  });

  it("refuses text where a list belongs", () => {
    assert.deepEqual(faultsOf({ "cluster.tlsSans": "k3s.example.org" }), [
      'hybrid-k3s:cluster.tlsSans: is the text "k3s.example.org", where a list is needed. Write a list, for example [k3s.example.org].',
    ]);
  });

  it("refuses a fraction where a whole number belongs", () => {
    assert.deepEqual(faultsOf({ "vpn.nodePorts": [1.5] }), [
      "hybrid-k3s:vpn.nodePorts[0]: is the number 1.5, where a whole number is needed. Write a whole number.",
    ]);
  });

  it("refuses text where true or false belongs", () => {
    assert.deepEqual(faultsOf({ "access.sshAgent": "yes" }), [
      'hybrid-k3s:access.sshAgent: is the text "yes", where true or false is needed. Write true or false.',
    ]);
  });

  it("refuses a mapping as a k3s setting", () => {
    assert.deepEqual(faultsOf({ "cluster.k3s.disable": { traefik: true } }), [
      "hybrid-k3s:cluster.k3s.disable: is a mapping, where text, a number, true, false or a list of texts and numbers is needed. Write text, a number, true, false or a list of texts and numbers.",
    ]);
  });

  it("lists the known values", () => {
    assert.deepEqual(faultsOf({ "vpn.mode": "wireguard" }), [
      'hybrid-k3s:vpn.mode: "wireguard" is not known. Write tailscale, headscale, wireguard-native, nebula, netmaker or zerotier.',
    ]);
  });

  it("refuses an unknown role", () => {
    assert.deepEqual(faultsOf({ "pools.edge.role": "worker" }), [
      'hybrid-k3s:pools.edge.role: "worker" is not known. Write server or agent.',
    ]);
  });

  it("refuses an unknown provider, and shows the pool's other faults", () => {
    assert.deepEqual(faultsOf({ "pools.rack.provider": "baremetal", "pools.rack.hosts[0].name": "R" }), [
      'hybrid-k3s:pools.rack.provider: "baremetal" is not known. Write bare-metal, aws or azure.',
      'hybrid-k3s:pools.rack.hosts[0].name: "R" is no legal node name. Use 2 to 63 lower-case letters, digits and dashes, a letter or digit first and last.',
    ]);
  });

  it("asks for the provider, and says no more of a pool that could be any", () => {
    assert.deepEqual(faultsOf({ "pools.burst": { role: "agent", count: "x" } }), [
      "hybrid-k3s:pools.burst.provider: is missing. Write bare-metal, aws or azure.",
    ]);
  });
});
