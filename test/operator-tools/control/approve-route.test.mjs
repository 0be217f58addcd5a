import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { approveRoute } from "../../../src/operator-tools/control/approve-route.mjs";
import { headscaleNode, startHeadscale } from "../support/headscale-server.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { device, startTailnet } from "../support/tailnet-server.mjs";

const TAG = "tag:k3s-edge";
const SCOPES = ["policy_file", "auth_keys", "devices:core", "devices:routes"];
const LIMITS = { waitMs: 1500, policyMs: 150, api: { requestMs: 300, firstPauseMs: 20, longestPauseMs: 100 } };

/** Both kinds of control servers with the same devices: {name, tags, advertised, enabled, id}. */
const SERVERS = {
  tailscale: async (devices, scopes = SCOPES) => {
    const server = await startTailnet({ scopes });
    const made = ({ id, name, tags = [TAG], advertised = [], enabled = [] }) =>
      device(`n${id}`, name, tags, {
        advertisedRoutes: advertised,
        enabledRoutes: enabled,
        addresses: [`100.64.0.${id}`],
        connectedToControl: true,
      });
    server.state.devices = devices.map(made);
    const of = (id) => server.state.devices.find(({ nodeId }) => nodeId === `n${id}`);
    return {
      ...server,
      of,
      add: (one) => server.state.devices.push(made(one)),
      advertise: (id, routes) => (of(id).advertisedRoutes = routes),
      enable: (id, routes) => (of(id).enabledRoutes = routes),
      enabled: (id) => of(id).enabledRoutes,
      approvals: () => server.state.calls.filter((call) => /^POST .*\/routes$/.test(call)).length,
    };
  },
  headscale: async (devices) => {
    const server = await startHeadscale({ minor: 28 });
    const made = ({ id, name, tags = [TAG], advertised = [], enabled = [] }) =>
      headscaleNode(id, name, tags, { availableRoutes: advertised, approvedRoutes: enabled });
    server.state.nodes = devices.map(made);
    const of = (id) => server.state.nodes.find((node) => node.id === String(id));
    return {
      ...server,
      of,
      add: (one) => server.state.nodes.push(made(one)),
      advertise: (id, routes) => (of(id).availableRoutes = routes),
      enable: (id, routes) => (of(id).approvedRoutes = routes),
      enabled: (id) => of(id).approvedRoutes,
      approvals: () => server.state.calls.filter((call) => call.endsWith("/approve_routes")).length,
    };
  },
};

for (const [kind, start] of Object.entries(SERVERS)) {
  describe(`a node's pod route at ${kind}`, () => {
    async function at(t, devices, limits = LIMITS, scopes) {
      const server = await start(devices, scopes);
      t.after(() => server.stop());
      const out = recordOutput();
      let served;
      const input = { v: 1, tailnet: server.access(), node: "rack-1", podCidr: "10.42.0.0/16" };
      const run = () => approveRoute(input, { env: {}, out, limits, reveal: (value) => (served = value) }).then(() => served);
      return { ...server, run, said: () => out.written.stderr };
    }

    it("is waited for, and left to the policy where that approves it", async (t) => {
      const { run, advertise, enable, approvals } = await at(t, [{ id: 1, name: "rack-1" }], { ...LIMITS, policyMs: 1e6, waitMs: 5000 });
      const done = run();
      await tick();
      advertise(1, ["10.42.1.0/24"]);
      await tick();
      enable(1, ["10.42.1.0/24"]);
      assert.deepEqual(await done, { podCidr: "10.42.1.0/24", by: "policy" });
      assert.equal(approvals(), 0);
    });

    it("is approved by the device's id where the policy does not, beside what is enabled, and that is said", async (t) => {
      const { run, enabled, approvals, said } = await at(t, [
        { id: 1, name: "rack-1", advertised: ["192.168.7.0/24", "10.42.1.0/24"], enabled: ["192.168.7.0/24"] },
        { id: 2, name: "rack-1", tags: ["tag:other"], advertised: ["10.42.1.0/24"], enabled: [] },
        { id: 3, name: "rack-2", advertised: ["10.42.2.0/24"], enabled: ["10.42.2.0/24"] },
      ]);
      assert.deepEqual(await run(), { podCidr: "10.42.1.0/24", by: "id" });
      assert.deepEqual(enabled(1), ["192.168.7.0/24", "10.42.1.0/24"]);
      assert.deepEqual([enabled(2), approvals()], [[], 1]);
      assert.match(said(), /^rack-1: the policy did not approve its route 10\.42\.1\.0\/24 .*device's id n?1$/m);
    });

    for (const [title, advertised] of [
      ["outside podCidr", ["10.43.1.0/24", "192.168.1.0/24", "0.0.0.0/0"]],
      ["that is podCidr itself or a part of it larger than a node's", ["10.42.0.0/16", "10.42.0.0/20"]],
      ["around podCidr", ["10.0.0.0/8"]],
    ]) {
      it(`is not one ${title}`, async (t) => {
        const { run, approvals } = await at(t, [{ id: 1, name: "rack-1", advertised }], { ...LIMITS, waitMs: 500 });
        const error = await errorOf(run());
        assert.match(
          error.message,
          new RegExp(
            `^rack-1 \\(100\\.64\\.0\\.1\\) advertises only ${advertised[0].replaceAll(".", "\\.")}.*none of a node inside 10\\.42`,
          ),
        );
        assert.equal(approvals(), 0);
      });
    }

    it("is not one that another node serves already", async (t) => {
      const { run, approvals } = await at(t, [
        { id: 1, name: "rack-1", advertised: ["10.42.1.0/24"] },
        { id: 2, name: "rack-2", advertised: ["10.42.1.0/24"], enabled: ["10.42.1.0/24"] },
      ]);
      assert.match(
        (await errorOf(run())).message,
        /advertises 10\.42\.1\.0\/24, which rack-2 \(100\.64\.0\.2\) serves already; it was not approved/,
      );
      assert.equal(approvals(), 0);
    });

    for (const route of ["10.42.1.0/24", "10.42.1.128/25"]) {
      it(`is not one of which a device outside the cluster serves ${route}`, async (t) => {
        const { run, approvals } = await at(t, [
          { id: 1, name: "rack-1", advertised: ["10.42.1.0/24"] },
          { id: 2, name: "router", tags: ["tag:router"], advertised: [route], enabled: [route] },
        ]);
        assert.match((await errorOf(run())).message, /advertises 10\.42\.1\.0\/24, which router \(100\.64\.0\.2\) serves already/);
        assert.equal(approvals(), 0);
      });
    }

    it("is approved beside wider routes of devices outside the cluster, which it goes before", async (t) => {
      const wide = ["0.0.0.0/0", "::/0", "10.0.0.0/8"];
      const { run } = await at(t, [
        { id: 1, name: "rack-1", advertised: ["10.42.1.0/24"] },
        { id: 2, name: "exit", tags: ["tag:exit"], advertised: wide, enabled: wide },
        { id: 3, name: "laptop", tags: [], advertised: ["10.42.1.0/24"], enabled: [] },
      ]);
      assert.deepEqual(await run(), { podCidr: "10.42.1.0/24", by: "id" });
    });

    it("is one: several are not approved", async (t) => {
      const { run, approvals } = await at(t, [{ id: 1, name: "rack-1", advertised: ["10.42.1.0/24", "10.42.2.0/24"] }]);
      assert.match((await errorOf(run())).message, /10\.42\.1\.0\/24 and 10\.42\.2\.0\/24, .*none was approved.*--advertise-routes=/);
      assert.equal(approvals(), 0);
    });

    it("is looked for at the device that came back under another id", async (t) => {
      const server = await at(t, [{ id: 1, name: "rack-1" }], { ...LIMITS, waitMs: 5000 });
      const done = server.run();
      await tick();
      const list = server.state.devices ?? server.state.nodes;
      Object.assign(list[0], { id: "9", ...("nodeId" in list[0] && { nodeId: "n9" }) });
      server.advertise(9, ["10.42.1.0/24"]);
      assert.equal((await done).by, "id");
      assert.deepEqual(server.enabled(9), ["10.42.1.0/24"]);
    });

    it("is looked for at the device that is online, once it is there beside a dead one of the same name", async (t) => {
      const server = await at(t, [{ id: 1, name: "rack-1" }], { ...LIMITS, waitMs: 5000 });
      Object.assign(server.of(1), "online" in server.of(1) ? { online: false } : { connectedToControl: false });
      const done = server.run();
      await tick();
      server.add({ id: 2, name: "rack-1", advertised: ["10.42.1.0/24"] });
      server.advertise(1, ["10.42.9.0/24"]);
      assert.deepEqual(await done, { podCidr: "10.42.1.0/24", by: "id" });
      assert.deepEqual([server.enabled(1), server.enabled(2)], [[], ["10.42.1.0/24"]]);
    });

    it("ends within its limit where there is no device, and says so", async (t) => {
      const { run } = await at(t, [{ id: 1, name: "rack-1", tags: ["tag:k3s-west"], advertised: ["10.42.1.0/24"] }], {
        ...LIMITS,
        waitMs: 300,
      });
      assert.match((await errorOf(run())).message, /^rack-1 has no device in the tailnet after 0\.3 s/);
    });
  });
}

describe("a pod route that the OAuth client may not approve", () => {
  it("is told with the scope that is missing and the way by hand", async (t) => {
    const server = await SERVERS.tailscale([{ id: 1, name: "rack-1", advertised: ["10.42.1.0/24"] }], ["devices:core"]);
    t.after(() => server.stop());
    const input = { v: 1, tailnet: server.access(), node: "rack-1", podCidr: "10.42.0.0/16" };
    const error = await errorOf(approveRoute(input, { env: {}, out: recordOutput(), limits: LIMITS, reveal: assert.fail }));
    assert.match(
      error.message,
      /could not be approved by the device's id: .*lacks the scope devices:routes \(write\).*\nOr approve it at https:/,
    );
  });
});

// A few polls of the wait under test.
const tick = () => new Promise((resolve) => setTimeout(resolve, 250));
