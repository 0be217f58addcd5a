import assert from "node:assert/strict";
import { it } from "node:test";
import { applyEdits, modify, parse } from "jsonc-parser";
import { type Before, findLeftovers, snapshotBefore } from "../../../lab/checks/nothing-left";
import { controlOf, operatorLogin } from "../../../lab/console";
import type { LabHost } from "../../../lab/hosts/host";
import { checkoutRoot, inState } from "../../../lab/paths";
import type { LabContext, Scenario } from "../lab-context";
import {
  type LinkFault,
  brokenInstaller,
  foreignK3s,
  fullDataDisk,
  nobodyLooks,
  refusedByApi,
  unreadableCluster,
  unwritableKeyFile,
  unwritableToken,
  worthlessKey,
} from "../link-faults";

/** An `up` that fails where it was made to, and says so. */
async function failUp(context: LabContext, faults: readonly LinkFault[]): Promise<string> {
  const hooks = (await Promise.all(faults.map((fault) => fault.provoke()))).map(({ underWay }) => underWay);
  const [{ code, stdout, stderr }] = await Promise.all([context.stack.up(["--continue-on-error"]), ...hooks]);
  assert.notEqual(code, 0, `up went through\n${stdout}`);
  for (const { link, says } of faults) assert.match(stdout + stderr, says, `nothing said of the failing ${link}`);
  return stdout + stderr;
}

async function destroy(context: LabContext): Promise<string> {
  const { code, stdout, stderr } = await context.stack.destroy();
  assert.equal(code, 0, `pulumi destroy failed:\n${stdout}\n${stderr}`);
  return stdout + stderr;
}

const withHosts = (before: Before, more: Before): Before => ({ ...before, hosts: [...before.hosts, ...more.hosts] });

/** A tailnet device that is none of this cluster's, under the name of one of its nodes. */
async function addStranger(context: LabContext, machine: "foreign" | "outsider", hostname: string, tags: readonly string[]) {
  const { admin } = controlOf(context.lab);
  const stranger = await context.lab.wanMachine(machine);
  await stranger.startTailscaled({ fresh: true });
  const { key } = await admin.call("createDeviceKey", { user: operatorLogin, tags });
  await stranger.joinTailnet({ hostname, authKey: key });
  const address = await stranger.tailnetIp();
  const device = async () => (await admin.call("listDevices")).devices.find(({ addresses }) => addresses.includes(address));
  const id = (await device())?.id ?? "";
  return {
    id,
    isThere: async () => (await device()) !== undefined,
    remove: async () => {
      await admin.call("deleteDevice", { id });
      await stranger.stopTailscaled();
    },
  };
}

/** What an up leaves when a link of the first server's chain fails; its own `destroy` after each. */
const serverFaults = (context: LabContext, server: LabHost): readonly (readonly LinkFault[])[] => {
  const { admin } = controlOf(context.lab);
  return [
    [refusedByApi(admin, "policy")],
    [refusedByApi(admin, "key")],
    [unwritableKeyFile(server)],
    [worthlessKey(server)],
    [fullDataDisk(server)],
    [unreadableCluster(server), nobodyLooks(server, server.name)],
  ];
};

/** The policy with what somebody else adds to it: a tag and a rule. */
function withTheirs(text: string): string {
  const formatting = { formattingOptions: { insertSpaces: true, tabSize: 2 } };
  const theirs = "tag:theirs";
  const tagged = applyEdits(text, modify(text, ["tagOwners", theirs], ["autogroup:admin"], formatting));
  const rule = { action: "accept", src: [theirs], dst: [`${theirs}:443`] };
  return applyEdits(tagged, modify(tagged, ["acls", -1], rule, { ...formatting, isArrayInsertion: true }));
}

/** `destroy` takes a cluster away whole, from every state that an `up` can leave. */
export const removal: Scenario = {
  name: "removal",
  define: (context) => {
    it("leaves hosts and tailnet as they were, devices of others too, after the destroy of a cluster with pods", async () => {
      await context().ensureCluster();
      await context().ensureProbePods();
      const strangers = [
        await addStranger(context(), "foreign", "rack-2", ["tag:k3s-other"]),
        await addStranger(context(), "outsider", "kiosk-1", []),
      ];
      try {
        assert.match(
          await context().stack.exportState(),
          /cluster-protect-server/,
          "without the guard in state nobody could have stopped it",
        );
        await destroy(context());
        const before = { ...context().before, deviceIds: [...context().before.deviceIds, ...strangers.map(({ id }) => id)] };
        assert.deepEqual(await findLeftovers(context().lab, before), []);
        for (const stranger of strangers) assert.equal(await stranger.isThere(), true);
      } finally {
        for (const stranger of strangers) await stranger.remove();
      }
    });

    const links = ["the policy", "the key", "the auth-key file", "join", "install", "access and wait-ready"];
    links.forEach((link, i) => {
      it(`leaves nothing where ${link} of the first server failed`, async () => {
        const faults = serverFaults(context(), context().lab.host("rack-1"))[i] ?? [];
        const settings = context().stack.settings();
        context().stack.edit((edited) => {
          const { rack } = edited["hybrid-k3s:pools"];
          edited["hybrid-k3s:pools"] = rack === undefined ? {} : { rack };
        });
        await failUp(context(), faults);
        // Locks that cannot be taken would stop the removal as well, as they should.
        const isLock = ({ link: name }: LinkFault) => name === "access" || name === "wait-ready";
        for (const fault of faults.filter(isLock)) await fault.cure();
        await destroy(context());
        for (const fault of faults.filter((each) => !isLock(each))) await fault.cure();
        context().stack.edit((edited) => Object.assign(edited, settings));
        assert.deepEqual(await findLeftovers(context().lab, context().before), []);
      });
    });

    it("leaves nothing where each agent failed at another link, one was off and somebody else edited the policy", async () => {
      const { lab, stack } = context();
      const { admin } = controlOf(lab);
      const spares = await Promise.all([lab.boot("rack-3"), lab.boot("kiosk-2")]);
      const [server, rack3, kiosk2] = [lab.host("rack-1"), ...spares];
      const foreign = foreignK3s(rack3);
      await foreign.provoke();
      const before = withHosts(context().before, await snapshotBefore(lab, spares));
      const settings = stack.settings();
      stack.addHost("rack-3");
      stack.addHost("kiosk-2");
      const looking = nobodyLooks(server, "kiosk-2");
      const installer = brokenInstaller(lab.host("kiosk-1"));
      const failed = await failUp(context(), [unwritableToken(lab.host("rack-2")), installer, looking]);
      assert.match(failed, foreign.says);
      await looking.cure();
      await admin.call("editPolicy", { text: withTheirs((await admin.call("getPolicy")).text) });
      await kiosk2.powerOff();

      const said = await destroy(context());
      await installer.cure();
      const commands = said.match(/node src\/operator-tools\/cleanup\.mjs clean \S+/g) ?? [];
      assert.equal(commands.length, 1, said);
      const { text } = await admin.call("getPolicy");
      assert.deepEqual(parse(text), parse(withTheirs(before.policy)));
      assert.match(text, /Policy of a new tailnet/, "comments of the policy that was found");
      await admin.call("editPolicy", { text: before.policy });

      const booting = kiosk2.boot();
      await lab.operator.waitSsh("kiosk-2", 60_000);
      const key = { HYBRID_K3S_SSH_PRIVATE_KEY_FILE: inState("ssh", "operator") };
      await lab.operator.runOrFail(["sh", "-c", commands[0] ?? ""], { cwd: checkoutRoot, env: key });
      await booting;
      assert.deepEqual(await findLeftovers(lab, before), []);

      await foreign.cure();
      stack.edit((edited) => Object.assign(edited, settings));
      for (const spare of spares) await spare.powerOff();
    });
  },
};
