import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { controlOf } from "../../../lab/console";
import type { ArgvRecorder } from "../../../lab/hosts/argv-recorder";
import { inState } from "../../../lab/paths";
import type { LabContext, Scenario } from "../lab-context";
import { hostsOf } from "../node-network";
import { type Identities, identities, rebootAll, restartK3s, restartTailscaled, waitBack } from "../node-restarts";
import { expectSuccess, viewDevices, viewNodes, waitReady } from "../nodes-view";
import { type Secret, inArguments, inFiles, onHost, secretsIn } from "../secret-search";
import { companyPolicy, savePolicy, setPolicyMode } from "../shared-tailnet";
import { clusterSecrets, operatorSecrets, secretSetting } from "../stack-secrets";

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

    it("gives a node that is made anew its plain name back", async () => {
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
      await savePolicy(context.lab, context.before.policy);
      setPolicyMode(context.stack, "own");
    });
  },
};
