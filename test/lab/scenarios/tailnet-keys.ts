import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type Kubectl, succeed } from "../../../lab/checks/probe-pods";
import { controlOf } from "../../../lab/console";
import type { ArgvRecorder } from "../../../lab/hosts/argv-recorder";
import { nextK3sVersion } from "../../../lab/mirror/next-release";
import { inState } from "../../../lab/paths";
import type { LabContext, Scenario } from "../lab-context";
import { hostsOf } from "../node-network";
import { type Identities, identities, k3sUnit, rebootAll, restartK3s, restartTailscaled, waitBack } from "../node-restarts";
import { expectSuccess, keptKeys, viewDevices, viewNodes, waitReady } from "../nodes-view";
import { type Secret, inArguments, inFiles, onHost, secretsIn } from "../secret-search";
import { companyPolicy, savePolicy, setPolicyMode } from "../shared-tailnet";
import { clusterSecrets, operatorSecrets, secretSetting } from "../stack-secrets";

/** The probe pods' containers: node, pod, container, how often it was started. */
async function probeContainers(kubectl: Kubectl): Promise<string[]> {
  const fields = [
    ".spec.nodeName",
    ".metadata.uid",
    ".status.containerStatuses[0].containerID",
    ".status.containerStatuses[0].restartCount",
  ];
  const line = fields.map((field) => `{${field}}`).join(" ");
  const { stdout } = await succeed(kubectl, ["-n", "probe", "get", "pods", "-o", `jsonpath={range .items[*]}${line}{"\\n"}{end}`]);
  return stdout.trim().split("\n").sort();
}

/** Nodes live on when every key that let them in is dead and the stack's client has another secret, and nobody has seen any of these. */
export const tailnetKeys: Scenario = {
  name: "tailnet-keys",
  define: (given) => {
    let context: LabContext;
    let recorder: ArgvRecorder;
    let earlier: Identities;
    const said: string[] = [];
    const known: Secret[] = [];
    const admin = () => controlOf(context.lab).admin;
    const told = async (run: ReturnType<LabContext["stack"]["up"]>): Promise<void> => {
      said.push(await expectSuccess(run));
    };

    before(async () => {
      context = given();
      await context.ensureEmpty();
      await savePolicy(context.lab, companyPolicy("grants"));
      setPolicyMode(context.stack, "merge");
      known.push(...(await operatorSecrets(context)));
      recorder = await context.lab.recordArguments();
      await told(context.stack.up());
      await context.stack.saveKubeconfig();
      known.push(...(await clusterSecrets(context, ["rack-2", "kiosk-1"])));
    });

    it("gives nodes keys that never expire, by their tag", async () => {
      const { lab } = context;
      const { devices } = await admin().call("listDevices");
      const ours = devices.filter(({ tags }) => tags?.includes("tag:k3s-edge"));
      assert.deepEqual(
        ours.map(({ keyExpiryDisabled }) => keyExpiryDisabled),
        [true, true, true],
      );
      for (const host of hostsOf(lab)) {
        const { Self } = JSON.parse(await host.exec("tailscale status --json")) as { Self: { KeyExpiry?: string; Tags?: string[] } };
        assert.deepEqual([host.name, Self.Tags, Self.KeyExpiry], [host.name, ["tag:k3s-edge"], undefined]);
      }
    });

    it("loses every auth key and the client's secret, and has nothing to do with the new one", async () => {
      const { lab, stack } = context;
      const { keys } = await admin().call("listKeys");
      const alive = keys.filter(({ revoked, invalid }) => revoked === undefined && !invalid);
      for (const { id } of keys) await admin().call("expireKey", { id });
      assert.deepEqual(
        alive.filter(({ tags }) => tags.includes("tag:k3s-edge")),
        [],
        "a key that could let in another device",
      );
      const { secret } = await admin().call("rotateClient", { id: String(stack.settings()["tailscale:oauthClientId"]) });
      await stack.setSecret("tailscale:oauthClientSecret", secret);
      known.push({ name: "rotated OAuth secret", value: await secretSetting(context, "tailscale:oauthClientSecret") });
      await told(stack.up());
      await context.ensureProbePods();
      earlier = await identities(lab);
    });

    for (const restart of [restartTailscaled, restartK3s, rebootAll]) {
      it(`has every node back without anybody's help after ${restart.name}`, async (t) => {
        const { lab, kubectl } = context;
        await restart(lab);
        const restarted = Date.now();
        await waitBack(lab, kubectl, earlier, restarted);
        t.diagnostic(`back after ${(Date.now() - restarted) / 1000} s`);
      });
    }

    it("upgrades k3s in place, the server first, with the pods and devices that were there and no new key", async (t) => {
      const { lab, stack, kubectl } = context;
      const version = nextK3sVersion(controlOf(lab).tools);
      if (version === undefined) return t.skip("the mirror holds one release of a real k3s: LAB_K3S_NEXT gives a second");
      const look = async () => ({ keys: await keptKeys(lab), devices: await viewDevices(lab), pods: await probeContainers(kubectl) });
      const before = await look();
      assert.equal(before.pods.length, 3);
      const uids = new Map([...(await viewNodes(kubectl))].map(([name, { uid }]) => [name, uid]));

      stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.k3sVersion = version));
      await told(stack.up());
      const upgraded = Date.now();
      await told(stack.up(["--expect-no-changes"]));
      await waitBack(lab, kubectl, earlier, upgraded);
      assert.deepEqual(await look(), before);
      for (const [name, node] of await viewNodes(kubectl))
        assert.deepEqual([name, node.version, node.uid], [name, version, uids.get(name)]);

      const started: Record<string, number> = {};
      for (const host of hostsOf(lab)) {
        assert.equal((await host.exec("k3s --version")).split(" ")[2], version);
        // All hosts share the kernel's clock.
        started[host.name] = Number(await host.exec(`systemctl show -P ExecMainStartTimestampMonotonic ${k3sUnit(host)}`));
      }
      const { "rack-1": server = NaN, ...agents } = started;
      for (const [name, start] of Object.entries(agents)) assert.ok(start > server, `${name} started before the server did`);
    });

    it("gives a node that is made again its plain name back", async () => {
      const { lab, stack, kubectl } = context;
      const before = { nodes: await viewNodes(kubectl), devices: await viewDevices(lab) };
      stack.addHost("kiosk-1", { generation: 1 });
      await told(stack.up());
      await waitReady(kubectl, ["rack-1", "rack-2", "kiosk-1"]);
      const [nodes, devices] = [await viewNodes(kubectl), await viewDevices(lab)];
      assert.notEqual(nodes.get("kiosk-1")?.uid, before.nodes.get("kiosk-1")?.uid);
      assert.notEqual(devices.get("kiosk-1")?.id, before.devices.get("kiosk-1")?.id);
      assert.deepEqual([devices.get("kiosk-1")?.name, devices.size], ["kiosk-1", 3]);
      known.push(...(await clusterSecrets(context, ["rack-2", "kiosk-1"])));
    });

    it("shows no secret in the state, in what was said, on hosts, or among any program's arguments", async () => {
      const perHost = await Promise.all(hostsOf(context.lab).map((host) => onHost(host, known)));
      const state = secretsIn(await context.stack.exportState(), known);
      await told(context.stack.destroy());
      const programs = await recorder.stop();
      const found = [...inArguments(programs, known), ...state, ...inFiles(inState("pulumi"), known), ...secretsIn(said.join("\n"), known)];
      assert.ok(
        programs.some(({ place, argv }) => place === "kiosk-1" && argv.includes("install-k3s")),
        "nothing was recorded on hosts",
      );
      assert.deepEqual([...found, ...perHost.flat()], []);
    });

    after(async () => {
      await context.ensureEmpty();
      context.stack.addHost("kiosk-1");
      const { k3sVersion } = controlOf(context.lab).tools;
      context.stack.edit(({ "hybrid-k3s:cluster": cluster }) => (cluster.k3sVersion = k3sVersion));
      await savePolicy(context.lab, context.before.policy);
      setPolicyMode(context.stack, "own");
    });
  },
};
