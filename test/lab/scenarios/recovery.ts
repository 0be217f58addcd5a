import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { controlOf } from "../../../lab/console";
import type { RunResult } from "../../../lab/contract";
import type { LabHost } from "../../../lab/hosts/host";
import type { HostName } from "../../../lab/hosts/topology";
import { metalPool } from "../../../lab/stack-config";
import { checkoutRoot } from "../../../lab/paths";
import type { LabContext, Scenario } from "../lab-context";
import { changesSince, readNodeState } from "../untouched";
import { expectFailure, expectSuccess, resourceNames, urnOf, viewDevices, viewNodes, waitReady } from "../nodes-view";

const FIRST: readonly HostName[] = ["rack-1", "rack-2", "kiosk-1"];
const GO_ON = "--continue-on-error";
const REPLACE = /pulumi up --replace '(urn:pulumi:[^']*::rack-2-key)'/;

/**
 * The next join on this host is killed around its login, once: `timeout` runs tailscale, and the script runs `timeout`. The program
 * in front goes with the run, so that what is tried again meets the real one.
 */
async function killJoin(host: LabHost, moment: "before login" | "after login"): Promise<void> {
  const login = moment === "after login" ? '/usr/local/bin/tailscale "$@"' : ":";
  await host.writeFile(
    "/usr/local/sbin/tailscale",
    `#!/bin/sh
[ "$1" = up ] || exec /usr/local/bin/tailscale "$@"
rm -f "$0"
${login}
kill -KILL "$(awk '$1 == "PPid:" { print $2 }' "/proc/$PPID/status")"
`,
    "0755",
  );
}

/** Runs a line as it was printed, in the operator's shell, for the lab's stack. */
function runPrinted({ lab, stack }: LabContext, line: string): Promise<RunResult> {
  const flags = ["--yes", "--skip-preview", "--non-interactive", "--color=never", ...stack.flags];
  return lab.operator.run(["sh", "-euc", `${line} "$@"`, "sh", ...flags], { cwd: checkoutRoot });
}

/** Nodes that were lost, half made or to be made again, and the only server, which is not replaced by accident. */
export const recovery: Scenario = {
  name: "recovery",
  define: (given) => {
    let context: LabContext;
    let printed = "";
    const view = async () => ({ nodes: await viewNodes(context.kubectl), devices: await viewDevices(context.lab) });

    /** The nodes are others than before, Ready, and go by their plain names. */
    async function assertNew(names: readonly HostName[], earlier: Awaited<ReturnType<typeof view>>): Promise<void> {
      await waitReady(context.kubectl, FIRST);
      const now = await view();
      for (const name of names) {
        assert.notEqual(now.nodes.get(name)?.uid, earlier.nodes.get(name)?.uid, `${name} is the old Node`);
        assert.notEqual(now.devices.get(name)?.id, earlier.devices.get(name)?.id, `${name} is the old device`);
        // With the old device still there, the control server would have given the new one a suffix.
        assert.equal(now.devices.get(name)?.name, name);
      }
      assert.equal(now.devices.size, FIRST.length);
    }

    before(async () => {
      context = given();
      await context.ensureCluster();
    });

    it("adopts new host keys of living hosts in place, the first server's too", async () => {
      const { lab, stack } = context;
      const rotated: readonly HostName[] = ["rack-1", "rack-2"];
      const earlier = await view();
      for (const name of rotated) {
        await lab.rotateHostKeys(name);
        await context.takeHostKeys(lab.host(name));
      }
      const look = () => Promise.all(rotated.map((name) => readNodeState(lab.host(name), context.kubectl)));
      const hosts = await look();
      for (const name of rotated) stack.addHost(name);
      assert.doesNotMatch(await expectSuccess(stack.up()), /(replaced|deleted)/);
      for (const [i, facts] of (await look()).entries()) assert.deepEqual(changesSince(hosts[i] ?? [], facts), [], rotated[i]);
      const now = await view();
      assert.deepEqual(
        [...now.nodes].map(([name, { uid }]) => [name, uid]),
        [...earlier.nodes].map(([name, { uid }]) => [name, uid]),
      );
      assert.deepEqual(now.devices, earlier.devices);
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });

    it("makes a re-installed host a node again where its generation says so, and tells how when a join was killed before it could log in", async () => {
      const { lab, stack } = context;
      const earlier = await view();
      await context.snapshotAgain(await lab.reinstall("kiosk-1"));
      stack.addHost("kiosk-1");
      const refusal = await expectFailure(stack.up([GO_ON]));
      assert.match(
        refusal,
        /kiosk-1 .* cannot stay a node; nothing was changed on it:\n\s*- the host that answers under the new host key is not the one that joined/,
      );
      assert.match(refusal, /raise this host's `generation` in the config/);
      assert.equal((await view()).devices.get("kiosk-1")?.id, earlier.devices.get("kiosk-1")?.id);
      stack.addHost("kiosk-1", { generation: 1 });
      stack.addHost("rack-2", { generation: 1 });
      await killJoin(lab.host("rack-2"), "before login");
      await expectFailure(stack.up([GO_ON]));
      const { nodes, devices } = await view();
      assert.equal(nodes.get("kiosk-1")?.ready, true);
      assert.notEqual(nodes.get("kiosk-1")?.uid, earlier.nodes.get("kiosk-1")?.uid);
      assert.equal(devices.get("kiosk-1")?.name, "kiosk-1");
      assert.deepEqual([nodes.has("rack-2"), devices.has("rack-2")], [false, false], "what the former rack-2 was");
    });

    it("says how to go on where the key has expired, and goes on after a join that was killed just after the login", async () => {
      const { lab, stack } = context;
      const { admin } = controlOf(lab);
      const { keys } = await admin.call("listKeys");
      const unused = keys.filter(({ used, revoked, tags }) => !used && revoked === undefined && tags.includes("tag:k3s-edge"));
      assert.equal(unused.length, 1, "only rack-2's key was not used");
      for (const { id } of unused) await admin.call("expireKey", { id });
      stack.addHost("kiosk-1", { generation: 2 });
      await killJoin(lab.host("kiosk-1"), "after login");
      const said = await expectFailure(stack.up([GO_ON]));

      printed = REPLACE.exec(said)?.[0] ?? "";
      assert.match(
        said,
        /rack-2: .*the auth key is used, expired or refused; make a new one and join again with: pulumi up --replace 'urn:/,
      );
      const { nodes, devices } = await view();
      assert.deepEqual([nodes.has("kiosk-1"), devices.has("kiosk-1")], [false, true], "kiosk-1 logged in and is no node");
    });

    it("makes Ready nodes of both with the line that it printed", async () => {
      const earlier = await view();
      await expectSuccess(runPrinted(context, printed));
      await waitReady(context.kubectl, FIRST);
      const { devices } = await view();
      assert.equal(devices.get("kiosk-1")?.id, earlier.devices.get("kiosk-1")?.id, "kiosk-1's join was not taken up where it stopped");
      assert.deepEqual([devices.get("rack-2")?.name, devices.size], ["rack-2", FIRST.length]);
    });

    it("has the Node back where an operator has its join replaced", async () => {
      const earlier = await view();
      await expectSuccess(context.stack.up(["--replace", await urnOf(context.stack, "rack-2-join")]));
      await waitReady(context.kubectl, FIRST);
      const { nodes, devices } = await view();
      assert.notEqual(nodes.get("rack-2")?.uid, earlier.nodes.get("rack-2")?.uid);
      assert.equal(devices.get("rack-2")?.id, earlier.devices.get("rack-2")?.id, "the key was used again");
    });

    it("makes a node again when its generation is raised", async () => {
      const earlier = await view();
      context.stack.addHost("rack-2", { generation: 2 });
      await expectSuccess(context.stack.up());
      await assertNew(["rack-2"], earlier);
    });

    it("refuses every way to replace the only server, before anything is deleted", async () => {
      const { lab, stack } = context;
      const identities = async () => {
        const { nodes, devices } = await view();
        return { nodes: [...nodes].map(([name, { uid }]) => [name, uid]), devices: [...devices], resources: await resourceNames(stack) };
      };
      const earlier = await identities();
      const since = Date.now();
      const refused = async (run: Promise<RunResult>) => {
        assert.match(
          await expectFailure(run),
          /This run would replace or remove rack-1, the only server of cluster edge.*\n?.*stopped before anything was deleted[^]*cluster\.allowServerReplacement/,
        );
        assert.deepEqual(await identities(), earlier);
      };
      stack.addHost("rack-1", { generation: 1 });
      await refused(stack.up());
      stack.addHost("rack-1");
      await refused(runPrinted(context, `pulumi up --replace '${await urnOf(stack, "rack-1-key")}'`));
      const settings = stack.settings();
      stack.edit(({ "hybrid-k3s:pools": pools }) => {
        pools["rack"] = { provider: "bare-metal", role: "server", hosts: metalPool(settings, "metal").hosts };
        Reflect.deleteProperty(pools, "metal");
      });
      await refused(stack.up());
      // After a guard's refusal alone the engine would go on to remove rack-1.
      await refused(stack.up([GO_ON]));
      await refused(stack.preview());
      stack.edit((now) => Object.assign(now, settings));
      for (const name of FIRST) assert.equal(await lab.host(name).sshSessions(since), 0, `a session on ${name}`);
    });

    it("replaces the only server once that is allowed, and the agents join the new cluster", async () => {
      const { stack } = context;
      const earlier = await view();
      stack.edit((settings) => {
        settings["hybrid-k3s:cluster"].allowServerReplacement = true;
      });
      await expectSuccess(stack.up());
      stack.addHost("rack-1", { generation: 1 });
      await expectSuccess(stack.up());
      await stack.saveKubeconfig();
      await waitReady(context.kubectl, FIRST);
      const now = await view();
      for (const name of FIRST) assert.notEqual(now.nodes.get(name)?.uid, earlier.nodes.get(name)?.uid, `${name} is the old Node`);
      assert.equal(now.devices.get("rack-2")?.id, earlier.devices.get("rack-2")?.id, "an agent's device");
      assert.equal(now.devices.get("rack-1")?.name, "rack-1");
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });

    after(async () => {
      // The generations go back with an empty stack only: lowering one makes a node again just as raising does.
      await context.ensureEmpty();
      context.stack.edit((settings) => Reflect.deleteProperty(settings["hybrid-k3s:cluster"], "allowServerReplacement"));
      for (const name of FIRST) context.stack.addHost(name);
    });
  },
};
