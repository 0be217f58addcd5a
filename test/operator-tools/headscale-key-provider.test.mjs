import assert from "node:assert/strict";
import { describe, it } from "node:test";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { provider } from "../../src/operator-tools/headscale-key-provider.cjs";
import { startHeadscale } from "./support/headscale-server.mjs";

/** What the engine gets and keeps of a provider's answer. */
const kept = (outs) => structs.Struct.fromJavaScript(outs).toJavaScript();

describe("a key of headscale as a resource", () => {
  for (const minor of [26, 27, 28, 29]) {
    it(`is made and expired at 0.${minor} with what the engine can keep of it`, async (t) => {
      const { state, access, stop } = await startHeadscale({ minor });
      t.after(() => stop());
      const wanted = { cluster: "edge", tags: ["tag:k3s-edge"], isEphemeral: false, expirySeconds: 3600, identity: "x" };
      const { id, outs } = await provider.create({ wanted, access: JSON.stringify({ v: 1, tailnet: access() }) });
      const props = kept(outs);
      assert.deepEqual([props.key, props.left], ["authkey-1-secret", minor >= 28 ? {} : { user: "1" }]);
      await provider.delete(id, props);
      assert.deepEqual(state.expired, ["1"]);
    });
  }
});
