import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runOnHost } from "../../../src/operator-tools/ssh/run-on-host.mjs";
import { faults } from "../../../src/operator-tools/ssh/ssh-fault.mjs";

const AT = { name: "rack-1", address: "192.0.2.10", port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" };
const ROUTE = { name: "rack-1", host: AT };

describe("runOnHost", () => {
  // What each connection comes to: a fault of its making, or of the script that it ran.
  const faultOf = async (...ends) => {
    const sessions = {
      async lease() {
        const { opening, running } = ends.shift();
        if (opening) throw opening;
        return {
          session: {
            async runAsRoot() {
              throw running;
            },
          },
          release() {},
        };
      },
    };
    return runOnHost(ROUTE, { privateKey: "KEY" }, { script: "x", text: "", limitMs: 1000, sessions }).then(
      () => assert.fail("it ended well"),
      (fault) => fault,
    );
  };

  it("tells whether the script had begun, also where the host does not answer the second time", async () => {
    const lost = { running: faults.lost(AT, "x") };
    const refused = { opening: faults.refused(AT) };
    const tell = ({ kind, mayGoOn }) => [kind, mayGoOn];
    assert.deepEqual(tell(await faultOf(refused)), ["refused", false]);
    assert.deepEqual(tell(await faultOf(lost, refused)), ["refused", true]);
    assert.deepEqual(tell(await faultOf(lost, lost)), ["lost", true]);
    assert.deepEqual(tell(await faultOf({ running: faults.limit(AT, "x", 1000) })), ["limit", true]);
    assert.deepEqual(tell(await faultOf({ running: faults.closed(AT, "x") }, refused)), ["refused", false]);
  });
});
