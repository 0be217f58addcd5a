import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { renderS3Secret } from "../../src/k3s/s3-settings";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { recordProgram, runOf } from "../helpers/record-program";

const s3 = { endpoint: "s3.example.org", bucket: "k3s-backups", region: "eu-central-1" };

describe("the program on a stack with backups in S3", () => {
  it("places the credentials by a link of their own, and has them nowhere in clear", async () => {
    const settings = labSettings(labWithFixedKeys());
    Object.assign(settings["hybrid-k3s:cluster"], { datastore: "etcd", backup: { schedule: "@daily", s3 } });
    const run = runOf("lab", settings);
    const config = { ...run.config, "hybrid-k3s:s3AccessKey": "AKIA-of-the-test", "hybrid-k3s:s3SecretKey": "secret-of-the-test" };
    const secretKeys = [...run.secretKeys, "hybrid-k3s:s3AccessKey", "hybrid-k3s:s3SecretKey"];
    const { registrations, outputs } = await recordProgram({ ...run, config, secretKeys });
    const link = registrations.find(({ name }) => name === "cluster-s3-settings")?.inputs as Record<string, unknown>;
    assert.deepEqual(link["wanted"], {
      node: "rack-1",
      script: "place-s3-settings",
      environment: { NODE_NAME: "rack-1", SETTINGS_FILE: "/run/hybrid-k3s/edge/s3-settings.yaml" },
    });
    assert.deepEqual([link["secrets"], link["access"]], ["[secret]", "[secret]"]);
    const text = JSON.stringify(registrations);
    assert.doesNotMatch(text, /of-the-test/);
    assert.match(text, /etcd-s3-config-secret: hybrid-k3s-backup/);
    assert.equal(outputs["operatorAccess"], "[secret]");
  });

  it("has the server of SQLite alone copy it, with the program for it, and changes nothing else", async () => {
    const run = async (backup?: object): Promise<Readonly<Record<string, string>>[]> => {
      const settings = labSettings(labWithFixedKeys());
      Object.assign(settings["hybrid-k3s:cluster"], { datastore: "sqlite", ...(backup && { backup }) });
      const { registrations } = await recordProgram(runOf("lab", settings));
      return registrations.flatMap(({ name, inputs }) => {
        const { wanted } = inputs as { readonly wanted?: { readonly environment: Readonly<Record<string, string>> } };
        return wanted === undefined ? [] : [{ name, ...wanted.environment }];
      });
    };
    const plain = await run();
    const copied = await run({ schedule: "0 3 1 * mon", retention: 3 });
    assert.deepEqual(
      copied.filter((link) => !plain.some((one) => JSON.stringify(one) === JSON.stringify(link))),
      plain.flatMap((link): Readonly<Record<string, string>>[] => {
        if (link["name"] === "rack-1-join") return [{ ...link, NODE_PROGRAMS: "sqlite3" }];
        const copies = { COPY_CALENDAR: "*-*-01 03:00:00\nMon *-*-* 03:00:00", COPY_RETENTION: "3" };
        return link["name"] === "rack-1-install" ? [{ ...link, ...copies }] : [];
      }),
    );
  });

  it("writes the Secret in k3s's own form, the authority only where there is one", () => {
    const plan = { ...s3, folder: "edge", bucketLookup: "auto", caPem: "" };
    const keys = { accessKey: "AKIA1", secretKey: "a: b" };
    assert.equal(
      renderS3Secret(plan, keys),
      `apiVersion: v1
kind: Secret
metadata:
  name: hybrid-k3s-backup
  namespace: kube-system
type: etcd.k3s.cattle.io/s3-config-secret
stringData:
  etcd-s3-endpoint: s3.example.org
  etcd-s3-bucket: k3s-backups
  etcd-s3-bucket-lookup-type: auto
  etcd-s3-region: eu-central-1
  etcd-s3-folder: edge
  etcd-s3-access-key: AKIA1
  etcd-s3-secret-key: "a: b"
`,
    );
    assert.match(renderS3Secret({ ...plan, caPem: "-----BEGIN\nX\n" }, keys), /etcd-s3-endpoint-ca: \|\n {4}-----BEGIN\n {4}X\n/);
  });
});
