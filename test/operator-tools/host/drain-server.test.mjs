import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { drainNode } from "../../../src/operator-tools/host/drain-node.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";
import { scriptFolder } from "../support/scripts.mjs";
import { freePort, newKey, startHost } from "../support/ssh-host.mjs";

const RACK = { node: "rack-3", role: "server", cluster: "edge", owner: "hybrid-k3s/lab", pool: "rack", removeData: true, drainSeconds: 30 };
const LIMITS = { connectMs: 3000, besideDrainMs: 4000 };

describe("drain delete of a server", () => {
  const operator = newKey();
  let other, own, out, verdict;

  before(async () => ([other, own] = await Promise.all([1, 2].map(() => startHost({ accepts: [operator.publicKey] })))));
  after(() => Promise.all([other.stop(), own.stop()]));
  beforeEach(() => ([out, verdict] = [recordOutput(), ""]));

  // Both hosts write into one file, so that the order is told.
  const log = () => join(other.folder, "log");
  const said = () => readFileSync(log(), "utf8").trim().split("\n");
  const remove = (more = {}) => {
    const scripts = scriptFolder({
      "drain-node": `echo "$ROLE $STEP \${IS_GONE:-there}" >>'${log()}'\n${verdict}\n`,
      "stop-k3s": `echo "stop $NODE_NAME $CLUSTER_NAME $OWNER" >>'${log()}'\n`,
    });
    const given = { v: 1, ...RACK, own: { host: own.target() }, hosts: [{ name: "rack-1", host: other.target() }] };
    return drainNode({ ...given, credentials: { privateKey: operator.privateKey }, ...more }, { env: {}, out, limits: LIMITS, scripts });
  };
  const fresh = async (work) => {
    await drainNode(
      {
        v: 1,
        ...RACK,
        role: undefined,
        hosts: [{ name: "rack-1", host: other.target() }],
        credentials: { privateKey: operator.privateKey },
      },
      { env: {}, out, limits: LIMITS, scripts: scriptFolder({ "drain-node": `: >'${log()}'\n` }) },
    );
    return work();
  };

  it("takes it out of etcd, stops its k3s on its own host, and only then deletes the Node", async () => {
    await fresh(remove);
    assert.deepEqual(said(), ["server leave there", "stop rack-3 edge hybrid-k3s/lab", "server delete there"]);
    assert.match(own.seen.commands.at(-1), /sh -s -- stop-k3s$/);
  });

  it("goes on without its host where that is gone, and says so to the server that removes it", async () => {
    const gone = { own: { host: { ...own.target(), port: await freePort() } } };
    await fresh(() => remove(gone));
    assert.deepEqual(said(), ["server leave yes", "server delete there"]);
  });

  it("stops nothing and deletes nothing where another server is not healthy", async () => {
    verdict = 'echo "rack-3: nothing was done to it, because another server is not healthy"; exit 3';
    const error = await fresh(() => errorOf(remove()));
    assert.equal(error.message, "rack-3: nothing was done to it, because another server is not healthy");
    assert.deepEqual(said(), ["server leave there"]);
  });

  it("has nobody to leave to where it is the only one", async () => {
    const asked = own.seen.commands.length;
    await remove({ hosts: [] });
    assert.equal(own.seen.commands.length, asked);
  });

  it("lets go of a cluster that is lost with all other servers where that was allowed, and only then", async () => {
    const reinstalled = { name: "rack-1", host: { ...other.target(), hostKey: own.target().hostKey } };
    const gone = { name: "rack-2", host: { ...other.target(), port: await freePort() } };
    const lost = { mayEnd: true, hosts: [reinstalled, gone] };
    await fresh(() => remove(lost));
    assert.match(out.written.stderr, /rack-3 leaves no server behind, because no other server can be reached/);
    assert.match((await errorOf(remove({ ...lost, mayEnd: false }))).message, /rack-3 is still a Node of the cluster/);
    // One that is there says what it thinks of it.
    verdict = 'echo "rack-3: another server is not healthy"; exit 3';
    const error = await errorOf(remove({ ...lost, hosts: [reinstalled, { name: "rack-2", host: other.target() }] }));
    assert.match(error.message, /not healthy|another host key/i);
  });

  it("fails where no other server can be reached, whatever its data", async () => {
    const error = await errorOf(remove({ hosts: [{ name: "rack-1", host: { ...other.target(), port: await freePort() } }] }));
    assert.match(error.message, /^rack-1 \(.*\) refuses the connection.*\nrack-3 is still a Node of the cluster\. Cure that/);
  });
});
