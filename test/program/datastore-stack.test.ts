import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { renderDatastoreEnvironment } from "../../src/k3s/datastore-settings";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { recordProgram, runOf } from "../helpers/record-program";
import { threeServers } from "../helpers/three-servers";

interface Script {
  readonly secrets?: string;
  readonly wanted: { readonly environment: Readonly<Record<string, string>> };
  readonly tags?: readonly string[];
}

describe("the program with an external datastore", () => {
  it("hands servers the endpoint as a secret file, waits for no voter and opens no port of etcd", async () => {
    const settings = threeServers(labSettings(labWithFixedKeys()));
    Object.assign(settings["hybrid-k3s:cluster"], { datastore: "external" });
    const run = runOf("lab", settings);
    const config = { ...run.config, "hybrid-k3s:datastoreEndpoint": "postgres://k3s:of-the-test@db.example.org/k3s" };
    const { registrations, outputs } = await recordProgram({
      ...run,
      config,
      secretKeys: [...run.secretKeys, "hybrid-k3s:datastoreEndpoint"],
    });
    const script = (name: string) => registrations.find((made) => made.name === name)?.inputs as Script;

    for (const name of ["rack-1", "rack-2", "rack-3"]) {
      const { secrets, wanted } = script(`${name}-install`);
      const { CONFIG_YAML = "", SEVERAL_SERVERS, DATASTORE_FILES } = wanted.environment;
      assert.deepEqual([secrets, SEVERAL_SERVERS, DATASTORE_FILES], ["[secret]", "true", "endpoint.env addresses"]);
      assert.match(CONFIG_YAML, /^token-file: \/etc\/hybrid-k3s\/server-token$/m);
      assert.doesNotMatch(CONFIG_YAML, /^(server|cluster-init|datastore.*|etcd.*):/m);
      assert.equal(script(`${name}-wait-ready`).wanted.environment["VOTER"], undefined);
      assert.deepEqual(script(`${name}-key`).tags, ["tag:k3s-edge"]);
    }
    assert.deepEqual(
      [script("kiosk-1-install").secrets, script("kiosk-1-install").wanted.environment["DATASTORE_FILES"]],
      [undefined, undefined],
    );
    assert.doesNotMatch(JSON.stringify([registrations, outputs]), /of-the-test|db\.example\.org|2379/);
    assert.equal(outputs["serverToken"], "[secret]");
    assert.match(JSON.stringify(outputs["cluster"]), /"datastoreMarks":\["[0-9a-f]{16}"\]/);
  });

  it("writes the unit's environment as systemd reads it", () => {
    assert.equal(
      renderDatastoreEnvironment("mysql://k3s:a\"b$c`d\\e'f@tcp(db:3306)/k3s", ["ca.pem", "key.pem"]),
      `K3S_DATASTORE_ENDPOINT="mysql://k3s:a\\"b\\$c\\\`d\\\\e'f@tcp(db:3306)/k3s"
K3S_DATASTORE_CAFILE=/etc/hybrid-k3s/datastore/ca.pem
K3S_DATASTORE_KEYFILE=/etc/hybrid-k3s/datastore/key.pem
`,
    );
  });
});
