import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { agentsOfServers } from "./k3s-server-agent-cases";
import { clusterResets, serverRemovals } from "./k3s-server-removal-cases";
import { type Server, startK3sServers } from "./k3s-servers";
import { etcdSnapshots } from "./k3s-snapshot-cases";

// What the program relies on in a k3s of several servers, shown on the one that the lab has. The cases build on each other: one cluster
// that begins with SQLite on one server and grows to three.
const TOKEN = "server-secret";
const WAIT = { timeoutMs: 60_000, intervalMs: 500 };
const DB = "/var/lib/rancher/k3s/server/db";
let lab: Lab;
let first: Server;
let second: Server;
let third: Server;

before(
  async () =>
    ({
      lab,
      machines: [first, second, third],
    } = await startK3sServers()),
);

after(() => lab.down());

const isThere = (server: Server, file: string) => server.host.exec(`test -e ${DB}/${file} && echo yes || echo no`);

describe("a k3s server alone", () => {
  it("keeps its objects in SQLite's file where nothing else is asked for", async () => {
    await first.begin(first.config(TOKEN));
    await first.waitActiveServer();
    assert.deepEqual([await isThere(first, "state.db"), await isThere(first, "etcd/member")], ["yes\n", "no\n"]);
    await first.waitReady("first");
    await first.kubectl("create configmap kept --from-literal=from=sqlite");
    assert.equal(await first.voter("first"), "");
  });

  it("takes them along into an etcd when cluster-init is set and it starts again", async () => {
    await first.writeConfig(first.config(TOKEN, { "cluster-init": true }));
    await first.restart();
    assert.deepEqual([await isThere(first, "state.db"), await isThere(first, "state.db.migrated")], ["no\n", "yes\n"]);
    assert.equal(await first.kubectl("get configmap kept -o jsonpath={.data.from}"), "sqlite");
    assert.ok((await first.journal("k3s")).includes("Migrating content from sqlite to etcd"));
    await first.waitVoter("first");
  });

  it("names its member after the node, at the node's address, and says so at its Node", async () => {
    const members = await first.members();
    assert.equal(members.length, 1);
    assert.match(members[0] ?? "", /^first-[0-9a-f]{8}=https:\/\/100\.64\.0\.1:2380$/);
    const marks = `{.metadata.annotations.etcd\\.k3s\\.cattle\\.io/node-name} {.metadata.annotations.etcd\\.k3s\\.cattle\\.io/node-address} {.metadata.labels.node-role\\.kubernetes\\.io/etcd}`;
    assert.equal(await first.kubectl(`get node first -o jsonpath='${marks}'`), `${members[0]?.split("=")[0] ?? ""} 100.64.0.1 true`);
  });

  it("serves etcd at the node's address and to itself, only to who has a certificate", async () => {
    const listening = await first.host.exec("ss -Hltn | awk '{print $4}'");
    for (const address of ["100.64.0.1:2379", "127.0.0.1:2379", "100.64.0.1:2380", "127.0.0.1:2380", "127.0.0.1:2381"]) {
      assert.ok(listening.split("\n").includes(address), `${address} among ${listening}`);
    }
    const ask = (identity: string) => first.host.run(["sh", "-c", `curl -sSk ${identity} https://100.64.0.1:2379/version`]);
    assert.notEqual((await ask("")).code, 0);
    assert.equal((await ask(first.etcdIdentity)).code, 0);
  });

  it("keeps its cluster in etcd from then on, whatever the settings say", async () => {
    await first.writeConfig(first.config(TOKEN));
    await first.restart();
    assert.equal(await first.kubectl("get configmap kept -o jsonpath={.data.from}"), "sqlite");
    assert.equal(await isThere(first, "state.db"), "no\n");
  });
});

describe("a k3s server that cannot join", () => {
  const join = (more: Readonly<Record<string, unknown>>) => second.config(TOKEN, { server: first.url, ...more });

  it("ends in one fatal line with the agents' token", async () => {
    const output = await second.runToItsEnd("server", join({ token: "agent-secret" }));
    assert.match(output, /level=fatal msg="Error: preparing server: failed to bootstrap cluster data: not authorized"$/m);
  });

  it("names each setting that must be the same", async () => {
    const output = await second.runToItsEnd("server", join({ "cluster-cidr": "10.44.0.0/16", "disable-network-policy": true }));
    assert.match(output, /level=warning msg="critical configuration mismatched: ClusterIPRange\.IP\.slice\[13\]"$/m);
    assert.match(output, /level=warning msg="critical configuration mismatched: disable-network-policy"$/m);
    assert.match(
      output,
      /level=fatal msg="Error: preparing server: failed to bootstrap cluster data: failed to validate server configuration: critical configuration value mismatch between servers"$/m,
    );
  });

  it("ends where the token names another cluster's authority", async () => {
    const output = await second.runToItsEnd("server", join({ token: `K10${"0".repeat(64)}::server:${TOKEN}` }));
    assert.match(
      output,
      /level=fatal msg="Error: preparing server: failed to bootstrap cluster data: .*failed to validate token: token CA hash does not match the Cluster CA certificate hash: 0{64} != [0-9a-f]{64}"$/m,
    );
  });

  it("ends where nobody answers", async () => {
    const output = await second.runToItsEnd("server", join({ server: "https://100.64.0.1:6449" }));
    assert.match(
      output,
      /level=fatal msg="Error: preparing server: failed to bootstrap cluster data: .*failed to validate token: failed to get CA certs: /,
    );
  });

  it("leaves no member behind", async () => {
    assert.equal((await first.members()).length, 1);
  });
});

describe("three k3s servers", () => {
  it("come side by side, one learner at a time, each a voter in the end", async () => {
    await Promise.all([second, third].map((server) => server.begin(server.config(TOKEN, { server: first.url }))));
    const learners = async () => (await first.members()).filter((member) => member.endsWith(" learner"));
    await waitUntil("there is a learner", async () => (await learners()).length === 1, { ...WAIT, timeoutMs: 180_000 });
    await Promise.all([second.waitActiveServer(), third.waitActiveServer()]);
    await Promise.all([second, third].map((server) => first.waitVoter(server.name)));
    const journals = await Promise.all([second.journal("k3s"), third.journal("k3s")]);
    assert.ok(
      journals.some((text) =>
        text.includes("Waiting for other members to finish joining etcd cluster: etcdserver: too many learner members in cluster"),
      ),
    );
    assert.deepEqual(
      (await third.members()).map((member) => member.replace(/-[0-9a-f]{8}=/, "=")),
      [1, 2, 3].map((index) => `${["first", "second", "third"][index - 1] ?? ""}=https://100.64.0.${index}:2380`),
    );
  });

  it("have one set of authorities and tokens, and each its own API server", async () => {
    const authorities =
      "cd /var/lib/rancher/k3s/server/tls && cat server-ca.crt client-ca.crt request-header-ca.crt service.key etcd/server-ca.crt etcd/peer-ca.crt | sha256sum";
    const sums = await Promise.all([first, second, third].map(({ host }) => host.exec(authorities)));
    assert.equal(new Set(sums).size, 1);
    await third.kubectl("create configmap shared --from-literal=from=third");
    assert.equal(await second.kubectl("get configmap shared -o jsonpath={.data.from}"), "third");
  });

  it("are all found behind the service kubernetes", async () => {
    const addresses = async () =>
      (await first.kubectl("get endpointslices kubernetes -o jsonpath='{.endpoints[*].addresses[*]}'")).split(" ").sort().join(" ");
    await waitUntil("all addresses are there", async () => (await addresses()) === "100.64.0.1 100.64.0.2 100.64.0.3", WAIT);
  });

  it("agree on who acts as controller and as scheduler", async () => {
    for (const name of ["kube-controller-manager", "kube-scheduler"]) {
      assert.notEqual(await first.kubectl(`get lease -n kube-system ${name} -o jsonpath={.spec.holderIdentity}`), "");
    }
    await first.waitReady("second");
    await first.waitReady("third");
    const ranges = await first.kubectl("get nodes -o jsonpath='{.items[*].spec.podCIDR}'");
    assert.equal(new Set(ranges.split(" ")).size, 3, ranges);
  });

  it("go on without the first, whose address is dropped within the minute", async () => {
    await first.host.powerOff();
    await waitUntil("the API writes again", async () => (await second.kubectl("annotate node second seen=yes --overwrite")) !== "", {
      timeoutMs: 30_000,
      intervalMs: 500,
    });
    const addresses = () => second.kubectl("get endpointslices kubernetes -o jsonpath='{.endpoints[*].addresses[*]}'");
    await waitUntil("its address is gone", async () => !(await addresses()).includes("100.64.0.1"), WAIT);
    // Whether a server lives is not to be learned from this condition.
    assert.equal(await second.voter("first"), "True MemberNotLearner");
  });

  it("refuse a new server under the name of one that is still listed", async () => {
    await lab.boot("rack-1");
    await first.wipe();
    await first.connect();
    const output = await first.runToItsEnd("server", first.config(TOKEN, { server: second.url }), { status: "\\d+" });
    assert.match(output, /etcd cluster join failed: duplicate node name found, please use a unique name for this node/);
  });
});

describe("a k3s server that leaves", () => serverRemovals(TOKEN, () => ({ first, second, third })));

describe("a k3s agent of several servers", () => agentsOfServers(() => ({ first, second, third })));

describe("k3s servers that lost their quorum", () => clusterResets(TOKEN, () => ({ first, second, third })));

describe("snapshots of a k3s server's etcd", () => etcdSnapshots(TOKEN, () => ({ first })));
