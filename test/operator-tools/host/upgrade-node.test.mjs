import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { runScript } from "../../../src/operator-tools/host/run-script.mjs";
import { UpgradeTurns } from "../../../src/operator-tools/run/upgrade-turns.mjs";
import { SessionPool } from "../../../src/operator-tools/ssh/session-pool.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { scriptFolder } from "../support/scripts.mjs";
import { newKey, startHost } from "../support/ssh-host.mjs";

const [OLD, NEW] = ["v1.34.7+k3s1", "v1.35.4+k3s1"];
const fail = (why) => `echo "${why}" >&2; exit 1`;
const note = (line) => `echo "${line}" >>done\n`;

describe("a script that changes a living node", () => {
  const operator = newKey();
  let host, out, turns, sessions;

  before(async () => (host = await startHost({ accepts: [operator.publicKey] })));
  after(() => host.stop());
  beforeEach(() => {
    [out, turns, sessions] = [
      recordOutput(),
      new UpgradeTurns(),
      new SessionPool({ idleMs: 100, keepalive: { intervalMs: 300, most: 5 } }),
    ];
    rmSync(join(host.folder, "done"), { force: true });
  });

  const done = () => readFileSync(join(host.folder, "done"), "utf8").trim().split(/ *\n/);
  const change = (node, { install = "", check = "", unready = "echo", gate = {}, before = OLD, ...more } = {}) => {
    const environment = { K3S_VERSION: NEW, CONFIG_YAML: "x" };
    const upgrade = {
      changes: ["K3S_VERSION"],
      group: "pool edge",
      atOnce: 1,
      gate: { name: "rack-1", host: host.target(), role: "agent", ...gate },
    };
    const input = {
      ...{
        v: 1,
        node,
        script: "install",
        environment,
        host: host.target(),
        limitSeconds: 5,
        credentials: { privateKey: operator.privateKey },
      },
      ...(before && { before: typeof before === "string" ? { environment: { ...environment, K3S_VERSION: before } } : before }),
      ...{ upgrade, ...more },
    };
    const scripts = scriptFolder({
      install: `${note(`install ${node}`)}${install}\necho '{}'\n`,
      "check-upgrade": `[ "$STAGE" != unready ] || { ${unready}; exit; }\n${note("$STAGE $NODE_NAME $ROLE $K3S_VERSION ${DRAIN_SECONDS:-}")}${check}\n`,
    });
    return runScript(input, { env: {}, out, scripts, sessions, turns, limits: { connectMs: 5000, patienceMs: 0 }, reveal: () => {} });
  };

  it("is looked at through a server before and after, one node after the other", async () => {
    await Promise.all([change("kiosk-1", { gate: { drainSeconds: 60 } }), change("kiosk-2")]);
    assert.deepEqual(done(), [
      ...[`before kiosk-1 agent ${NEW} 60`, "install kiosk-1", `after kiosk-1 agent ${NEW} 60`],
      ...[`before kiosk-2 agent ${NEW}`, "install kiosk-2", `after kiosk-2 agent ${NEW}`],
    ]);
  });

  it("is emptied for a renewal, and not for a look that restarts nothing, which has its turn all the same", async () => {
    const same = { environment: { K3S_VERSION: NEW, CONFIG_YAML: "x" } };
    const due = (reason) => change("kiosk-1", { gate: { drainSeconds: 60 }, install: note("${RENEW_DAYS:-none}"), before: reason });
    await due({ ...same, due: "renewal" });
    await due({ ...same, due: "look" });
    assert.deepEqual(done(), [
      ...[`before kiosk-1 agent ${NEW} 60`, "install kiosk-1", "60", `after kiosk-1 agent ${NEW} 60`],
      ...[`before kiosk-1 agent ${NEW}`, "install kiosk-1", "none", `after kiosk-1 agent ${NEW}`],
    ]);
  });

  it("runs at once where the node is new, or what takes a turn is as before", async () => {
    await change("kiosk-1", { before: null });
    await change("kiosk-1", { before: NEW });
    assert.deepEqual(done(), ["install kiosk-1", "install kiosk-1"]);
  });

  it("is not done where the servers are not ready for it, and stops the others", async () => {
    const first = errorOf(change("kiosk-1", { check: fail("kiosk-1: rack-2 is not Ready") }));
    const second = errorOf(change("kiosk-2"));
    assert.match((await first).message, /^kiosk-1: rack-2 is not Ready \(check-upgrade on rack-1 failed with exit code 1\)$/);
    assert.match((await second).message, /^kiosk-2: left as it is, because kiosk-1 failed/);
    assert.deepEqual(done(), [`before kiosk-1 agent ${NEW}`]);
  });

  it("has a node take pods again where the look before it ended after the cordon", async () => {
    const cut = `[ "$STAGE" != before ] || { ${fail("kiosk-1: cut off")}; }`;
    assert.match((await errorOf(change("kiosk-1", { check: cut, gate: { drainSeconds: 60 } }))).message, /^kiosk-1: cut off/);
    assert.deepEqual(done(), [`before kiosk-1 agent ${NEW} 60`, `undo kiosk-1 agent ${NEW} 60`]);
  });

  it("leaves a node that takes pods again where it fails, or does not come back well", async () => {
    const failed = await errorOf(change("kiosk-1", { install: fail("kiosk-1: no disk"), gate: { drainSeconds: 60 } }));
    assert.equal(failed.message, "kiosk-1: no disk (install failed with exit code 1)");
    turns = new UpgradeTurns();
    const unwell = await errorOf(
      change("kiosk-2", { check: `[ "$STAGE" != after ] || { ${fail("kiosk-2: not Ready")}; }`, gate: { drainSeconds: 60 } }),
    );
    assert.match(unwell.message, /^kiosk-2: not Ready/);
    assert.deepEqual(
      done().filter((line) => line.startsWith("undo")),
      [`undo kiosk-1 agent ${NEW} 60`, `undo kiosk-2 agent ${NEW} 60`],
    );
  });

  it("is done beside others where the node is away already: nobody waits behind it, and it waits for nobody", async () => {
    const away = { unready: "echo kiosk-2 kiosk-3" };
    const waits = "case $STAGE-$NODE_NAME in after-kiosk-2) touch over ;; before-kiosk-1) until [ -e over ]; do sleep 0.1; done ;; esac";
    await Promise.all([change("kiosk-1", { ...away, check: waits }), change("kiosk-2", { ...away, check: waits })]);
    const lines = done().map((line) => line.split(" ").slice(0, 2).join(" "));
    assert.ok(lines.indexOf("after kiosk-2") < lines.indexOf("install kiosk-1"), lines.join("; "));
    assert.doesNotMatch(out.written.stderr, /waits for its turn/);
  });

  it("is looked at as before where nobody tells who is away", async () => {
    await change("kiosk-1", { unready: fail("no API") });
    assert.deepEqual(done(), [`before kiosk-1 agent ${NEW}`, "install kiosk-1", `after kiosk-1 agent ${NEW}`]);
  });

  it("has a node take pods again that a cut off run left cordoned, also where its pool asks for no drain any more", async () => {
    const check = `[ "$STAGE" != before ] || echo cordoned`;
    await errorOf(change("kiosk-1", { install: fail("kiosk-1: no disk"), check }));
    assert.deepEqual(done().at(-1), `undo kiosk-1 agent ${NEW}`);
  });

  it("is done on the leader of etcd after the other servers", async () => {
    const hosts = ["rack-1", "rack-2"].map((name) => ({ name, host: host.target() }));
    const gate = { name: undefined, host: undefined, hosts, role: "server" };
    const check = '[ "$STAGE$NODE_NAME" != leaderrack-1 ] || echo leader';
    const upgrade = { changes: ["K3S_VERSION"], group: "servers", atOnce: 1, gate };
    await Promise.all([change("rack-1", { check, upgrade }), change("rack-2", { check, upgrade })]);
    const lines = done().filter((line) => !line.startsWith("leader"));
    assert.deepEqual(
      lines.map((line) => line.split(" ").slice(0, 2).join(" ")),
      ["before rack-2", "install rack-2", "after rack-2", "before rack-1", "install rack-1", "after rack-1"],
    );
  });
});
