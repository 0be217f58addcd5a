import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { holdProbe } from "../../src/cli/verify/probe.mjs";
import { ToolError } from "../../src/operator-tools/run/tool-error.mjs";
import { recordOutput } from "../operator-tools/support/recorder.mjs";
import { OPENED, WANTED } from "./support/verify-words.mjs";

describe("the probe of one run", () => {
  const look = (run) => ({
    access: { servers: [{ name: "rack-1" }, { name: "rack-2" }] },
    wanted: WANTED,
    run,
    isQuick: false,
    out: recordOutput(),
    namespace: "n",
  });

  it("is taken away again where it was made behind its own removal", async () => {
    let made = () => undefined;
    const done = [];
    const probe = holdProbe(
      look(async ({ name }, { script }) => {
        if (script === "verify-open") await new Promise((resolve) => (made = resolve));
        done.push(`${script} ${name}`);
        return OPENED;
      }),
    );
    const opened = probe.open();
    const closed = probe.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(done, ["verify-close rack-1"]);
    made();
    await Promise.all([opened, closed]);
    assert.deepEqual(done, ["verify-close rack-1", "verify-open rack-1", "verify-close rack-1"]);
    await probe.close();
    assert.equal(done.length, 4);
  });

  it("is not made on the next server where it was given up", async () => {
    const done = [];
    const probe = holdProbe(
      look(async ({ name }, { script }) => {
        done.push(`${script} ${name}`);
        if (script === "verify-close") return {};
        await new Promise((resolve) => setImmediate(resolve));
        throw new ToolError(`${name}: the namespace was deleted`);
      }),
    );
    const opened = assert.rejects(probe.open(), /the namespace was deleted/);
    await probe.close();
    await opened;
    assert.deepEqual(done, ["verify-open rack-1", "verify-close rack-1", "verify-close rack-1"]);
  });
});
