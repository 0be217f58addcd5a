import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configWith, faultsOf, type Overrides, siteCa } from "../../helpers/config-builder";
import { k3sConfigOf } from "../../../src/plan/k3s-config";
import { planCluster } from "../../../src/plan/plan-cluster";

const CRON = 'Write five fields, minute first, for example "0 */6 * * *" for every six hours, or @daily.';
const S3 = { "cluster.backup.s3.bucket": "k3s-backups", s3AccessKey: "AKIA1", s3SecretKey: "secret" };

function faultsWith(overrides: Overrides, s3Ca?: { readonly resolvedPath: string; readonly text: string | undefined }): readonly string[] {
  return faultsOf({ ...S3, ...overrides }, s3Ca && { s3Ca });
}

describe("cluster.backup", () => {
  it("takes schedules as cron writes them, and S3 with its defaults", () => {
    for (const schedule of ["0 */6 * * *", "@daily", "15,45 1-5/2 1 jan-mar MON", "*/5 * ? * 0"])
      assert.deepEqual(faultsWith({ "cluster.backup.schedule": schedule }), [], schedule);
  });

  it("refuses schedules that k3s could not read, field by field", () => {
    const path = "hybrid-k3s:cluster.backup.schedule";
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["every day", [`${path}: "every day" has 2 of the 5 fields. ${CRON}`]],
      ["60 24 * * *", [`${path}: "60" is no minute. ${CRON}`, `${path}: "24" is no hour. ${CRON}`]],
      [
        "0 0 0 13 7",
        ['"0" is no day of the month', '"13" is no month', '"7" is no day of the week'].map((seen) => `${path}: ${seen}. ${CRON}`),
      ],
      ["*/0 5-1 * * *", [`${path}: "*/0" is no minute. ${CRON}`, `${path}: "5-1" is no hour. ${CRON}`]],
    ];
    for (const [schedule, faults] of cases) assert.deepEqual(faultsOf({ "cluster.backup.schedule": schedule }), faults);
  });

  it("refuses a retention that keeps nothing", () => {
    assert.deepEqual(faultsOf({ "cluster.backup.retention": 0 }), [
      "hybrid-k3s:cluster.backup.retention: 0 keeps no snapshot. Write 1 or more. No snapshots at all: k3s takes them by default, and they cost little; leave cluster.backup out.",
    ]);
  });

  it("takes copies of SQLite, and refuses to have them in S3", () => {
    const sqlite = { "cluster.datastore": "sqlite" };
    assert.deepEqual(faultsOf({ "cluster.backup.schedule": "15 3 1 * mon", "cluster.backup.retention": 3, ...sqlite }), []);
    assert.deepEqual(faultsWith(sqlite), [
      "hybrid-k3s:cluster.backup.s3: is set, and cluster.datastore is sqlite, of which k3s puts nothing into S3. " +
        "Set cluster.datastore: etcd, which moves the data in place, or remove it and fetch the copies from the server yourself; docs/backup.md says how.",
    ]);
  });

  it("refuses snapshots of an external datastore", () => {
    const external = { "cluster.datastore": "external", datastoreEndpoint: "postgres://k3s:secret@db.example.org/k3s" };
    assert.deepEqual(faultsOf({ "cluster.backup.retention": 3, "vpn.integration": "routes", ...external }), [
      "hybrid-k3s:cluster.backup: is set, and cluster.datastore is external, of which k3s takes no snapshot. Remove it, and back the database up by its own means; docs/backup.md says what else you have to keep.",
    ]);
  });

  it("refuses an endpoint, a bucket and a folder that are none, all at once", () => {
    const place = "hybrid-k3s:cluster.backup.s3";
    assert.deepEqual(faultsWith({ "cluster.backup.s3": { endpoint: "https://s3.example.org/", bucket: "Up", folder: "/edge" } }), [
      `${place}.endpoint: "https://s3.example.org/" is no host name. Write the host name alone, with a port where it is not 443: no https://, no path, no bucket.`,
      `${place}.bucket: "Up" is no name of a bucket. Use 3 to 63 lower-case letters, digits, dots and dashes, a letter or digit first and last.`,
      `${place}.folder: "/edge" is no folder. Use letters, digits, dots, dashes and underscores, with slashes between folders, none first or last.`,
    ]);
  });

  it("wants both keys of S3 as secrets, with S3 and only then", () => {
    const secretKeys = new Set(["hybrid-k3s:sshPrivateKey", "tailscale:oauthClientSecret"]);
    assert.deepEqual(faultsOf({ "cluster.backup.s3.bucket": "k3s-backups", s3AccessKey: "AKIA1" }, { secretKeys }), [
      "hybrid-k3s:s3AccessKey: is a secret kept in plain text. Run `pulumi config set --secret hybrid-k3s:s3AccessKey`; if others could read the stack file, make a new key.",
      "hybrid-k3s:s3SecretKey: is missing, and cluster.backup.s3 is set. Run `pulumi config set --secret hybrid-k3s:s3SecretKey`.",
    ]);
    assert.deepEqual(faultsOf({ s3AccessKey: "AKIA1" }), [
      "hybrid-k3s:s3AccessKey: is set without cluster.backup.s3. Set that, or run `pulumi config rm hybrid-k3s:s3AccessKey`.",
    ]);
  });

  it("wants a certificate in the file that caFile names", () => {
    const named = { "cluster.backup.s3.caFile": "s3-ca.pem" };
    assert.deepEqual(faultsWith(named, { resolvedPath: "/x/s3-ca.pem", text: siteCa }), []);
    assert.deepEqual(faultsWith(named, { resolvedPath: "/x/s3-ca.pem", text: undefined }), [
      'hybrid-k3s:cluster.backup.s3.caFile: "/x/s3-ca.pem" cannot be read. Give a path relative to the project\'s folder, or an absolute one.',
    ]);
  });

  it("leaves no key of k3s's own for snapshots to the user", () => {
    for (const key of ["etcd-snapshot-retention", "etcd-s3-bucket", "etcd-disable-snapshots"])
      assert.deepEqual(faultsOf({ [`cluster.k3s.${key}`]: "1" }), [
        `hybrid-k3s:cluster.k3s.${key}: is decided by this stack (what cluster.backup says of snapshots). Use \`cluster.backup\`.`,
      ]);
  });
});

describe("the plan of backups", () => {
  const settingsOf = (overrides: Overrides) => {
    const config = configWith(overrides);
    const pool = config.pools["rack"] ?? assert.fail();
    return k3sConfigOf({ config, pool, nodeName: "rack-1", taints: [], labels: {}, externalIp: undefined });
  };

  it("gives servers the schedule, and of S3 no more than the name of its Secret, which k3s ignores otherwise", () => {
    const config = configWith({ ...S3, "cluster.backup.schedule": "@daily" });
    const { k3sConfig } = planCluster(config).firstServer;
    assert.deepEqual(
      Object.entries(k3sConfig).filter(([key]) => key.startsWith("etcd-")),
      [
        ["etcd-snapshot-schedule-cron", "@daily"],
        ["etcd-snapshot-retention", 5],
        ["etcd-s3", true],
        ["etcd-s3-config-secret", "hybrid-k3s-backup"],
      ],
    );
    assert.deepEqual(planCluster(config, { mirrorCaPem: "", warnings: [], s3CaPem: "PEM" }).backup?.s3, {
      ...{ endpoint: "s3.amazonaws.com", bucket: "k3s-backups", region: "us-east-1", folder: "edge", bucketLookup: "auto", caPem: "PEM" },
    });
  });

  it("has SQLite copied by the server's own timer, and tells k3s nothing", () => {
    const sqlite = { "cluster.datastore": "sqlite", "cluster.backup.schedule": "30 2 * * *", "cluster.backup.retention": 7 };
    assert.deepEqual(planCluster(configWith(sqlite)).backup, {
      schedule: "30 2 * * *",
      copies: { calendar: ["*-*-* 02:30:00"], retention: 7 },
    });
    assert.deepEqual(
      Object.keys(settingsOf(sqlite)).filter((key) => key.startsWith("etcd-")),
      [],
    );
  });

  it("says nothing of snapshots where the config does not", () => {
    assert.deepEqual(
      Object.keys(settingsOf({})).filter((key) => key.startsWith("etcd-")),
      [],
    );
  });
});
