import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadscaleControl } from "../../../src/operator-tools/control/headscale-control.mjs";
import { HEADSCALE_KEY, startHeadscale } from "../support/headscale-server.mjs";
import { errorOf } from "../support/recorder.mjs";

const OLDEST = [
  [26, "1.62", "1.60.1"],
  [27, "1.64", "1.62.1"],
  [28, "1.74", "1.72.1"],
  [29, "1.80", "1.78.3"],
];

// hscontrol/capver/capver_generated.go and capver.go at the tags of these releases.
describe("the oldest tailscale that a headscale lets in", () => {
  for (const [minor, oldest, older] of OLDEST)
    it(`is ${oldest} for 0.${minor}`, async (test) => {
      const server = await startHeadscale({ minor });
      test.after(() => server.stop());
      const control = () => new HeadscaleControl({ loginServer: server.loginServer, apiKey: HEADSCALE_KEY });
      const { message } = await errorOf(control().requireClient(older));
      const said = `hybrid-k3s:vpn.version: ${older} is older than the oldest tailscale that headscale 0.${minor} lets in, ${oldest};`;
      assert.ok(message.startsWith(said), message);
      await control().requireClient(`${oldest}.0`);
      await control().requireClient("1.100.0");
    });
});
