import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { listProbePods, succeed } from "../../../lab/checks/probe-pods";
import { waitUntil } from "../../../lab/hosts/wait-until";
import type { StackSettings } from "../../../lab/stack-config";
import { expectSuccess, readyNodes } from "../nodes-view";
import type { Scenario } from "../lab-context";
import { reachedPods, watchPods } from "../pod-watch";
import { kubectlThrough, members, sayMadeAnew, serversOnly, waitWhole, withServers } from "../servers-view";

const SERVERS = ["rack-1", "rack-2", "rack-3"] as const;
const NODES = [...SERVERS, "kiosk-1"];
/** Comes while a server is off. */
const LATE = "kiosk-2";
/** What a person notices: the API of another server, after one went. */
const FAIL_OVER_MS = 15_000;

/** Three servers with etcd, none of them special: each is lost in turn, removed and made again. */
export const servers: Scenario = {
  name: "servers",
  define: (context) => {
    let settings: StackSettings;

    before(async () => {
      await context().ensureEmpty();
      const host = context().lab.host("rack-3");
      if (!host.isOn) await host.boot();
      settings = context().stack.settings();
      context().stack.edit(withServers(context(), ...SERVERS));
    });

    it("makes three voting servers and an agent from one up", async () => {
      await context().ensureCluster();
      assert.deepEqual(await readyNodes(context().kubectl), [...NODES].sort());
      assert.deepEqual(await members(context().kubectl), { "rack-1": "voter", "rack-2": "voter", "rack-3": "voter" });
    });

    it("places the servers' token on servers alone", async () => {
      for (const name of NODES) {
        const { code } = await context()
          .lab.host(name as "rack-1")
          .run(["test", "-e", "/etc/hybrid-k3s/server-token"]);
        assert.equal(code === 0, serversOnly(name), name);
      }
    });

    it("lets servers reach one another's etcd, and agents not", async () => {
      const { lab } = context();
      const etcd = (await lab.host("rack-3").exec("tailscale ip -4")).trim();
      const dial = async (name: "rack-2" | "kiosk-1") =>
        (await lab.host(name).run(["bash", "-c", `timeout 5 bash -c '</dev/tcp/${etcd}/2380'`])).code === 0;
      assert.deepEqual([await dial("rack-2"), await dial("kiosk-1")], [true, false]);
    });

    it("lets every pod reach every pod and node", async () => {
      await context().ensureProbePods();
      const findings = await checkConnectivity(context().kubectl, await listProbePods(context().kubectl), "full");
      assert.ok(findings.length > 0);
      assert.deepEqual(
        findings.filter(({ fault }) => fault !== undefined),
        [],
      );
    });

    it("changes nothing at a second up", async () => {
      await expectSuccess(context().stack.up(["--expect-no-changes"]));
    });

    for (const lost of SERVERS)
      it(`answers through another server within 15 s when ${lost} is powered off, and has it back by itself`, async () => {
        const { lab, kubectl } = context();
        const other = SERVERS.find((name) => name !== lost) ?? "rack-1";
        const through = await kubectlThrough(context(), other);
        const restarts = await lab.host("kiosk-1").exec("systemctl show -P InvocationID k3s-agent");
        const watch = await watchPods(
          through,
          (await reachedPods(through)).filter(({ node }) => node !== lost),
        );
        await lab.host(lost).powerOff();
        const began = Date.now();
        await waitUntil(
          `the API answers through ${other}`,
          async () => (await through(["create", "configmap", `lost-${lost}`])).code === 0,
          { timeoutMs: FAIL_OVER_MS, intervalMs: 500 },
        );
        console.log(`fail-over ${lost}: ${Date.now() - began} ms`);
        // The one that began the cluster, and that everything asks first.
        if (lost === "rack-1") await addWhileAway();
        for (const [node, seen] of Object.entries(await watch.stop()))
          assert.ok(seen.opened > 10 && seen.row <= 1, `${node}: ${JSON.stringify(seen)}`);
        await lab.host(lost).boot();
        await waitWhole(context(), [...NODES, LATE]);
        assert.equal(await lab.host("kiosk-1").exec("systemctl show -P InvocationID k3s-agent"), restarts);
        assert.ok((await readyNodes(kubectl)).includes(LATE));
      });

    it("takes out a member of etcd that has no Node, before the server that it was joins again from nothing", async () => {
      const { lab, stack, kubectl } = context();
      // As a joiner is left that loses its power after etcd has taken it in and before its Node is there: without the label k3s lets a Node go alone.
      await lab.host("rack-3").powerOff();
      await succeed(kubectl, ["label", "node", "rack-3", "node-role.kubernetes.io/etcd-"]);
      await succeed(kubectl, ["delete", "node", "rack-3"]);
      const listed = async () => {
        const ask =
          'printf \'user = "server:%s"\' "$(sed "s/.*://" /var/lib/rancher/k3s/server/token)" | curl -sfk -K - https://127.0.0.1:6443/db/info';
        return [...(await lab.host("rack-1").exec(ask)).matchAll(/"name":"(rack-\d-[0-9a-f]{8})"/g)].map(([, name]) => name ?? "");
      };
      const [left = assert.fail("nothing is left of rack-3")] = (await listed()).filter((name) => name.startsWith("rack-3-"));
      await context().snapshotAgain(await lab.reinstall("rack-3"));
      sayMadeAnew(context(), "rack-3");
      const said = await expectSuccess(stack.up());
      assert.match(said, new RegExp(`etcd still lists ${left} at .*, and no Node is its own: taking it out`));
      await waitWhole(context(), [...NODES, LATE]);
      const now = await listed();
      assert.deepEqual([now.length, now.includes(left)], [3, false]);
    });

    /** A node comes from one `up` while a server is off, and the pods that were there before see nothing of either. */
    async function addWhileAway(): Promise<void> {
      if (!context().lab.host(LATE).isOn) await context().lab.boot(LATE);
      context().stack.addHost(LATE);
      await expectSuccess(context().stack.up());
    }

    after(async () => {
      const { lab, stack, before: look } = context();
      await context().ensureEmpty();
      stack.edit((edited) => Object.assign(edited, settings));
      assert.deepEqual(await findLeftovers(lab, look), []);
    });
  },
};
