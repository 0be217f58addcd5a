import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { runCommand } from "../../src/cli/run-command.mjs";
import { ToolError } from "../../src/operator-tools/run/tool-error.mjs";
import { ACCESS, node, RACK } from "./support/stack.mjs";
import { recordOutput } from "../operator-tools/support/recorder.mjs";

const item = (name, { at, time = "2026-11-29T10:00:00Z", ready = true } = {}) => ({
  spec: { snapshotName: name, nodeName: "rack-1", location: at === "s3" ? `s3://k3s-backups/edge/${name}` : `file:///x/${name}` },
  status: { size: "7500000", creationTime: time, readyToUse: ready },
});
const LISTED = {
  list: {
    items: [
      item("first-rack-1-1790000000"),
      item("first-rack-1-1790000000", { at: "s3" }),
      item("first-rack-1-1790000900", { at: "s3", time: "2026-11-29T10:15:00Z" }),
      item("first-of-all-rack-1-1790000950", { time: "2026-11-29T10:16:00Z" }),
      item("half-rack-1-1790000999", { ready: false }),
    ],
  },
  s3: "listed",
};
const RESTORED = {
  aside: "/var/lib/rancher/k3s/server-before-x",
  address: "100.64.0.7",
  isOther: false,
  removedNodes: [],
  agentToken: "K10aaaa::node:agents",
  clusterId: "0b1c",
  authority: "aaaa",
};

describe("hybrid-k3s", () => {
  let out, ran, replies, access, folder;
  beforeEach(() => {
    out = recordOutput();
    ran = [];
    access = ACCESS;
    replies = {
      "list-backups": LISTED,
      "restore-backup": RESTORED,
      "rejoin-agent": {},
      "save-backup": { name: "nightly-rack-1-1", s3: "saved" },
    };
    folder = mkdtempSync(join(tmpdir(), "hybrid-k3s-cli-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (...argv) =>
    runCommand(argv, {
      env: {},
      out,
      stdin: { isTTY: false },
      readStack: async () => ({ operatorAccess: access }),
      hostWork: () => async (at, work) => {
        ran.push({ on: at.name, ...work });
        const reply = replies[work.script];
        if (reply instanceof Error) throw reply;
        return typeof reply === "function" ? reply(at) : reply;
      },
    });
  const scripts = () => ran.map(({ on, script }) => `${on}: ${script}`);

  it("shows its commands and ends with 2 on one that it does not have", async () => {
    assert.equal(await run("--help"), 0);
    for (const name of ["backup [NAME]", "list-backups", "restore NAME", "recover"]) assert.ok(out.written.stdout.includes(`  ${name} `));
    assert.equal(await run("bakup"), 2);
    assert.match(out.written.stderr, /^hybrid-k3s: there is no command bakup\.\nUsage: /);
  });

  it("tells every fault of a line at once, and touches nothing", async () => {
    assert.equal(await run("restore", "--from", "disk", "--json", "--token-file"), 2);
    assert.match(
      out.written.stderr,
      /^- --from is disk, and may be local or s3\n- --json is no option of this command\n- --token-file needs a value behind it\n- NAME is missing\nUsage: hybrid-k3s restore NAME/,
    );
    assert.equal(await run("backup", "../etc"), 2);
    assert.deepEqual(ran, []);
  });

  it("says what to do where the stack was never up with this release, and where the datastore is external", async () => {
    access = undefined;
    assert.equal(await run("backup"), 1);
    assert.match(out.written.stderr, /The stack has no output operatorAccess: run pulumi up once/);
    access = { ...ACCESS, datastore: "external" };
    for (const words of [["backup"], ["list-backups"], ["restore", "first"], ["recover"]]) assert.equal(await run(...words), 1);
    assert.equal(out.written.stderr.match(/The cluster's data is in an external datastore/g)?.length, 4);
    assert.deepEqual(ran, []);
  });

  it("does the same of SQLite, by copies on the one server", async () => {
    access = { ...ACCESS, datastore: "sqlite", servers: [RACK], s3: undefined };
    replies["save-backup"] = { name: "nightly-rack-1-1", s3: "none" };
    assert.equal(await run("backup", "nightly"), 0);
    assert.match(out.written.stderr, /on the disk of rack-1 alone, in \/var\/lib\/rancher\/k3s\/sqlite-backups: copy it elsewhere/);
    replies["list-backups"] = { list: { items: [item("first-rack-1-1790000000")] }, s3: "none" };
    replies["restore-copy"] = RESTORED;
    ran.length = 0;
    assert.equal(await run("restore", "first", "--yes"), 0);
    assert.deepEqual(scripts().slice(0, 2), ["rack-1: list-backups", "rack-1: restore-copy"]);
    const { SNAPSHOT, SOURCE } = ran[1].environment;
    assert.deepEqual([SNAPSHOT, SOURCE], ["first-rack-1-1790000000", undefined]);
    assert.ok(scripts().includes("kiosk-1: rejoin-agent"));
    assert.equal(await run("recover", "--yes"), 1);
    assert.match(out.written.stderr, /has no quorum to lose/);
    assert.equal(await run("restore", "first", "--from", "s3", "--yes"), 1);
    assert.match(out.written.stderr, /first-rack-1-1790000000 is not in S3/);
  });

  it("takes a snapshot by name and says where it is; an S3 that refused is a failure", async () => {
    assert.equal(await run("backup", "nightly"), 0);
    assert.equal(out.written.stdout, "nightly-rack-1-1\n");
    assert.deepEqual(ran[0].environment, { BACKUP_NAME: "nightly" });
    assert.match(out.written.stderr, /on the disk of rack-1 and in S3 \(k3s-backups\)[^]*serverToken/);
    replies["save-backup"] = { name: "nightly-rack-1-2", s3: "Access Denied" };
    assert.equal(await run("backup", "nightly"), 1);
    assert.match(out.written.stderr, /nightly-rack-1-2 is on the disk of rack-1, and NOT in S3: Access Denied/);
  });

  it("asks the next server where one does not answer", async () => {
    access = { ...ACCESS, servers: [RACK, node("rack-2", "192.0.2.12")] };
    replies["save-backup"] = (at) => {
      if (at.name === "rack-1") throw new ToolError("rack-1: no answer");
      return { name: "on-demand-rack-2-1", s3: "saved" };
    };
    assert.equal(await run("backup"), 0);
    assert.deepEqual(scripts(), ["rack-1: save-backup", "rack-2: save-backup"]);
  });

  it("lists snapshots with all their places, the newest first, without those that are not whole", async () => {
    assert.equal(await run("list-backups", "--json"), 0);
    assert.deepEqual(
      JSON.parse(out.written.stdout).map(({ name, servers, inS3 }) => [name, servers, inS3]),
      [
        ["first-of-all-rack-1-1790000950", ["rack-1"], false],
        ["first-rack-1-1790000900", [], true],
        ["first-rack-1-1790000000", ["rack-1"], true],
      ],
    );
    assert.equal(await run("list-backups"), 0);
    assert.match(out.written.stdout, /first-rack-1-1790000900 .* 7\.5 .* yes/);
  });

  it("asks nobody that is not there, and changes nothing without a word", async () => {
    assert.equal(await run("restore", "first"), 1);
    assert.match(
      out.written.stderr,
      /Lost is what was written to the cluster since then[^]*Nothing was changed: nobody is there to ask\. For scripts: --yes/,
    );
    assert.deepEqual(scripts(), ["rack-1: list-backups"]);
  });

  it("restores the newest snapshot of that name, from S3 where no disk has it, and has agents come back", async () => {
    assert.equal(await run("restore", "first", "--yes"), 0);
    assert.deepEqual(scripts(), ["rack-1: list-backups", "rack-1: restore-backup", "kiosk-1: rejoin-agent"]);
    const [, restore, rejoin] = ran;
    assert.equal(restore.environment.SNAPSHOT, "first-rack-1-1790000900");
    assert.equal(restore.environment.SOURCE, "s3");
    assert.equal(restore.environment.KNOWN_NODES, "rack-1\nkiosk-1");
    assert.deepEqual(rejoin.environment.SERVER_IP, "100.64.0.7");
    assert.deepEqual(rejoin.secrets, [{ path: "/etc/hybrid-k3s/agent-token", secret: "K10aaaa::node:agents" }]);
    const secrets = Object.fromEntries(restore.secrets.map(({ path, secret }) => [path, secret]));
    assert.equal(secrets["/run/hybrid-k3s/restore/tokens"], "K10aaaa::server:known-token\n");
    assert.match(secrets["/run/hybrid-k3s/restore/s3"], /^etcd-s3: true\netcd-s3-endpoint: "s3\.example\.org"\n/);
    // What goes by file goes by nothing else.
    for (const secret of ["known-token", "s3-secret-key", "AKIA12345678"]) assert.ok(!JSON.stringify(restore.environment).includes(secret));
    assert.match(out.written.stdout, /is what it was at 2026-11-29T10:15:00Z[^]*is on rack-1 in \/var\/lib\/rancher\/k3s\/server-before-x/);
    assert.doesNotMatch(out.written.stdout, /pulumi up --replace/);
  });

  it("takes the disk where that has the snapshot, the token of a file first, and names the line that the stack needs after another cluster", async () => {
    writeFileSync(join(folder, "token"), "K10bbbb::server:kept-elsewhere\n");
    replies["restore-backup"] = { ...RESTORED, isOther: true };
    assert.equal(await run("restore", "first-rack-1-1790000000", "--yes", "--token-file", join(folder, "token")), 0);
    const { environment, secrets } = ran[1];
    assert.equal(environment.SOURCE, "local");
    assert.deepEqual(
      secrets.map(({ secret }) => secret),
      ["K10bbbb::server:kept-elsewhere\nK10aaaa::server:known-token\n"],
    );
    assert.match(out.written.stdout, /pulumi up --replace 'urn:access'/);
  });

  it("refuses a snapshot that is nowhere, or not where it was asked from", async () => {
    assert.equal(await run("restore", "second", "--yes"), 1);
    assert.match(
      out.written.stderr,
      /There is no backup second on the servers that answer, or in S3\. There are: first-of-all-rack-1-1790000950, /,
    );
    assert.equal(await run("restore", "first-rack-1-1790000900", "--from", "local", "--yes"), 1);
    assert.match(out.written.stderr, /No server that answers has first-rack-1-1790000900 on its disk/);
    assert.deepEqual([...new Set(scripts())], ["rack-1: list-backups"]);
  });

  it("stops the other servers before, has them join after, and names agents that do not come back", async () => {
    access = { ...ACCESS, servers: [RACK, node("rack-2", "192.0.2.12"), node("rack-3", "192.0.2.13")] };
    replies = { ...replies, "stop-server": {}, "rejoin-server": {}, "rejoin-agent": new ToolError("kiosk-1: no answer") };
    replies["list-backups"] = (at) => (at.name === "rack-1" ? LISTED : { list: { items: [] }, s3: "listed" });
    assert.equal(await run("restore", "first-rack-1-1790000000", "--yes"), 1);
    assert.deepEqual(scripts().slice(3), [
      ...["rack-2: stop-server", "rack-3: stop-server", "rack-1: restore-backup"],
      ...["rack-2: rejoin-server", "rack-3: rejoin-server", "kiosk-1: rejoin-agent"],
    ]);
    assert.equal(ran.at(-2).environment.CLUSTER_AUTHORITY, "aaaa");
    const operations = ran.filter(({ environment }) => environment?.OPERATION).map(({ environment }) => environment.OPERATION);
    assert.equal(operations.length, 5);
    assert.equal(new Set(operations).size, 1);
    assert.match(
      out.written.stderr,
      /The cluster is restored, but not all nodes are back:\n- kiosk-1: no answer; when kiosk-1 answers again, run pulumi up --refresh/,
    );
  });

  it("starts the other servers again with what they had where the snapshot is not restored", async () => {
    access = { ...ACCESS, servers: [RACK, node("rack-2", "192.0.2.12")] };
    replies = { ...replies, "stop-server": {}, "start-server": {}, "restore-backup": new ToolError("rack-1: no token fits") };
    assert.equal(await run("restore", "first-rack-1-1790000000", "--yes"), 1);
    assert.deepEqual(scripts().slice(2), ["rack-2: stop-server", "rack-1: restore-backup", "rack-2: start-server"]);
    assert.match(out.written.stderr, /rack-2: k3s starts again with what it had[^]*no token fits/);
  });

  it("takes a snapshot that was copied to another server by its short name, and names devices that it cannot remove", async () => {
    access = { ...ACCESS, servers: [RACK, node("rack-2", "192.0.2.12")] };
    const copied = { spec: { ...item("moved-rack-1-1790000100").spec, nodeName: "rack-2" }, status: item("x").status };
    replies = { ...replies, "stop-server": {}, "rejoin-server": {}, "restore-backup": { ...RESTORED, removedNodes: ["rack-9"] } };
    replies["list-backups"] = (at) => ({ list: { items: at.name === "rack-2" ? [copied] : [] }, s3: "listed" });
    access.tailnet = { ...access.tailnet, baseUrl: "http://127.0.0.1:9" };
    assert.equal(await run("restore", "moved", "--yes"), 1, out.written.stderr);
    assert.ok(scripts().includes("rack-2: restore-backup"));
    assert.match(out.written.stdout, /is what it was/);
    assert.match(out.written.stderr, /- devices of rack-9 may still be in the tailnet; delete them by hand: /);
  });
});
