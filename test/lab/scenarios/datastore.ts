import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { listProbePods, succeed } from "../../../lab/checks/probe-pods";
import type { ArgvRecorder } from "../../../lab/hosts/argv-recorder";
import { waitUntil } from "../../../lab/hosts/wait-until";
import { inState } from "../../../lab/paths";
import { type LabPostgres, placeKine, startPostgres, takeKine } from "../../../lab/postgres";
import type { StackSettings } from "../../../lab/stack-config";
import type { Scenario } from "../lab-context";
import { expectFailure, expectSuccess, readyNodes } from "../nodes-view";
import { inArguments, inFiles, onHost, secretsIn } from "../secret-search";
import { kubectlThrough } from "../servers-view";

const SERVERS = ["rack-1", "kiosk-1"] as const;
const NODES = ["kiosk-1", "rack-1", "rack-2"] as const;
const FAIL_OVER_MS = 15_000;

/** Two servers at two sites on a Postgres, and an agent: neither is special, and neither waits for the other. */
export const datastore: Scenario = {
  name: "datastore",
  define: (context) => {
    let settings: StackSettings;
    let postgres: LabPostgres;
    let recorder: ArgvRecorder | undefined;
    const printed: string[] = [];
    const secrets = () => [
      { name: "password", value: postgres.password },
      { name: "endpoint", value: postgres.endpoint },
    ];

    before(async () => {
      await context().ensureEmpty();
      const { lab, stack } = context();
      postgres = await startPostgres(lab);
      await placeKine(lab, SERVERS);
      settings = stack.settings();
      stack.edit((edited) => {
        edited["hybrid-k3s:vpn"].integration = "routes";
        Object.assign(edited["hybrid-k3s:cluster"], { datastore: "external", datastoreTls: { caFile: postgres.caFile } });
        const { edge } = edited["hybrid-k3s:pools"];
        if (edge !== undefined) edge.role = "server";
      });
      await stack.setSecret("hybrid-k3s:datastoreEndpoint", postgres.endpoint);
    });

    it("makes two servers at two sites and an agent from one up", async () => {
      const { lab, stack, kubectl } = context();
      recorder = await lab.recordArguments();
      printed.push(await expectSuccess(stack.preview(["--diff"])), await expectSuccess(stack.up()));
      await stack.saveKubeconfig();
      assert.deepEqual(await readyNodes(kubectl), [...NODES]);
      const servers = ["get", "nodes", "-o", "name", "-l"];
      const { stdout } = await succeed(kubectl, [...servers, "node-role.kubernetes.io/control-plane"]);
      assert.deepEqual(stdout.trim().split("\n").sort(), ["node/kiosk-1", "node/rack-1"]);
      assert.equal((await succeed(kubectl, [...servers, "node-role.kubernetes.io/etcd"])).stdout, "");
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
      printed.push(await expectSuccess(context().stack.up(["--expect-no-changes"])));
    });

    it("shows the password of the database nowhere", async () => {
      const { lab, stack } = context();
      const programs = (await recorder?.stop()) ?? [];
      recorder = undefined;
      assert.ok(
        programs.some(({ place, argv }) => place === "kiosk-1" && argv.includes("install-k3s")),
        "nothing was recorded on hosts",
      );
      const perHost = await Promise.all(NODES.map((name) => onHost(lab.host(name), secrets())));
      assert.deepEqual(
        [
          ...inArguments(programs, secrets()),
          ...printed.flatMap((text) => secretsIn(text, secrets()).map((name) => `output: ${name}`)),
          ...secretsIn(await stack.exportState(), secrets()).map((name) => `stack export: ${name}`),
          ...inFiles(inState("pulumi"), secrets()),
          ...perHost.flat(),
        ],
        [],
      );
      const { code } = await lab.host("rack-2").run(["test", "-e", "/etc/hybrid-k3s/datastore"]);
      assert.equal(code, 1, "the agent has it");
    });

    it("refuses to take the cluster off its datastore", async () => {
      const { stack } = context();
      const endpoint = stack.settings()["hybrid-k3s:datastoreEndpoint"];
      const written = stack.settings();
      stack.edit((edited) => {
        const { "hybrid-k3s:cluster": cluster, "hybrid-k3s:pools": pools } = edited;
        cluster.datastore = "etcd";
        Reflect.deleteProperty(cluster, "datastoreTls");
        Reflect.deleteProperty(edited, "hybrid-k3s:datastoreEndpoint");
        if (pools["edge"] !== undefined) pools["edge"].role = "agent";
      });
      assert.match(
        await expectFailure(stack.preview()),
        /keeps its data in an external datastore, and hybrid-k3s:cluster\.datastore is etcd: k3s moves no data/,
      );
      stack.edit((edited) => Object.assign(edited, written, { "hybrid-k3s:datastoreEndpoint": endpoint }));
    });

    it("refuses another database at preview, and on hosts an empty one, before k3s is told of it", async () => {
      const { lab, stack, kubectl } = context();
      const starts = () => Promise.all(SERVERS.map((name) => lab.host(name).exec("systemctl show -P ActiveEnterTimestampMonotonic k3s")));
      const before = await starts();
      await stack.setSecret("hybrid-k3s:datastoreEndpoint", postgres.endpoint.replace(/k3s$/, "empty"));
      const refused = await expectFailure(stack.preview());
      assert.match(refused, /hybrid-k3s:datastoreEndpoint names another database than the one that holds the cluster edge:/);
      stack.edit((edited) => Object.assign(edited["hybrid-k3s:cluster"], { allowDatastoreMove: true }));
      const told = await expectFailure(stack.up());
      assert.match(told, /the database that hybrid-k3s:datastoreEndpoint leads to is empty/);
      printed.push(refused, told);
      assert.deepEqual(await starts(), before);
      await succeed(kubectl, ["get", "nodes"]);
      stack.edit((edited) => Reflect.deleteProperty(edited["hybrid-k3s:cluster"], "allowDatastoreMove"));
      await stack.setSecret("hybrid-k3s:datastoreEndpoint", postgres.endpoint);
      await expectSuccess(stack.up());
      assert.deepEqual(await starts(), before);
    });

    it("takes another way to the same database, one server at a time", async () => {
      const { stack, kubectl } = context();
      await stack.setSecret("hybrid-k3s:datastoreEndpoint", `${postgres.endpoint}?application_name=lab`);
      await expectSuccess(stack.up());
      assert.deepEqual(await readyNodes(kubectl), [...NODES]);
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });

    for (const lost of SERVERS)
      it(`answers through the other server within 15 s when ${lost} is powered off, and has it back by itself`, async () => {
        const { lab, kubectl } = context();
        const other = SERVERS.find((name) => name !== lost) ?? "rack-1";
        const through = await kubectlThrough(context(), other);
        await lab.host(lost).powerOff();
        const began = Date.now();
        await waitUntil(
          `the API answers through ${other}`,
          async () => (await through(["create", "configmap", `lost-${lost}`])).code === 0,
          { timeoutMs: FAIL_OVER_MS, intervalMs: 500 },
        );
        console.log(`fail-over ${lost}: ${Date.now() - began} ms`);
        await lab.host(lost).boot();
        const again = await kubectlThrough(context(), lost);
        const isBack = async () =>
          (await again(["get", "configmap", `lost-${lost}`])).code === 0 && (await readyNodes(kubectl)).length === NODES.length;
        await waitUntil(`${lost} answers again`, isBack, { timeoutMs: 180_000, intervalMs: 1000 });
      });

    it("takes a server out by one up, and the other one goes on", async () => {
      const { stack, kubectl, lab } = context();
      stack.removeHost("kiosk-1");
      await expectSuccess(stack.up());
      await stack.saveKubeconfig();
      assert.deepEqual(await readyNodes(kubectl), ["rack-1", "rack-2"]);
      await succeed(kubectl, ["get", "configmap", "lost-kiosk-1"]);
      assert.equal((await lab.host("kiosk-1").run(["test", "-e", "/etc/hybrid-k3s"])).code, 1);
    });

    after(async () => {
      const { lab, stack, before: look } = context();
      await recorder?.stop();
      await context().ensureEmpty();
      await takeKine(lab, SERVERS);
      stack.edit((edited) => {
        Reflect.deleteProperty(edited, "hybrid-k3s:datastoreEndpoint");
        Object.assign(edited, settings);
      });
      await postgres.service.stop();
      assert.deepEqual(await findLeftovers(lab, look), []);
    });
  },
};
