import assert from "node:assert/strict";
import { it } from "node:test";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { checkoutRoot } from "../../../lab/paths";
import { addBurstPools, cloudPool } from "../../../lab/stack-config";
import type { LabContext, Scenario } from "../lab-context";
import { expectSuccess } from "../nodes-view";
import { PLANTED } from "../planted-faults";
import { assertNoProbe, runVerify, verified } from "../verify-runs";

const NODES = ["kiosk-1", "rack-1", "rack-2"];

/** Presses Ctrl-C when the probe is in the cluster. */
const INTERRUPT = `"$0" src/cli/main.mjs verify --stack "$1" & pid=$!
until kubectl get pods --all-namespaces -o name -l app=hybrid-k3s-verify | grep -q .; do kill -0 $pid || exit 99; done
kill -INT $pid; wait $pid`;

/** A cluster that is well is found well; each planted fault is named, alone and rightly; nothing of a look stays. */
export const verify: Scenario = {
  name: "verify",
  define: (context: () => LabContext) => {
    it("finds a cluster well: every pair by every way, and leaves nothing", async () => {
      await context().ensureCluster();
      const { faults, nodes, paths, cases } = await verified(context());
      assert.deepEqual(faults, []);
      assert.deepEqual(nodes.map(({ name }) => name).sort(), NODES);
      assert.equal(paths.length, NODES.length * (NODES.length - 1));
      for (const { from, to, kind, ms } of paths) assert.ok(kind !== "none" && ms !== undefined, `${from} -> ${to}: ${kind}`);
      const odd = cases.filter(({ verdict }) => verdict !== "passed");
      assert.deepEqual(odd, []);
      await assertNoProbe(context());
    });

    for (const { name, plant, lift, what, cause } of PLANTED)
      it(`names ${name}, and nothing else`, async () => {
        await context().ensureCluster();
        await plant(context());
        try {
          const { faults } = await verified(context());
          assert.equal(faults.length, 1, JSON.stringify(faults, undefined, 1));
          const [fault] = faults;
          assert.match(fault?.what ?? "", what);
          assert.match(fault?.cause ?? "", cause);
        } finally {
          await lift(context());
        }
        await assertNoProbe(context());
      });

    it("is well again, and quick without pods of its own", async () => {
      const { isWell, faults, cases } = await verified(context(), "--quick");
      assert.ok(isWell, JSON.stringify(faults, undefined, 1));
      assert.ok(!cases.some(({ check }) => check.startsWith("pod-")));
    });

    it("tells of a host whose firewall keeps UDP in, and finds nothing wrong where a relay does", async () => {
      const kiosk = context().lab.host("kiosk-1");
      const rules = (verb: string) =>
        ["INPUT -i", "OUTPUT -o"].map((chain) => `iptables -w 5 -${verb} ${chain} eth0 -p udp -j DROP`).join("; ");
      await kiosk.exec(rules("I"));
      try {
        const isRelayed = async () => (await kiosk.exec("tailscale ping -c 1 rack-1 || true")).includes("via DERP");
        await waitUntil("the path is relayed", isRelayed, { timeoutMs: 60_000, intervalMs: 1000 });
        const { faults, paths } = await verified(context());
        assert.deepEqual(faults, []);
        const relayed = paths.filter(({ kind }) => kind === "relay");
        assert.deepEqual([...new Set(relayed.flatMap(({ from, to }) => [from, to]))].sort(), NODES, JSON.stringify(paths));
        for (const { from, to, why } of relayed) {
          assert.ok([from, to].includes("kiosk-1"), `${from} -> ${to}`);
          assert.match(why ?? "", /^kiosk-1 gets no UDP out: let UDP pass there/);
        }
      } finally {
        await kiosk.exec(rules("D"));
      }
    });

    it("takes its pods away when it is interrupted", async () => {
      const { lab, stack } = context();
      const argv = ["sh", "-c", INTERRUPT, process.execPath, stack.name];
      const { code, stderr } = await lab.operator.run(argv, { cwd: checkoutRoot, timeoutMs: 180_000 });
      assert.equal(code, 130, stderr);
      assert.match(stderr, /was stopped by SIGINT/);
      await assertNoProbe(context());
    });

    it("finds five sites well, with machines in both clouds closed to the internet", async () => {
      const { lab, stack } = context();
      stack.edit((settings) => {
        addBurstPools(lab, settings);
        for (const pool of ["burst", "burst-az"] as const) cloudPool(settings, pool).count = 1;
      });
      await expectSuccess(stack.up());
      const { faults, cases, nodes } = await verified(context());
      assert.deepEqual(faults, []);
      assert.equal(nodes.length, NODES.length + 2);
      assert.ok(cases.some(({ check }) => check === "outside"));
      const { stdout } = await runVerify(context());
      assert.match(stdout, /5 nodes, \d+ checks passed, 0 failed, in [\d.]+ s: the cluster is well/);
      await assertNoProbe(context());
      stack.edit((settings) => {
        for (const pool of ["burst", "burst-az"] as const) cloudPool(settings, pool).count = 0;
      });
      await expectSuccess(stack.up(["--refresh"]));
    });
  },
};
