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

  it("has a context for each of several servers beside the current one, with the same credentials", () => {
    const servers = [1, 2].map((i) => ({ name: `rack-${i}`, address: `100.64.0.${i}` }));
    const config = parse(rewriteKubeconfig(FROM_K3S, "k3s.example.org", "edge", servers)) as Record<string, unknown>;
    const cluster = (name: string, address: string) => ({
      cluster: { "certificate-authority-data": "Q0E=", server: `https://${address}:6443` },
      name,
    });
    assert.deepEqual(config["clusters"], [
      cluster("edge", "k3s.example.org"),
      cluster("edge-rack-1", "100.64.0.1"),
      cluster("edge-rack-2", "100.64.0.2"),
    ]);
    assert.deepEqual(config["contexts"], [
      { context: { cluster: "edge", user: "edge" }, name: "edge" },
      { context: { cluster: "edge-rack-1", user: "edge" }, name: "edge-rack-1" },
      { context: { cluster: "edge-rack-2", user: "edge" }, name: "edge-rack-2" },
    ]);
    assert.deepEqual([config["current-context"], (config["users"] as unknown[]).length], ["edge", 1]);
  });

  it("has a context for the Service in front of them, behind those of the servers", () => {
    const choices = [
      { name: "rack-1", address: "100.64.0.1" },
      { name: "k3s-api", address: "100.127.0.1" },
    ];
    const config = parse(rewriteKubeconfig(FROM_K3S, "100.64.0.1", "edge", choices)) as {
      contexts: { name: string }[];
      clusters: unknown[];
    };
    assert.deepEqual(
      config.contexts.map(({ name }) => name),
      ["edge", "edge-rack-1", "edge-k3s-api"],
    );
    assert.deepEqual(config.clusters.at(-1), {
      cluster: { "certificate-authority-data": "Q0E=", server: "https://100.127.0.1:6443" },
      name: "edge-k3s-api",
    });
  });

  it("stays empty where there is no cluster yet", () => {
    assert.equal(rewriteKubeconfig("", "100.64.0.1", "edge"), "");
  });
});
