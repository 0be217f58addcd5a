import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { planCluster } from "../../../src/plan/plan-cluster";
import { TailscaleVpn } from "../../../src/vpn/tailnet/tailscale-vpn";
import { configWith } from "../../helpers/config-builder";
import { loadSupport } from "../../helpers/load-support";

interface Support {
  readonly CLIENT: { readonly id: string; readonly secret: string };
  readonly startTailnet: (given: object) => Promise<{ baseUrl: string; state: { written: string[] }; stop: () => Promise<void> }>;
}

const { tailnet: plan } = planCluster(configWith());
const ours = JSON.stringify(plan.policy);

describe("a preview with an OAuth client whose token lists its tags", () => {
  let live = ours;
  const mocks: pulumi.runtime.Mocks = {
    newResource: () => assert.fail("the check makes no resource"),
    call: ({ token }) => (token === "tailscale:index/getAcl:getAcl" ? { id: "acl", acl: live, hujson: live } : { outputs: {} }),
  };
  before(() => pulumi.runtime.setMocks(mocks, "hybrid-k3s", "dev", true, "organization"));

  async function look(clientTags: string | undefined, policy = ours, given = plan): Promise<unknown> {
    live = policy;
    const { CLIENT, startTailnet } = await loadSupport<Support>("tailnet-server");
    const tailnet = await startTailnet({ policy, clientTags });
    const credentials = { oauthClientId: pulumi.output(CLIENT.id), oauthClientSecret: pulumi.secret(CLIENT.secret) };
    try {
      await new TailscaleVpn(given, { baseUrl: tailnet.baseUrl, tailnet: "-", ...credentials }).readPolicy();
      return undefined;
    } catch (error) {
      return error;
    } finally {
      assert.deepEqual(tailnet.state.written, []);
      await tailnet.stop();
    }
  }

  it("refuses one that gives out no node's tag, before anything is written", async () => {
    const error = await look("tag:ci tag:k3s-edge");
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    assert.match(
      error.message,
      /^The OAuth client has the tags tag:ci, tag:k3s-edge, and none of them gives out tag:k3s-edge and tag:k3s-edge-server: .* Give the client one of vpn\.tagOwners \(tag:k3s-admin\) at https:/,
    );
  });

  it("takes one with the owning tag, and one that lists none", async () => {
    for (const tags of ["tag:ci tag:k3s-admin", undefined]) assert.equal(await look(tags), undefined, tags);
  });

  it("takes one with the nodes' tag alone where servers have no other, and names the servers' tag where they have", async () => {
    const { tailnet: plain } = planCluster(configWith({ "cluster.datastore": "sqlite" }));
    assert.equal(await look("tag:k3s-edge", ours, plain), undefined);
    assert.match(String(await look("tag:k3s-edge")), /none of them gives out tag:k3s-edge and tag:k3s-edge-server/);
  });

  it("takes one whose tag owns the owning tag in the live policy", async () => {
    const tagOwners = { "tag:k3s-admin": ["tag:root"], "tag:k3s-edge": ["tag:k3s-admin"] };
    assert.equal(await look("tag:root", JSON.stringify({ ...plan.policy, tagOwners })), undefined);
  });
});
