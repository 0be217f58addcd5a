import { validateConfig } from "../../src/config/validate";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultsOf, givenWith } from "../helpers/config-builder";

describe("validate", () => {
  it("names the nearest known section", () => {
    assert.deepEqual(faultsOf({ clusters: {} }), ["hybrid-k3s:clusters: is not a known setting. Did you mean hybrid-k3s:cluster?"]);
  });

  it("lists the known sections where none is near", () => {
    assert.deepEqual(faultsOf({ zzzzzzzzz: {} }), [
      "hybrid-k3s:zzzzzzzzz: is not a known setting. Remove it; known are cluster, vpn, mirror, access, networks, pools, sshPrivateKey, bastionPrivateKey, headscaleApiKey, s3AccessKey, s3SecretKey and datastoreEndpoint.",
    ]);
  });

  it("tells a path that was written as a name how to become one", () => {
    assert.deepEqual(faultsOf({ '["pools.burst.count"]': 3 }), [
      `hybrid-k3s:["pools.burst.count"]: is the path of a setting, written as the name of one. Remove it by \`pulumi config rm 'hybrid-k3s:pools.burst.count'\`, and set it by \`pulumi config set --path 'hybrid-k3s:pools.burst.count' VALUE\`.`,
    ]);
  });

  it("refuses a secret within a section, and says nothing of what is in it", () => {
    assert.deepEqual(
      faultsOf(
        { "cluster.name": "Hidden" },
        { secretKeys: new Set(["hybrid-k3s:cluster", "hybrid-k3s:sshPrivateKey", "tailscale:oauthClientSecret"]) },
      ),
      [
        "hybrid-k3s:cluster: is or holds a secret, which hides the whole section from previews. Write it without `secure:`; secrets are keys of their own (hybrid-k3s:sshPrivateKey, hybrid-k3s:bastionPrivateKey, hybrid-k3s:headscaleApiKey, hybrid-k3s:s3AccessKey, hybrid-k3s:s3SecretKey, hybrid-k3s:datastoreEndpoint).",
      ],
    );
  });

  it("reports faults of shape and of rules together, those within one host too", () => {
    assert.deepEqual(
      faultsOf({
        "cluster.name": 7,
        "cluster.podCidr": "10.42.0.0",
        "pools.rack.hosts[0].port": "22",
        "pools.rack.hosts[0].user": "o p s",
        "pools.edge.hosts[1].nmae": "kiosk-2",
        "pools.edge.hosts[1].address": "10.43.0.9",
        sshPrivateKey: undefined,
      }).map((fault) => fault.slice(0, fault.indexOf(": "))),
      [
        "hybrid-k3s:cluster.name",
        "hybrid-k3s:pools.rack.hosts[0].port",
        "hybrid-k3s:pools.edge.hosts[1].nmae",
        "hybrid-k3s:cluster.podCidr",
        "hybrid-k3s:pools.rack.hosts[0].user",
        "hybrid-k3s:pools.edge.hosts[1].address",
        "hybrid-k3s:sshPrivateKey",
      ],
    );
  });

  it("fills in the defaults of a valid config", () => {
    const { config } = validateConfig(givenWith({ "cluster.podCidr": undefined, "cluster.serviceCidr": undefined }));
    assert.deepEqual(config?.cluster, {
      name: "edge",
      k3sVersion: "v1.35.4+k3s1",
      podCidr: "10.42.0.0/16",
      serviceCidr: "10.43.0.0/16",
      tlsSans: [],
      k3s: {},
      allowServerReplacement: false,
      datastore: "etcd",
      allowDatastoreMove: false,
      allowDistantServers: false,
      probeImage: "registry.k8s.io/e2e-test-images/agnhost:2.53",
      allowUntestedK3s: false,
    });
    assert.deepEqual(config?.vpn.nodePorts, [10250]);
    assert.deepEqual(config?.access, { sshAgent: false });
    assert.deepEqual(config?.networks, { aws: {}, azure: {} });
    assert.equal(config?.pools["rack"]?.drainTimeout, "120s");
  });
});
