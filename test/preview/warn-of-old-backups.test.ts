import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { forgetLastRun } from "../../src/preview/last-run";
import { type FindLastBackup, warnOfOldBackups } from "../../src/preview/warn-of-old-backups";
import { keepWarnings } from "../helpers/kept-warnings";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const HOUR = 3_600_000;
type Context = Parameters<typeof warnOfOldBackups>[0];
const contextOf = (backup?: object) =>
  ({ plan: { firstServer: { name: "rack-1" }, ...(backup && { backup }) }, ssh: { sshAgent: false } }) as unknown as Context;
const withBackup = contextOf({ schedule: "0 3 * * *" });
const machine = { name: "rack-1", host: { address: "192.0.2.1", port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" } };

describe("the last backup", () => {
  const warnings = keepWarnings() as string[];
  const said: string[] = [];
  let nodes: object[];
  let asked: string[];
  const look = (found: Awaited<ReturnType<FindLastBackup>> | Error, context = withBackup) =>
    warnOfOldBackups(
      context,
      [machine],
      (_input, node) => {
        asked.push(node);
        return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
      },
      () => NOW,
    );

  before(async () => {
    pulumi.log.info = (text: string) => {
      said.push(text);
      return Promise.resolve();
    };
    const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({ outputs: { nodes } }) };
    await pulumi.runtime.setMocks(mocks, "hybrid-k3s", "lab", true, "organization");
  });
  beforeEach(() => {
    forgetLastRun();
    nodes = [{ name: "rack-1", tailnetIp: "100.64.0.1" }];
    asked = [];
    warnings.length = said.length = 0;
  });

  it("is told with its age, and warned of from a day on", async () => {
    await look({ name: "etcd-snapshot-rack-1-1", time: NOW - 23.9 * HOUR });
    assert.deepEqual([said, warnings], [["The last backup (etcd-snapshot-rack-1-1) is 23 h old."], []]);
    await look({ name: "etcd-snapshot-rack-1-1", time: NOW - 24 * HOUR });
    assert.deepEqual(warnings, [
      'The last backup (etcd-snapshot-rack-1-1) is 24 h old; cluster.backup.schedule is "0 3 * * *". Take one now: npx hybrid-k3s backup',
    ]);
  });

  it("is warned of where there is none, or where nobody tells", async () => {
    await look(undefined);
    await look(new Error("rack-1 does not answer"));
    assert.deepEqual(warnings, [
      "There is no backup of the cluster yet: npx hybrid-k3s backup takes one.",
      "How old the last backup is could not be seen: rack-1 does not answer",
    ]);
  });

  it("is not asked for where the config says nothing of backups, nor where the server is still to be made", async () => {
    await look(undefined, contextOf());
    nodes = [];
    forgetLastRun();
    await look(undefined);
    assert.deepEqual([asked, warnings, said], [[], [], []]);
  });
});
