import assert from "node:assert/strict";
import { it } from "node:test";
import { controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { hostsOf, podCidrs, tailnetPrefs } from "../node-network";
import type { LabContext, Scenario } from "../lab-context";
import { type Identities, identities, k3sUnit, rebootAll, restartK3s, restartTailscaled, waitBack } from "../node-restarts";
import { type Capture, startCapture } from "../packet-capture";
import { startChatter, stopChatter } from "../pod-chatter";

/** Longer than the 30 s after which a k3s that is not held back gives up on `tailscale up` and has wiped its preferences. */
const AWAY_MS = 40_000;

/** The sites' own networks, where nothing of the pods may be seen in clear; they outlive the reboots of the hosts on them. */
const SITES = ["metal", "edge"];

/** While `work` goes on, pods on every node keep sending, and none of their packets may be seen at the sites. */
async function withoutLeak({ lab, kubectl }: LabContext, work: () => Promise<void>): Promise<void> {
  await startChatter(kubectl, await podCidrs(kubectl));
  const sites = await Promise.all(SITES.map((bridge) => startCapture(lab, { interface: bridge }, "net 10.42.0.0/16")));
  let leaked: string[][] = [];
  try {
    await work();
    await assertChatter(await startCapture(lab, { netns: "rack-1", interface: "tailscale0" }, "icmp and net 10.42.0.0/16"));
  } finally {
    leaked = await Promise.all(sites.map((capture) => capture.stop()));
    await stopChatter(kubectl);
  }
  assert.deepEqual(leaked.flat(), []);
}

async function assertChatter(capture: Capture): Promise<void> {
  try {
    await waitUntil("pods still send through the tailnet", () => capture.seen.length > 0, { timeoutMs: 60_000 });
  } finally {
    await capture.stop();
  }
}

/** With the control server away for `work` and for a while after it, in which every k3s waits behind its gate. */
async function withControlAway({ lab }: LabContext, before: Identities, work: () => Promise<void>): Promise<void> {
  const control = lab.service("headscale");
  await control.stop();
  try {
    await work();
    const end = Date.now() + AWAY_MS;
    await waitUntil("the control server has been away for long", () => Date.now() >= end, {
      timeoutMs: AWAY_MS + 5_000,
      intervalMs: 1_000,
    });
    for (const host of hostsOf(lab)) {
      const state = await host.exec(`systemctl show -P SubState ${k3sUnit(host)}`);
      assert.deepEqual([host.name, state.trim()], [host.name, "start-pre"]);
      assert.deepEqual(await tailnetPrefs(host), before[host.name]?.prefs);
    }
  } finally {
    await control.start();
  }
}

/** Nodes come back by themselves, with no join key that would let them in again. */
export const restarts: Scenario = {
  name: "restarts",
  define: (context) => {
    it("has used up every key by which a node could join", async () => {
      await context().ensureCluster();
      await context().ensureProbePods();
      const { keys } = await controlOf(context().lab).admin.call("listKeys");
      const alive = keys.filter(({ tags, used, invalid, revoked }) => tags.length > 0 && !used && !invalid && revoked === undefined);
      assert.deepEqual(alive, []);
      for (const host of hostsOf(context().lab))
        assert.match(await host.readFile("/etc/hybrid-k3s/vpn-auth"), /joinKey=not-used-see-gate,/);
    });

    it("has every node back after k3s, tailscaled and the hosts were restarted, with no pod packet in clear", async (t) => {
      const { lab, kubectl } = context();
      const before = await identities(lab);
      await withoutLeak(context(), async () => {
        for (const restart of [restartK3s, restartTailscaled, rebootAll]) {
          const began = Date.now();
          await restart(lab);
          const restarted = Date.now();
          await waitBack(lab, kubectl, before, restarted);
          t.diagnostic(`${restart.name}: ${(restarted - began) / 1000} s, back after ${(Date.now() - restarted) / 1000} s`);
        }
      });
    });

    it("has every node back when the control server was away while tailscaled and k3s were restarted", async (t) => {
      const { lab, kubectl } = context();
      const before = await identities(lab);
      await withControlAway(context(), before, async () => {
        await restartTailscaled(lab);
        await restartK3s(lab);
      });
      const healed = Date.now();
      await waitBack(lab, kubectl, before, healed);
      t.diagnostic(`back after ${(Date.now() - healed) / 1000} s`);
    });

    it("has every node back when the control server was away while the hosts were rebooted, with no pod packet in clear", async (t) => {
      const { lab, kubectl } = context();
      const before = await identities(lab);
      await withoutLeak(context(), async () => {
        await withControlAway(context(), before, () => rebootAll(lab));
        const healed = Date.now();
        await waitBack(lab, kubectl, before, healed);
        t.diagnostic(`back after ${(Date.now() - healed) / 1000} s`);
      });
    });
  },
};
