import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tagDevice } from "../../../src/operator-tools/control/tag-device.mjs";
import { headscaleNode, startHeadscale } from "../support/headscale-server.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { device, startTailnet } from "../support/tailnet-server.mjs";

const TAG = "tag:k3s-edge";
const SERVER = "tag:k3s-edge-server";
const LIMITS = { waitMs: 1500, api: { requestMs: 300, firstPauseMs: 20, longestPauseMs: 100 } };

const SERVERS = {
  tailscale: async (devices) => {
    const server = await startTailnet();
    server.state.devices = devices.map(({ id, name, tags = [TAG] }) => device(`n${id}`, name, tags, { connectedToControl: true }));
    return { ...server, tagsOf: (id) => server.state.devices.find(({ nodeId }) => nodeId === `n${id}`).tags };
  },
  headscale: async (devices) => {
    const server = await startHeadscale({ minor: 28 });
    server.state.nodes = devices.map(({ id, name, tags = [TAG] }) => headscaleNode(id, name, tags));
    return {
      ...server,
      tagsOf: (id) => {
        const { tags, forcedTags } = server.state.nodes.find((node) => node.id === String(id));
        return tags ?? forcedTags;
      },
    };
  },
};

for (const [kind, start] of Object.entries(SERVERS)) {
  describe(`a server's tag at ${kind}`, () => {
    async function at(t, devices, limits = LIMITS) {
      const server = await start(devices);
      t.after(() => server.stop());
      let given;
      const input = { v: 1, tailnet: server.access(), node: "rack-1", tags: [SERVER] };
      const run = () => tagDevice(input, { env: {}, out: recordOutput(), limits, reveal: (value) => (given = value) }).then(() => given);
      const asked = () => server.state.calls.filter((call) => /^POST .*\/tags$/.test(call)).length;
      return { ...server, run, asked };
    }

    it("comes beside those that the node's device has, and no other device's change", async (t) => {
      const { run, tagsOf, asked } = await at(t, [
        { id: 1, name: "rack-1", tags: [TAG, "tag:lab"] },
        { id: 2, name: "rack-1", tags: ["tag:other"] },
        { id: 3, name: "rack-2" },
      ]);
      assert.deepEqual((await run()).tags, [TAG, "tag:lab", SERVER]);
      assert.deepEqual([tagsOf(1), tagsOf(2), tagsOf(3)], [[TAG, "tag:lab", SERVER], ["tag:other"], [TAG]]);
      await run();
      assert.equal(asked(), 1, "a device that has it is left alone");
    });

    it("says where to look when the node has no device", async (t) => {
      const { run, asked } = await at(t, [{ id: 3, name: "rack-2" }], { ...LIMITS, waitMs: 100 });
      assert.match(
        (await errorOf(run())).message,
        /^rack-1 has no device in the tailnet after 0\.1 s; look at `tailscale status` on its host/,
      );
      assert.equal(asked(), 0);
    });
  });
}

it("a tag that the credential may not give out is told with who could", async (t) => {
  const server = await SERVERS.tailscale([{ id: 1, name: "rack-1" }]);
  t.after(() => server.stop());
  server.state.tagsPermitted = [TAG];
  const run = tagDevice(
    { v: 1, tailnet: server.access(), node: "rack-1", tags: [SERVER] },
    { env: {}, out: recordOutput(), limits: LIMITS, reveal: () => {} },
  );
  const { message } = await errorOf(run);
  assert.match(
    message,
    /^The device of rack-1 could not be given the tags tag:k3s-edge, tag:k3s-edge-server: .*are invalid or not permitted/,
  );
  assert.match(message, /An owner of each of them \(tagOwners, at https:.*\) must be a tag of the credential's/);
});
