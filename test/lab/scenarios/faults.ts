import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { HostName } from "../../../lab/hosts/topology";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { metalPool } from "../../../lab/stack-config";
import { diffSnapshots, takeSnapshot } from "../../../lab/hosts/snapshot";
import type { LabContext, Scenario } from "../lab-context";
import { expectFailure, expectSuccess, readyNodes, viewDevices, waitReady } from "../nodes-view";

const FIRST: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1"];
const SPARE: readonly HostName[] = ["rack-3", "kiosk-2"];
const GO_ON = "--continue-on-error";
/** What a silent host may cost beyond its step: it is given up after half a minute, and tried once more. */
const SILENCE_MS = 120_000;
const FOREIGN_K3S = `mkdir -p /etc/rancher/k3s /var/lib/rancher/k3s/server
  echo 'cluster-init: true' >/etc/rancher/k3s/config.yaml; echo theirs >/var/lib/rancher/k3s/server/token
  printf '#!/bin/sh\\nrm -f /usr/local/bin/k3s /usr/local/bin/k3s-uninstall.sh\\n' >/usr/local/bin/k3s-uninstall.sh
  printf '#!/bin/sh\\n' >/usr/local/bin/k3s; chmod 755 /usr/local/bin/k3s*`;

/** No script of ours runs on these hosts any more, and the state knows of no step that was cut off. */
async function assertNothingUnderWay({ lab, stack }: LabContext, hosts: readonly HostName[]): Promise<void> {
  const { deployment } = JSON.parse(await stack.exportState()) as { deployment: { pending_operations?: unknown[] } };
  assert.deepEqual(deployment.pending_operations ?? [], []);
  for (const name of hosts) {
    const { stdout } = await lab.host(name).run(["pgrep", "--full", "--list-full", "^sh -s -- "]);
    assert.equal(stdout, "", `${name} still runs a script`);
  }
}

/** Faults of several hosts in one `up`: each is told with its host and remedy, the others become nodes, and the next `up` goes on from there. */
export const faults: Scenario = {
  name: "faults",
  define: (given) => {
    let context: LabContext;

    before(async () => {
      context = given();
      await context.ensureEmpty();
      await context.lab.boot("kiosk-2");
    });

    it("tells of hosts that are off, refuse the key or show another host key, while the others become Ready", async () => {
      const { lab, stack } = context;
      await lab.host("rack-2").exec("mv /root/.ssh/authorized_keys /root/.ssh/away");
      stack.addHost("kiosk-1", { hostKey: lab.host("bastion").hostKey });
      for (const name of SPARE) stack.addHost(name);
      const said = await expectFailure(stack.up([GO_ON]));

      assert.match(
        said,
        /rack-2 \(root@198\.18\.0\.20:2202\) refuses the login of root with [^;]*; put the public key into root's authorized_keys there/,
      );
      assert.match(
        said,
        /rack-3 \(ops@198\.18\.0\.20:2203\) (cannot be reached from here|did not answer within) [^;]*; check that it is switched on/,
      );
      assert.match(
        said,
        /kiosk-1 \(ops@10\.10\.2\.11:22\) shows another host key: expected ssh-ed25519 SHA256:\S+, seen ssh-ed25519 SHA256:[^;]*; if it was re-installed/,
      );
      // The outputs are there although nodes failed.
      await stack.saveKubeconfig();
      assert.deepEqual(await readyNodes(context.kubectl), ["kiosk-2", "rack-1"]);
      assert.deepEqual([...(await viewDevices(lab)).keys()].sort(), ["kiosk-2", "rack-1"]);
      await assertNothingUnderWay(context, ["rack-1", "kiosk-2"]);
    });

    it("goes on where it stopped, refuses a foreign k3s without touching it, and tells of a full disk and of a kubelet that will never start", async () => {
      const { lab, stack } = context;
      const rack = lab.host("rack-2");
      await rack.exec(`mv /root/.ssh/away /root/.ssh/authorized_keys; ${FOREIGN_K3S}`);
      await lab.boot("rack-3");
      stack.addHost("kiosk-1");
      stack.edit((settings) => (metalPool(settings, "metal").k3s = { "kubelet-arg": ["no-such-flag=1"] }));
      await lab.host("kiosk-1").exec("mkdir -p /var/lib/rancher; mount -t tmpfs -o size=1m tmpfs /var/lib/rancher");
      const earlier = await takeSnapshot(rack);
      const said = await expectFailure(stack.up([GO_ON]));

      assert.match(
        said,
        /rack-2 \(root@198\.18\.0\.20:2202\) cannot become a node yet; nothing was changed on it:\n\s*- a k3s that is not ours is here/,
      );
      assert.match(said, /No space left on device/);
      assert.match(
        said,
        /rack-3: k3s-agent\.service dies again and again: .*unknown flag: --no-such-flag.*an argument in one of its \*-arg lists, is not known to/,
      );
      assert.match(said, /kiosk-1: the disk at \/var\/lib\/rancher is full; make room or give it a larger disk/);
      assert.deepEqual(diffSnapshots(earlier, await takeSnapshot(rack)), []);
      assert.deepEqual(await readyNodes(context.kubectl), ["kiosk-2", "rack-1"]);
      await assertNothingUnderWay(context, ["rack-1", "rack-3", "kiosk-1", "kiosk-2"]);
    });

    it("ends a step whose host falls silent behind its bastion, with an error that names it", async () => {
      const { lab, stack } = context;
      const kiosk = lab.host("kiosk-1");
      await kiosk.exec("umount /var/lib/rancher");
      stack.edit((settings) => Reflect.deleteProperty(metalPool(settings, "metal"), "k3s"));
      await lab.host("rack-2").exec("k3s-uninstall.sh; rm -rf /etc/rancher /var/lib/rancher");
      const run = stack.up([GO_ON]);
      const isInstalling = async () => (await kiosk.run(["pgrep", "--full", "sh -s -- install-k3s"])).code === 0;
      await waitUntil("k3s is being installed", isInstalling, { timeoutMs: 90_000, intervalMs: 100 });
      const cut = await lab.cut({ between: "kiosk-1", and: "bastion" });
      const began = performance.now();
      const said = await expectFailure(run);
      await cut.heal();
      assert.match(
        said,
        /kiosk-1: install-k3s did not end: kiosk-1 \(ops@10\.10\.2\.11:22\) (did not answer|cannot be reached|broke the connection)/,
      );
      assert.ok(performance.now() - began < SILENCE_MS, "the limit for silence is two minutes");
    });

    it("makes all hosts Ready once they are cured", async () => {
      const { stack } = context;
      await expectSuccess(stack.up());
      await stack.saveKubeconfig();
      await waitReady(context.kubectl, [...FIRST, ...SPARE]);
    });

    after(async () => {
      for (const name of SPARE) context.stack.removeHost(name);
      await expectSuccess(context.stack.up());
      for (const name of SPARE) await context.lab.host(name).powerOff();
    });
  },
};
