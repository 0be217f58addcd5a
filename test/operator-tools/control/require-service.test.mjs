import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openControl } from "../../../src/operator-tools/control/open-control.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { startTailnet } from "../support/tailnet-server.mjs";

const WANTED = { name: "svc:k3s-api", comment: "hybrid-k3s: edge (stack hybrid-k3s/dev)" };
const SCOPES = ["policy_file", "auth_keys", "devices:core"];
const limits = { requestMs: 300, firstPauseMs: 20, longestPauseMs: 100 };

describe("whether the tailnet can have the Service that vpn.apiService asks for", () => {
  async function at(t, { scopes = [...SCOPES, "services"], services = [], ...more } = {}) {
    const server = await startTailnet({ scopes, services, ...more });
    t.after(() => server.stop());
    const ask = () => openControl(server.access(), { env: {}, out: recordOutput(), limits }).requireService(WANTED);
    return { ...server, ask };
  }

  it("it can where none of this name is there, or this stack's own", async (t) => {
    await (await at(t)).ask();
    await (await at(t, { services: [{ name: "svc:web" }, { ...WANTED, addrs: ["100.127.0.1"] }] })).ask();
  });

  it("it cannot where it is somebody else's, whatever the state says", async (t) => {
    for (const [there, whose] of [
      [{ comment: "of the shop" }, /its comment is "of the shop"/],
      [{}, /it has no comment/],
      [{ comment: "hybrid-k3s: edge (stack hybrid-k3s/prod)" }, /stack hybrid-k3s\/prod/],
    ]) {
      const { ask, state } = await at(t, { services: [{ name: WANTED.name, ...there }] });
      const { message } = await errorOf(ask());
      assert.match(message, /^The tailnet has a Service svc:k3s-api already, which is not this stack's/);
      assert.match(message, whose);
      assert.deepEqual(
        state.calls.filter((call) => !/^(GET|POST \/api\/v2\/oauth)/.test(call)),
        [],
      );
    }
  });

  it("the credential has to have the scope, to write", async (t) => {
    for (const scopes of [SCOPES, [...SCOPES, "services:read"]]) {
      for (const tellsScopes of scopes === SCOPES ? [true, false] : [true]) {
        const { ask } = await at(t, { scopes, tellsScopes });
        const { message } = await errorOf(ask());
        assert.match(message, /^The credential for the tailnet's API may not make svc:k3s-api/);
        assert.match(
          message,
          /Give the OAuth client the scope services \(write\) at https:\/\/login\.tailscale\.com\/admin\/settings\/oauth/,
        );
        assert.match(message, /or take vpn\.apiService out of the config/);
      }
    }
    await (await at(t, { scopes: ["all"] })).ask();
  });

  it("an API that knows no Services is told, with the page to look at", async (t) => {
    const { ask } = await at(t, { services: null });
    const { message } = await errorOf(ask());
    assert.match(message, /^The tailnet's API knows no Services \(404: not found\), and vpn\.apiService asks for svc:k3s-api\./);
    assert.match(message, /https:\/\/login\.tailscale\.com\/admin\/services/);
  });
});
