import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runCommand } from "../../src/cli/run-command.mjs";
import { UnknownEnd } from "../../src/cli/host-work.mjs";
import { ToolError } from "../../src/operator-tools/run/tool-error.mjs";
import { recordOutput } from "../operator-tools/support/recorder.mjs";
import { ACCESS, node } from "./support/stack.mjs";

describe("hybrid-k3s recover", () => {
  const servers = ["rack-1", "rack-2", "rack-3"].map((name, i) => node(name, `192.0.2.2${i}`));
  const runWith = async (looks, ...argv) => {
    const out = recordOutput();
    const ran = [];
    const given = [];
    const code = await runCommand(["recover", ...argv], {
      env: {},
      out,
      stdin: { isTTY: false },
      readStack: async () => ({ operatorAccess: { ...ACCESS, servers } }),
      hostWork:
        () =>
        async (at, { script, environment }) => {
          const look = looks[at.name];
          if (look === undefined) throw new ToolError(`${at.name}: no answer`);
          if (script === "look-at-server") return look;
          ran.push(`${at.name}: ${script}`);
          given.push(environment);
          if (look.lost === script) throw new UnknownEnd(`${at.name}: was lost`);
          if (script === look.failing) throw new ToolError(`${at.name}: no ${script}`);
          return { aside: "/x", address: "100.64.0.2" };
        },
    });
    return { code, ran, given, said: out.written.stderr + out.written.stdout };
  };
  const silent = { api: "silent", hasData: true };

  it("has the only server that is left go on alone", async () => {
    const { code, ran, said } = await runWith({ "rack-2": silent }, "--yes");
    assert.equal(code, 0, said);
    assert.deepEqual(ran, ["rack-2: reset-quorum"]);
    for (const lost of ["rack-1", "rack-3"])
      assert.match(
        said,
        new RegExp(`${lost} did not answer: what ${lost} holds can never join again: when its host is back, raise its generation`),
      );
  });

  it("wants to know which of several is kept; the others join it again", async () => {
    const looks = { "rack-1": silent, "rack-3": silent };
    const { code, ran, said } = await runWith(looks, "--yes");
    assert.equal(code, 1);
    assert.match(said, /several servers have data \(rack-1, rack-3\)\. Say which one is kept: --on NAME/);
    assert.deepEqual(ran, []);
    assert.deepEqual((await runWith(looks, "--yes", "--on", "rack-3")).ran, [
      "rack-1: stop-server",
      "rack-3: reset-quorum",
      "rack-1: rejoin-server",
    ]);
  });

  it("has the others go on with what they had where the reset comes to nothing", async () => {
    const looks = { "rack-1": silent, "rack-3": { ...silent, failing: "reset-quorum" } };
    const { code, ran, said } = await runWith(looks, "--yes", "--on", "rack-3");
    assert.equal(code, 1);
    assert.match(said, /rack-1: k3s starts again with what it had[^]*rack-3: no reset-quorum/);
    assert.deepEqual(ran, ["rack-1: stop-server", "rack-3: reset-quorum", "rack-1: start-server"]);
  });

  it("asks no server to join again that it could not stop, and names it", async () => {
    const looks = { "rack-1": { ...silent, failing: "stop-server" }, "rack-2": { ...silent, failing: "rejoin-server" }, "rack-3": silent };
    const { code, ran, said } = await runWith(looks, "--yes", "--on", "rack-3");
    assert.equal(code, 1);
    assert.match(said, /has its quorum again/);
    assert.match(said, /- rack-1: no stop-server; what rack-1 holds can never join again[^]*- rack-2: no rejoin-server/);
    assert.deepEqual(ran, ["rack-1: stop-server", "rack-2: stop-server", "rack-3: reset-quorum", "rack-2: rejoin-server"]);
  });

  it("leaves the others stopped where nobody knows what became of the reset", async () => {
    const looks = { "rack-1": silent, "rack-3": { ...silent, lost: "reset-quorum" } };
    const { code, ran, said } = await runWith(looks, "--yes", "--on", "rack-3");
    assert.equal(code, 1);
    assert.deepEqual(ran, ["rack-1: stop-server", "rack-3: reset-quorum"]);
    assert.match(said, /rack-1: k3s stays stopped[^]*rack-3: was lost\nRun the same command again: /);
  });

  it("sees through what an earlier run left, by the servers' own word, and asks before", async () => {
    const begun = { api: "answers", hasData: true, address: "100.64.0.2", authority: "aaaa", begunBy: "recover-1", stoppedFor: "" };
    const looks = {
      "rack-1": begun,
      "rack-2": { ...silent, begunBy: "", stoppedFor: "recover-1" },
      "rack-3": { ...silent, begunBy: "", stoppedFor: "recover-0" },
    };
    assert.match((await runWith(looks)).said, /etcd begin again on rack-1[^]*rack-2 lose their copies[^]*nobody is there to ask/);
    const { code, ran, given, said } = await runWith(looks, "--yes");
    assert.equal(code, 0, said);
    assert.deepEqual(ran, ["rack-2: rejoin-server"]);
    assert.deepEqual(given, [{ SERVER_IP: "100.64.0.2", OPERATION: "recover-1", WAIT_SECONDS: 300, CLUSTER_AUTHORITY: "aaaa" }]);
  });

  it("says what helps a server that was stopped where nobody that answers had etcd begin again", async () => {
    const looks = { "rack-1": { api: "answers", hasData: true }, "rack-2": { ...silent, stoppedFor: "recover-1" }, "rack-3": silent };
    const nowhere = await runWith(looks, "--yes");
    assert.match(nowhere.said, /has its quorum\.\nrack-2: its k3s was stopped by a run [^]*start it: systemctl enable --now k3s/);
    const unknown = await runWith({ ...looks, "rack-3": undefined }, "--yes");
    assert.match(unknown.said, /run this again when all servers answer; else what rack-2 holds can never join again/);
    assert.deepEqual([nowhere.code, nowhere.ran, unknown.code, unknown.ran], [1, [], 1, []]);
  });

  it("leaves a cluster alone whose API answers, and asks before it does anything", async () => {
    const living = await runWith({ "rack-1": { api: "answers", hasData: true }, "rack-2": silent }, "--yes", "--on", "rack-2");
    assert.match(living.said, /Nothing was changed: the API answers on rack-1/);
    const unasked = await runWith({ "rack-2": silent });
    assert.match(unasked.said, /nobody is there to ask/);
    assert.deepEqual([living.code, living.ran, unasked.code, unasked.ran], [1, [], 1, []]);
  });
});
