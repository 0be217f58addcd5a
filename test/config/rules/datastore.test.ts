import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { readDatastoreEndpoint } from "../../../src/config/values/datastore-endpoint";
import { datastoreMarks } from "../../../src/config/values/datastore-marks";
import { configWith, faultsOf, hostKey, type Overrides, siteCa } from "../../helpers/config-builder";

const KEY = "hybrid-k3s:datastoreEndpoint";
const FORMS =
  "Write postgres://USER:PASSWORD@HOST:5432/DATABASE, mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE (MariaDB too), or https://HOST:2379,https://HOST:2379.";
const external: Overrides = {
  "cluster.datastore": "external",
  "vpn.integration": "routes",
  datastoreEndpoint: "postgres://k3s:secret@db.example.org/k3s",
};
const hosts = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `rack-${i + 1}`, address: `192.0.2.${10 + i}`, user: "ops", hostKey: hostKey(40 + i) }));
const fileOf = (text: string | undefined) => ({ resolvedPath: "/stack/file.pem", text });
const aKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();

describe("cluster.datastore: external", () => {
  it("lets any number of servers stand anywhere", () => {
    for (const count of [1, 2, 4, 9]) assert.deepEqual(faultsOf({ ...external, "pools.rack.hosts": hosts(count) }), [], String(count));
    const apart = { "pools.edge.role": "server", "vpn.integration": "flannel-iface", "cluster.k3sVersion": "v1.35.6+k3s1" };
    assert.deepEqual(faultsOf({ ...external, ...apart }), []);
    assert.equal(configWith(external).cluster.datastore, "external");
  });

  it("wants an endpoint, a secret, and a way for pods that leaves servers in the tailnet", () => {
    const secretKeys = new Set(["hybrid-k3s:sshPrivateKey", "tailscale:oauthClientSecret"]);
    assert.deepEqual(faultsOf({ ...external, "vpn.integration": undefined, datastoreEndpoint: undefined }), [
      `${KEY}: is missing, and cluster.datastore is external. Run \`pulumi config set --secret ${KEY}\`.`,
      "hybrid-k3s:vpn.integration: is k3s, and cluster.datastore is external: its servers come and go, and k3s's own VPN flag takes a server out of the tailnet " +
        "whenever its k3s stops. Write routes or flannel-iface.",
    ]);
    assert.deepEqual(faultsOf(external, { secretKeys }), [
      `${KEY}: is a secret kept in plain text. Run \`pulumi config set --secret ${KEY}\`; if others could read the stack file, give the database another password.`,
    ]);
    assert.deepEqual(faultsOf({ ...external, datastoreEndpoint: 7 }), [`${KEY}: is no text. Run \`pulumi config set --secret ${KEY}\`.`]);
  });

  it("still wants a server", () => {
    assert.deepEqual(faultsOf({ ...external, "pools.rack.role": "agent" }), [
      "hybrid-k3s:pools: no pool has a server. Give one pool `role: server` and one host.",
    ]);
  });

  it("is what the endpoint and the files are for", () => {
    assert.deepEqual(faultsOf({ datastoreEndpoint: "mysql://x", "cluster.datastoreTls.caFile": "db-ca.pem" }), [
      `${KEY}: is set without cluster.datastore: external. Set cluster.datastore: external, or run \`pulumi config rm ${KEY}\`.`,
      "hybrid-k3s:cluster.datastoreTls: is set without cluster.datastore: external. Set cluster.datastore: external, or remove it.",
    ]);
  });

  it("refuses a host that is each of several servers itself", () => {
    const local = { ...external, datastoreEndpoint: "postgres://k3s:secret@127.0.0.1/k3s" };
    assert.deepEqual(faultsOf(local), []);
    assert.deepEqual(faultsOf({ ...local, "pools.rack.hosts": hosts(2) }), [
      `${KEY}: names a host that is each server itself, and there are several servers. Give it an address that all servers reach.`,
    ]);
  });

  it("wants certFile and keyFile together, and each to be what it says", () => {
    const both = { ...external, "cluster.datastoreTls": { certFile: "c.pem", keyFile: "k.pem" } };
    const at = "hybrid-k3s:cluster.datastoreTls";
    assert.deepEqual(faultsOf({ ...external, "cluster.datastoreTls.certFile": "c.pem" }), [
      `${at}.certFile: is set without keyFile. Set cluster.datastoreTls.keyFile, or remove it.`,
    ]);
    assert.deepEqual(faultsOf({ ...external, "cluster.datastoreTls.keyFile": "k.pem" }), [
      `${at}.keyFile: is set without certFile. Set cluster.datastoreTls.certFile, or remove it.`,
    ]);
    assert.deepEqual(faultsOf(both, { datastoreTls: { certFile: fileOf(undefined), keyFile: fileOf("ENCRYPTED PRIVATE KEY") } }), [
      `${at}.certFile: "/stack/file.pem" cannot be read. Give a path relative to the project's folder, or an absolute one.`,
      `${at}.keyFile: "/stack/file.pem" holds no key in PEM form without a passphrase. Give a file with a key in PEM form without a passphrase.`,
    ]);
    assert.equal(new X509Certificate(siteCa).checkPrivateKey(createPrivateKey(aKey)), false);
    assert.deepEqual(faultsOf(both, { datastoreTls: { certFile: fileOf(siteCa), keyFile: fileOf(aKey) } }), [
      `${at}.keyFile: is not the key of certFile. Give the key that the certificate was made with.`,
    ]);
    assert.deepEqual(faultsOf(both, { datastoreTls: { caFile: fileOf("nothing") } }), [
      `${at}.caFile: "/stack/file.pem" holds no certificate in PEM form. Give the certificate of the CA that signed the database's.`,
    ]);
  });
});

describe("the endpoint of an external datastore", () => {
  it("is read in each of the forms that k3s documents", () => {
    const cases: readonly (readonly [string, string, string, string])[] = [
      ["postgres://k3s:p%40ss@db.example.org:6432/K3s?sslmode=verify-full", "Postgres", "db.example.org 6432", "k3s"],
      ["postgresql://k3s@[2001:db8::7]/k3s?dbname=Other", "Postgres", "2001:db8::7 5432", "Other"],
      ["postgresql://k3s@db.example.org", "Postgres", "db.example.org 5432", "kubernetes"],
      ["mysql://k3s:p@ss/w(rd@tcp(192.0.2.7:3307)/k3s", "MySQL", "192.0.2.7 3307", "k3s"],
      ["mysql://k3s:secret@tcp(db.example.org)/k3s?tls=true", "MySQL", "db.example.org 3306", "k3s"],
      ["mysql://k3s:secret@tcp(db.example.org)/", "MySQL", "db.example.org 3306", "kubernetes"],
      ["https://192.0.2.7:2379,https://192.0.2.8:2379", "etcd", "192.0.2.7 2379,192.0.2.8 2379", ""],
    ];
    for (const [text, kind, places, database] of cases) {
      const read = readDatastoreEndpoint(text);
      assert.ok("hosts" in read, `${text}: ${JSON.stringify(read)}`);
      assert.deepEqual([read.kind, read.hosts.map(({ host, port }) => `${host} ${port}`).join(), read.database], [kind, places, database]);
    }
  });

  it("is refused in any other, without a word of what it holds", () => {
    const faults: Readonly<Record<string, string>> = {
      "db.example.org:5432": `has no scheme. ${FORMS}`,
      "nats://secret@db": `has the scheme nats, which is not available. ${FORMS}`,
      "sqlite://secret": `has the scheme sqlite, which is not available. ${FORMS}`,
      "postgres://k3s:secret@/k3s": "has no host that can be reached from all servers",
      "postgres://k3s:se/cret@db/k3s": "has a host without a port from 1 to 65535",
      "postgres://k3s:se@cret@db/k3s": "has more than one @ before its host",
      "postgres://k3s:secret%@db/k3s": "has a % that begins no %XX",
      "postgres://k3s:secret@db:0/k3s": "has a host without a port from 1 to 65535",
      "postgres://k3s:secret@db/k3s\n": "has a blank, a line break or a character beyond ASCII",
      "mysql://k3s:secret@unix(/run/mysqld.sock)/k3s": "has no host in the form tcp(HOST:PORT)",
      "mysql://k3s:secret@db:3306/k3s": "has no host in the form tcp(HOST:PORT)",
      "mysql://k3s:secret@tcp(db:3306)": "has no slash before the name of the database",
      "https://192.0.2.7": "has a host without a port from 1 to 65535",
      "https://192.0.2.7:2379,192.0.2.8:2379": "is no list of addresses with https:// and a port",
    };
    for (const [datastoreEndpoint, problem] of Object.entries(faults)) {
      const [fault = "", ...others] = faultsOf({ ...external, datastoreEndpoint });
      assert.ok(fault.startsWith(`${KEY}: ${problem}`), `${datastoreEndpoint}: ${fault}`);
      assert.deepEqual([others, /secret|cret/.test(fault)], [[], false]);
    }
  });
});

describe("the marks of an external datastore", () => {
  const alike = (one: string, other: string) => datastoreMarks(one).some((mark) => datastoreMarks(other).includes(mark));
  const postgres = "postgres://k3s:secret@db.example.org/k3s";

  it("are the same whoever asks, and however", () => {
    for (const same of ["postgresql://other:p%40ss@DB.example.org.:5432/k3s?sslmode=verify-full", "postgres://db.example.org/K3S"])
      assert.ok(alike(postgres, same), same);
    assert.ok(
      alike("https://192.0.2.7:2379,https://192.0.2.8:2379", "http://192.0.2.8:2379,http://192.0.2.9:2379"),
      "an etcd with another member",
    );
    assert.match(JSON.stringify(datastoreMarks(postgres)), /^\["[0-9a-f]{16}"\]$/);
  });

  it("are others for another kind, host, port or database, and none of what is no endpoint", () => {
    for (const other of [
      "mysql://k3s:secret@tcp(db.example.org:5432)/k3s",
      "postgres://db2.example.org/k3s",
      "postgres://db.example.org:5433/k3s",
    ])
      assert.ok(!alike(postgres, other), other);
    assert.ok(!alike(postgres, "postgres://db.example.org/other"));
    assert.deepEqual(datastoreMarks("secret"), []);
  });
});
