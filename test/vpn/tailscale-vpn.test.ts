import assert from "node:assert/strict";
import { afterEach, before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { planCluster } from "../../src/plan/plan-cluster";
import { TailscaleVpn } from "../../src/vpn/tailscale-vpn";
import { configWith } from "../helpers/config-builder";

const VARIABLES = ["TAILSCALE_OAUTH_CLIENT_ID", "TAILSCALE_OAUTH_CLIENT_SECRET", "TAILSCALE_API_KEY"];

describe("Tailscale's provider", () => {
  const made: { readonly type: string; readonly inputs: Record<string, unknown>; readonly provider: string | undefined }[] = [];
  before(() =>
    pulumi.runtime.setMocks({
      newResource: ({ type, name, inputs, provider }) => {
        made.push({ type, inputs: inputs as Record<string, unknown>, provider });
        return { id: `${name}-id`, state: inputs as Record<string, unknown> };
      },
      call: () => assert.fail("nothing is asked"),
    }),
  );
  afterEach(() => {
    made.length = 0;
    for (const name of VARIABLES) Reflect.deleteProperty(process.env, name);
  });

  /** Names of what the provider is given of a stack with these credentials, where the environment has those. */
  async function givenTo(credentials: Record<string, string>, environment: Record<string, string> = {}): Promise<string[]> {
    Object.assign(process.env, environment);
    const plan = planCluster(configWith());
    const secrets = Object.fromEntries(Object.entries(credentials).map(([name, value]) => [name, pulumi.secret(value)]));
    const vpn = new TailscaleVpn(plan.tailnet, { baseUrl: "https://api.tailscale.com", tailnet: "-", ...secrets });
    const context = { plan, owner: "hybrid-k3s/dev", ssh: { sshAgent: true }, vpn, failedMachines: new Map<string, string>() };
    vpn.prepare("cluster", { context, linesToChange: 0, after: [] }, {});
    const key = vpn.createKey("rack-1-key", { expirySeconds: 3600, isEphemeral: false, identity: "x" }, {});
    await new Promise<void>((resolve) => key.urn.apply(() => resolve()));
    assert.match(made.find(({ type }) => type === "tailscale:index/tailnetKey:TailnetKey")?.provider ?? "", /::cluster-tailscale::/);
    const { inputs } = made.find(({ type }) => type === "pulumi:providers:tailscale") ?? assert.fail("there is no provider");
    return Object.keys(inputs).filter((name) => /apiKey|oauth/.test(name));
  }

  it("has the stack's credential", async () => {
    assert.deepEqual((await givenTo({ oauthClientId: "k", oauthClientSecret: "s" })).sort(), ["oauthClientId", "oauthClientSecret"]);
    made.length = 0;
    assert.deepEqual(await givenTo({ apiKey: "a" }), ["apiKey"]);
  });

  it("is left to the environment, which it would not prefer by itself, for what that has", async () => {
    const own = { oauthClientId: "k", oauthClientSecret: "s" };
    assert.deepEqual(await givenTo(own, { TAILSCALE_OAUTH_CLIENT_SECRET: "new" }), ["oauthClientId"]);
    made.length = 0;
    assert.deepEqual(await givenTo(own, { TAILSCALE_OAUTH_CLIENT_ID: "l", TAILSCALE_OAUTH_CLIENT_SECRET: "new" }), []);
    made.length = 0;
    assert.deepEqual(await givenTo({ apiKey: "a" }, { TAILSCALE_API_KEY: "b" }), []);
  });
});
