import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { ensureAuthority } from "../../lab/control/certificate-authority";
import type { Lab } from "../../lab/lab";
import { inState } from "../../lab/paths";
import { type LabPostgres, placeKine, startPostgres } from "../../lab/postgres";
import { renderDatastoreEnvironment } from "../../src/k3s/datastore-settings";
import { lookInto } from "./datastore-look";
import { type Server, startK3sServers } from "./k3s-servers";

// What the program relies on in a k3s whose data are in a database elsewhere: a real Postgres, with TLS.
const TOKEN = "server-secret";
const ENVIRONMENT = "/etc/hybrid-k3s/datastore/endpoint.env";
let lab: Lab;
let postgres: LabPostgres;
let first: Server;
let second: Server;
let third: Server;

/** As install-k3s.sh has it: a file of the unit's environment, root-only. */
async function tellDatastore(server: Server, endpoint: string): Promise<void> {
  await server.host.writeFile("/etc/hybrid-k3s/datastore/ca.pem", readFileSync(postgres.caFile, "utf8"), "0600");
  await server.host.writeFile(ENVIRONMENT, renderDatastoreEnvironment(endpoint, ["ca.pem"]), "0600");
  await server.host.writeFile("/etc/systemd/system/k3s.service.d/datastore.conf", `[Service]\nEnvironmentFile=${ENVIRONMENT}\n`);
}

const inShell = `set -a; . ${ENVIRONMENT}; set +a; `;

before(async () => {
  const servers = await startK3sServers();
  ({
    lab,
    machines: [first, second, third],
  } = servers);
  postgres = await startPostgres(lab, await ensureAuthority(inState("datastore"), "authority of the database"));
  if (servers.isStandIn) await placeKine(lab, ["rack-1", "rack-2", "rack-3"]);
  for (const server of servers.machines) await tellDatastore(server, postgres.endpoint);
});

after(async () => {
  await postgres.service.stop();
  await lab.down();
});

describe("a k3s server with an external datastore", () => {
  it("keeps its objects there and nothing of them on its disk, as no member of an etcd", async () => {
    await first.begin(first.config(TOKEN));
    await first.waitActiveServer();
    await first.waitReady("first");
    await first.kubectl("create configmap kept --from-literal=from=postgres");
    assert.equal((await first.host.run(["test", "-e", "/var/lib/rancher/k3s/server/db"])).code, 1);
    assert.equal(await first.voter("first"), "");
    assert.equal(await first.kubectl("get nodes -l node-role.kubernetes.io/etcd -o name"), "");
    assert.equal(await first.kubectl("get nodes -l node-role.kubernetes.io/control-plane -o name"), "node/first\n");
  });

  it("shows the endpoint to nobody", async () => {
    const secret = encodeURIComponent(postgres.password);
    const seen = [
      await first.journal("k3s"),
      await first.kubectl("get node first -o json"),
      await first.host.exec("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"),
    ];
    assert.deepEqual(
      seen.map((text) => text.includes(secret) || text.includes(postgres.password)),
      [false, false, false],
    );
  });

  it("takes no snapshot", async () => {
    const { code } = await first.host.run(["k3s", "etcd-snapshot", "save"], { timeoutMs: 60_000 });
    assert.notEqual(code, 0);
  });

  it("is joined by another one that knows the token alone, and asks no server for what they share", async () => {
    await second.begin(second.config(TOKEN));
    await second.waitActiveServer();
    await second.waitReady("second");
    assert.equal(await second.kubectl("get configmap kept -o jsonpath={.data.from}"), "postgres");
    const authority = (server: Server) => server.host.exec("sha256sum </var/lib/rancher/k3s/server/tls/server-ca.crt");
    assert.equal(
      await second.host.exec("cat /var/lib/rancher/k3s/server/token"),
      await first.host.exec("cat /var/lib/rancher/k3s/server/token"),
    );
    assert.equal(await authority(second), await authority(first));
  });

  it("refuses another token than the data's", async () => {
    const output = await third.runToItsEnd("server", third.config("other-secret"), { before: inShell });
    assert.match(output, /bootstrap data already found and encrypted with different token/);
  });

  it("says what a database says that does not let it in, and goes on asking", async () => {
    await tellDatastore(third, postgres.endpoint.replace(encodeURIComponent(postgres.password), "wrong"));
    await third.begin(third.config(TOKEN));
    const said = /[Ff]ailed to ping (database )?connection: .*\(SQLSTATE 28P01\)/;
    await third.waitForJournal("k3s", "SQLSTATE 28P01");
    assert.match(await third.host.exec("journalctl -u k3s -o cat"), said);
    assert.equal(await third.host.exec("systemctl show -P ActiveState k3s"), "activating\n");
    await third.stop();
  });

  it("looks into a database without becoming a server there, and finds what its token opens", async () => {
    const caPem = readFileSync(postgres.caFile, "utf8");
    const look = (endpoint: string, token = TOKEN) => lookInto(first, { endpoint, caPem, token });
    const empty = postgres.endpoint.replace(/k3s$/, "empty");
    assert.equal(await look(`${postgres.endpoint}?application_name=look`), "");
    assert.match(await look(empty), /^first: the database that hybrid-k3s:datastoreEndpoint leads to is empty/m);
    assert.match(await look(empty), /is empty, and k3s would begin an empty cluster there/, "by the lock of the look before");
    assert.match(await look(`${postgres.endpoint}?application_name=look`, "other-secret"), /leads to holds another cluster/);
    const closed = await look(postgres.endpoint.replace(encodeURIComponent(postgres.password), "wrong"));
    assert.match(closed, /does not let k3s in: .*\(SQLSTATE 28P01\)/);
    assert.equal(await first.host.exec("systemctl show -P ActiveState k3s; pgrep -cf [2]40.0.0.1 || true"), "active\n0\n");
    assert.equal(await first.kubectl("get configmap kept -o name"), "configmap/kept\n");
  });

  it("goes on where another one stops", async () => {
    await first.stop();
    await second.kubectl("create configmap alone");
    await first.host.exec("systemctl start k3s", { timeoutMs: 180_000 });
    assert.equal(await first.kubectl("get configmap alone -o name"), "configmap/alone\n");
  });
});
