import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { HostName } from "../../../lab/hosts/topology";
import { type StackSettings, metalPool } from "../../../lab/stack-config";
import { DAY_MS, certificateEnd, kubeconfigEnd, plantEndingCertificate } from "../../helpers/ending-certificate";
import type { LabContext, Scenario } from "../lab-context";
import { k3sUnit } from "../node-restarts";
import { expectSuccess, waitReady } from "../nodes-view";
import { startsOf } from "../untouched";
import { assertQuiet } from "./second-up";

/** One certificate of each node, and in how many days it is made to end. */
const ENDING: Readonly<Partial<Record<HostName, readonly [string, number]>>> = {
  "rack-1": ["server/tls/client-admin", 50],
  "rack-2": ["agent/client-kube-proxy", 40],
  "kiosk-1": ["agent/client-kubelet", 30],
};
const NODES = Object.keys(ENDING) as HostName[];

interface NodeEnds {
  readonly name: string;
  readonly certificatesEnd: string;
  readonly authoritiesEnd: string;
}

/** Certificates that end soon are told of, and renewed by the next `up`. */
export const certificates: Scenario = {
  name: "certificates",
  define: (given) => {
    let context: LabContext;
    let settings: StackSettings;
    const host = (name: HostName) => context.lab.host(name);
    const starts = () => Promise.all(NODES.map((name) => startsOf(host(name), "k3s")));
    const told = async () => (await context.stack.outputs())["nodes"] as readonly NodeEnds[];
    const daysLeft = (end: string) => Math.round((Date.parse(end) - Date.now()) / DAY_MS);

    before(async () => {
      context = given();
      await context.ensureCluster();
      settings = context.stack.settings();
    });

    it("are told among the outputs as k3s made them, those of the authorities by servers", async () => {
      for (const { name, certificatesEnd, authoritiesEnd } of await told()) {
        assert.ok(daysLeft(certificatesEnd) > 360, `${name}: ${certificatesEnd}`);
        assert.equal(authoritiesEnd === "" ? 0 : daysLeft(authoritiesEnd), name === "rack-1" ? 3650 : 0, name);
      }
    });

    it("are told of in a preview by node and date, once an install has seen them, which restarts nothing", async () => {
      for (const [name, [path, days]] of Object.entries(ENDING))
        await plantEndingCertificate(host("rack-1"), host(name as HostName), path, days);
      const before = await starts();
      context.stack.edit((edited) => {
        for (const pool of ["rack", "metal", "edge"]) metalPool(edited, pool).labels = { seen: "again" };
      });
      await expectSuccess(context.stack.up());
      assert.deepEqual(await starts(), before);
      const { code, stdout, stderr } = await context.stack.preview();
      assert.equal(code, 0, stdout + stderr);
      for (const { name, certificatesEnd } of await told()) {
        const [, days] = ENDING[name as HostName] ?? assert.fail(name);
        assert.equal(daysLeft(certificatesEnd), days);
        assert.ok(stdout.includes(`- ${name}: end on ${certificatesEnd}, in ${days - 1} days`), `${name} is not told of in:\n${stdout}`);
      }
      assert.doesNotMatch(stdout, /Authorities of the cluster/);
      assert.deepEqual(await starts(), before);
    });

    it("are renewed by one up, k3s of one node after the other, the kubeconfig's too", async () => {
      const said = await expectSuccess(context.stack.up());
      for (const [name, [path]] of Object.entries(ENDING)) {
        assert.match(
          said,
          new RegExp(`restarting ${k3sUnit(host(name as HostName))}, which renews its certificates: the first of them ends on `),
        );
        assert.ok((await certificateEnd(host(name as HostName), path)) > Date.now() + 360 * DAY_MS, `${name}: ${path}`);
      }
      for (const { name, certificatesEnd } of await told()) assert.ok(daysLeft(certificatesEnd) > 360, `${name}: ${certificatesEnd}`);
      const away = await Promise.all(NODES.map((name) => lastRestart(context, name)));
      away.sort((a, b) => a.from - b.from);
      assert.deepEqual(away[0]?.name, "rack-1");
      for (const [i, { name, from }] of away.slice(1).entries()) {
        const { name: other, to } = away[i] ?? assert.fail();
        assert.ok(from >= to, `${name} was stopped at ${from}, before ${other} was back at ${to}`);
      }
      const { kubeconfig } = await context.stack.outputs();
      assert.equal(
        await kubeconfigEnd(host("rack-1"), String(kubeconfig)),
        await certificateEnd(host("rack-1"), "server/tls/client-admin"),
      );
      await context.stack.saveKubeconfig();
      await waitReady(context.kubectl, NODES);
    });

    it("are nothing to do for the up after it, nor to say", async () => {
      await assertQuiet(context, () => context.stack.up(["--expect-no-changes"]));
      const { stdout } = await context.stack.preview(["--expect-no-changes"]);
      assert.doesNotMatch(stdout, /end soon/);
    });

    after(async () => {
      context.stack.edit((edited) => Object.assign(edited, settings));
      await context.ensureCluster();
    });
  },
};

/** When k3s of a node last stopped and was active again, in microseconds of the machine's own clock, which all hosts share. */
async function lastRestart(
  { lab }: LabContext,
  name: HostName,
): Promise<{ readonly name: string; readonly from: number; readonly to: number }> {
  const host = lab.host(name);
  const time = async (property: string) => Number(await host.exec(`systemctl show -P ${property}Monotonic ${k3sUnit(host)}`));
  return { name, from: await time("ActiveExitTimestamp"), to: await time("ActiveEnterTimestamp") };
}
