import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { rewriteKubeconfig } from "../../src/k3s/kubeconfig";

const FROM_K3S = `apiVersion: v1
kind: Config
clusters:
- cluster: {certificate-authority-data: Q0E=, server: "https://127.0.0.1:6443"}
  name: default
contexts:
- context: {cluster: default, user: default}
  name: default
current-context: default
users:
- name: default
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
`;

describe("rewriteKubeconfig", () => {
  it("names server, cluster, user and context, and keeps the credentials", () => {
    assert.deepEqual(parse(rewriteKubeconfig(FROM_K3S, "100.64.0.1", "edge")), {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ cluster: { "certificate-authority-data": "Q0E=", server: "https://100.64.0.1:6443" }, name: "edge" }],
      contexts: [{ context: { cluster: "edge", user: "edge" }, name: "edge" }],
      "current-context": "edge",
      users: [{ name: "edge", user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" } }],
    });
  });

  it("stays empty where there is no cluster yet", () => {
    assert.equal(rewriteKubeconfig("", "100.64.0.1", "edge"), "");
  });
});
