import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { placeKine } from "../../lab/postgres";
import { type Server, startK3sServers } from "./k3s-servers";

// What the program relies on in a k3s whose data are in SQLite, of which it makes copies by itself.
const DATA = "/var/lib/rancher/k3s/server";
const COPY = "/opt/copy.db";
let lab: Lab;
let first: Server;
let second: Server;
let copy = "";

/** Without a token k3s makes one, as it does in a cluster of this program's. */
function settings(server: Server, token?: string): Record<string, unknown> {
  const config = server.config(token ?? "", { "node-name": "first" });
  if (token === undefined) Reflect.deleteProperty(config, "token");
  return config;
}

const passwordOf = async (server: Server) => (await server.host.readFile(`${DATA}/token`)).trim().replace(/^.*::server:/, "");
const authorityOf = (server: Server) => server.host.exec(`sha256sum <${DATA}/tls/server-ca.crt`);
const placeCopy = (server: Server) => server.host.exec(`umask 077; mkdir -p ${DATA}/db; base64 -d >${DATA}/db/state.db`, { input: copy });

before(async () => {
  const servers = await startK3sServers();
  ({
    lab,
    machines: [first, second],
  } = servers);
  if (servers.isStandIn) await placeKine(lab, ["rack-1", "rack-2"]);
});

after(() => lab.down());

describe("a k3s server with SQLite", () => {
  it("keeps its objects in a file and a log beside it, which it takes no snapshot of", async () => {
    await first.begin(settings(first));
    await first.waitActiveServer();
    await first.waitReady("first");
    await first.kubectl("create configmap kept");
    assert.equal(await first.host.exec(`sqlite3 'file:${DATA}/db/state.db?mode=ro' 'PRAGMA journal_mode'`), "wal\n");
    const { code } = await first.host.run(["k3s", "etcd-snapshot", "save"], { timeoutMs: 60_000 });
    assert.notEqual(code, 0);
  });

  it("keeps what a cluster begins with under a hash of its token", async () => {
    const keys = "SELECT name FROM kine WHERE name LIKE '/bootstrap/%' AND deleted = 0";
    const hash = createHash("sha256").update(await passwordOf(first));
    assert.equal(
      await first.host.exec(`sqlite3 'file:${DATA}/db/state.db?mode=ro' "${keys}"`),
      `/bootstrap/${hash.digest("hex").slice(0, 12)}\n`,
    );
  });

  it("is copied while it runs, and begins again from the copy alone, by the token without its authority", async () => {
    await first.host.exec(`sqlite3 'file:${DATA}/db/state.db?mode=ro' '.timeout 30000' "VACUUM INTO '${COPY}'"`);
    copy = await first.host.exec(`base64 -w 0 ${COPY}`);
    await first.kubectl("create configmap late");
    const [token, authority] = [await first.host.readFile(`${DATA}/token`), await authorityOf(first)];
    const password = await passwordOf(first);
    await first.stop();
    await first.host.exec(`mv ${DATA} ${DATA}-before`);
    await placeCopy(first);
    await first.writeConfig(settings(first, password));
    await first.restart();
    await first.waitReady("first");
    assert.equal(await first.kubectl("get configmap kept late --ignore-not-found -o name"), "configmap/kept\n");
    assert.equal(await first.host.readFile(`${DATA}/token`), token);
    assert.equal(await authorityOf(first), authority);
    // And by the token that it has written there itself.
    await first.writeConfig(settings(first));
    await first.restart();
    await first.waitReady("first");
  });

  it("ends on a copy under another token", async () => {
    await placeCopy(second);
    const output = await second.runToItsEnd("server", settings(second, "other-secret"));
    assert.match(output, /bootstrap data already found and encrypted with different token/);
  });

  it("serves the copy on another host, whose Node comes once the password of before is forgotten", async () => {
    const password = await passwordOf(first);
    await first.stop();
    await second.wipe();
    await placeCopy(second);
    await second.begin({ ...settings(second, password), "disable-network-policy": true });
    await second.waitActiveServer();
    assert.equal(await second.kubectl("get configmap kept -o name"), "configmap/kept\n");
    await second.kubectl("delete secret -n kube-system first.node-password.k3s --ignore-not-found");
    const address = () => second.kubectl(`get node first -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}'`);
    const isOwn = async () => (await address()).split(" ").includes(second.vpnAddress);
    await waitUntil("the Node has the new host's address", isOwn, { timeoutMs: 90_000, intervalMs: 500 });
    await second.waitReady("first");
  });
});
