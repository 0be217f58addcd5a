import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { runCommand } from "../../src/cli/run-command.mjs";
import { ToolError } from "../../src/operator-tools/run/tool-error.mjs";
import { recordOutput } from "../operator-tools/support/recorder.mjs";
import { ACCESS } from "./support/stack.mjs";
import { lines, OPENED, said, WANTED } from "./support/verify-words.mjs";

describe("hybrid-k3s verify", () => {
  let out, ran, replies, access, folder;
  beforeEach(() => {
    out = recordOutput();
    ran = [];
    access = { ...ACCESS, wanted: WANTED };
    replies = {
      "verify-open": () => OPENED,
      "verify-node": ({ name }) =>
        name === "rack-1"
          ? said("rack-1", "kiosk-1", { pod: "10.42.0.5", cidrs: "10.42.1.0/24" })
          : said("kiosk-1", "rack-1", { pod: "10.42.1.5", cidrs: "10.42.0.0/24" }),
      "verify-api": () => ({
        lines: lines(
          "metrics rack-1 200 1",
          "logs rack-1 200 3",
          "exec rack-1 ran",
          "metrics kiosk-1 200 1",
          "logs kiosk-1 200 3",
          "exec kiosk-1 ran",
        ),
      }),
      "verify-close": () => ({ gone: true }),
    };
    folder = mkdtempSync(join(tmpdir(), "hybrid-k3s-verify-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (...argv) =>
    runCommand(["verify", ...argv], {
      ...{ env: {}, out, stdin: { isTTY: false }, isClosed: async () => true },
      readStack: async () => ({ operatorAccess: access }),
      hostWork: () => async (at, work) => {
        ran.push({ on: at.name, ...work });
        return replies[work.script](at, work);
      },
    });
  const scripts = () => ran.map(({ script }) => script);

  it("puts the probe there, looks from every node and through the API, and takes it away", async () => {
    assert.equal(await run(), 0, out.written.stderr);
    assert.deepEqual([scripts()[0], scripts().at(-1)], ["verify-open", "verify-close"]);
    assert.deepEqual(scripts().slice(1, -1).sort(), ["verify-api", "verify-node", "verify-node"]);
    assert.match(out.written.stdout, /2 nodes, \d+ checks passed, 0 failed, in [\d.]+ s: the cluster is well/);
    const [opened, closed] = [ran[0].environment, ran.at(-1).environment];
    assert.match(opened.NAMESPACE, /^hybrid-k3s-verify-[0-9a-f]{6}$/);
    assert.equal(closed.NAMESPACE, opened.NAMESPACE);
    const { items } = JSON.parse(opened.MANIFEST);
    assert.ok(items.every(({ metadata }) => metadata.namespace === opened.NAMESPACE || metadata.name === opened.NAMESPACE));
    assert.ok(opened.MANIFEST.includes(WANTED.probeImage));
    const node = ran.find(({ on, script }) => on === "kiosk-1" && script === "verify-node").environment;
    assert.deepEqual(
      [node.PEERS, node.POD_IP, node.SERVERS, node.TRANSFER_TO, node.ROLE],
      ["rack-1 100.64.0.1 10.42.0.5", "10.42.1.5", "100.64.0.1", "rack-1", "agent"],
    );
  });

  it("ends with 1 and the fault first where something is wrong", async () => {
    replies["verify-node"] = ({ name }) =>
      said(name, name === "rack-1" ? "kiosk-1" : "rack-1", {
        pod: name === "rack-1" ? "10.42.0.5" : "10.42.1.5",
        cidrs: name === "rack-1" ? "10.42.9.0/24" : "10.42.0.0/24",
        more: name === "rack-1" ? ["node-pod kiosk-1 curl: (7) no"] : [],
      });
    assert.equal(await run(), 1);
    assert.match(out.written.stdout, /^1\. pods on kiosk-1 are not reached\n {3}seen: {3}rack-1 has no way to 10\.42\.1\.0\/24/);
    assert.equal(scripts().at(-1), "verify-close");
  });

  it("takes the probe away where it could not be made or a look went wrong, and says why", async () => {
    replies["verify-open"] = () => {
      throw new ToolError("rack-1: the probe could not be made: denied by an admission webhook");
    };
    assert.equal(await run(), 1);
    assert.deepEqual(scripts(), ["verify-open", "verify-close"]);
    assert.match(out.written.stderr, /denied by an admission webhook/);
  });

  it("tells why a pod does not come in the cluster's own words, of one that may not be made too", async () => {
    replies["verify-open"] = () => ({
      ...OPENED,
      pods: lines("rack-1 probe-a - False ImagePullBackOff ImagePullBackOff"),
      warnings: lines("probe-a Failed to pull image: 403 Forbidden", 'probe admission webhook "require-limits" denied the request'),
    });
    assert.equal(await run("--json"), 1);
    assert.deepEqual(
      JSON.parse(out.written.stdout)
        .cases.filter(({ check }) => check === "probe")
        .map(({ seen }) => seen),
      ["ImagePullBackOff: Failed to pull image: 403 Forbidden", 'admission webhook "require-limits" denied the request'],
    );
  });

  it("tells what it saw also where its pods cannot be taken away, and does not end well", async () => {
    replies["verify-close"] = ({ name }) => {
      throw new ToolError(`${name}: the namespace is still there after 60 s`);
    };
    assert.equal(await run(), 1);
    assert.match(out.written.stdout, /the cluster is well/);
    assert.match(out.written.stderr, /still there after 60 s/);
    replies["verify-open"] = () => {
      throw new ToolError("rack-1: the probe could not be made");
    };
    assert.equal(await run(), 1);
    assert.match(out.written.stderr, /the probe could not be made\n.*still there after 60 s/);
  });

  it("tells what the hosts saw where the API ends before it has told of every node", async () => {
    replies["verify-api"] = () => {
      throw new ToolError("rack-1: did not finish verify-api within 130 s");
    };
    assert.equal(await run("--json"), 1);
    const { faults, cases } = JSON.parse(out.written.stdout);
    assert.deepEqual(
      faults.map(({ seen }) => seen),
      ["rack-1: did not finish verify-api within 130 s"],
    );
    assert.ok(cases.some(({ check, verdict }) => check === "pod-http" && verdict === "passed"));
  });

  it("names the servers whose API is not reached, and blames no route where pods cross in vxlan", async () => {
    access = { ...access, wanted: { ...WANTED, integration: "flannel-iface" } };
    const answer = replies["verify-node"];
    replies["verify-node"] = (at) =>
      at.name === "kiosk-1"
        ? said("kiosk-1", "rack-1", { pod: "10.42.1.5", cidrs: "", more: ["api 100.64.0.1 000 timed out", "node-pod rack-1 curl: (7) no"] })
        : answer(at);
    assert.equal(await run("--json"), 1);
    const { faults, cases } = JSON.parse(out.written.stdout);
    assert.equal(cases.find(({ check }) => check === "api").to, "rack-1");
    for (const { cause } of faults) assert.doesNotMatch(cause, /autoApprovers/);
  });

  it("finds no fault where the stack asks for none: kubelets that it leaves shut, metadata of a host that it did not make", async () => {
    const answer = replies["verify-node"];
    replies["verify-node"] = (at) =>
      at.name === "kiosk-1"
        ? said("kiosk-1", "rack-1", {
            pod: "10.42.1.5",
            cidrs: "10.42.0.0/24",
            more: ["pod-kubelet rack-1 000 timed out", "metadata - 401"],
          })
        : answer(at);
    assert.equal(await run("--quick", "--json"), 1);
    const before = JSON.parse(out.written.stdout);
    assert.deepEqual(before.faults.map(({ cases }) => cases[0].check).sort(), ["metadata", "pod-kubelet"]);
    out = recordOutput();
    const [agent] = ACCESS.agents;
    access = { ...access, agents: [{ ...agent, isCloud: false }], wanted: { ...WANTED, opensKubelets: false } };
    assert.equal(await run("--quick", "--json"), 0, out.written.stderr);
    const { faults, warnings } = JSON.parse(out.written.stdout);
    assert.deepEqual(faults, []);
    assert.match(warnings.join(), /kiosk-1: pods reach its metadata service/);
  });

  it("gives a withdrawn route its own cause with --quick too, where no pod tells of it", async () => {
    const answer = replies["verify-node"];
    replies["verify-node"] = (at) =>
      at.name === "kiosk-1" ? said("kiosk-1", "rack-1", { pod: "10.42.1.5", cidrs: "10.42.9.0/24" }) : answer(at);
    assert.equal(await run("--quick", "--json"), 1);
    const { faults } = JSON.parse(out.written.stdout);
    assert.equal(faults.length, 1);
    assert.match(faults[0].cause, /does not serve that node's pods/);
  });

  it("names a host that cannot be looked at, and a pod whose image does not come", async () => {
    const answer = replies["verify-node"];
    replies["verify-open"] = () => ({
      ...OPENED,
      pods: lines("rack-1 probe-a 10.42.0.5 True", "kiosk-1 probe-b - False ImagePullBackOff"),
    });
    replies["verify-node"] = (at) => {
      if (at.name === "kiosk-1") throw new ToolError("kiosk-1: nobody answers at 192.0.2.11:22");
      return answer(at);
    };
    assert.equal(await run("--json"), 1);
    const { faults } = JSON.parse(out.written.stdout);
    assert.deepEqual(faults.map(({ seen }) => seen).sort(), ["ImagePullBackOff", "kiosk-1: nobody answers at 192.0.2.11:22"]);
    assert.match(faults.find(({ seen }) => seen === "ImagePullBackOff").remedy, /cluster\.probeImage/);
  });

  it("puts nothing into the cluster with --quick", async () => {
    assert.equal(await run("--quick"), 0, out.written.stderr);
    assert.deepEqual([...new Set(scripts())], ["verify-open", "verify-node"]);
    assert.equal(ran[0].environment.MANIFEST, undefined);
    assert.equal(ran[1].environment.QUICK, "true");
  });

  it("finds an API that the internet reaches, of machines with a public address alone", async () => {
    const [agent] = ACCESS.agents;
    access = { ...access, agents: [{ ...agent, isPublic: true }] };
    const asked = [];
    const code = await runCommand(["verify", "--quick", "--json"], {
      ...{ env: {}, out, stdin: { isTTY: false } },
      isClosed: async (address, port) => asked.push(`${address}:${port}`) && port !== 6443,
      readStack: async () => ({ operatorAccess: access }),
      hostWork: () => async (at, work) => replies[work.script](at, work),
    });
    assert.equal(code, 1);
    assert.deepEqual(asked, [`${agent.host.address}:6443`, `${agent.host.address}:10250`]);
    assert.match(JSON.parse(out.written.stdout).faults[0].seen, /:6443 is open to this machine/);
  });

  it("writes JUnit's XML where it is asked to, and says where it cannot", async () => {
    const file = join(folder, "verify.xml");
    assert.equal(await run("--junit", file), 0);
    assert.match(readFileSync(file, "utf8"), /<testsuite name="hybrid-k3s verify" tests="\d+" failures="0"/);
    assert.equal(await run("--junit", join(folder, "none", "verify.xml")), 1);
    assert.match(out.written.stderr, /cannot be written \(ENOENT\)/);
  });

  it("asks for a run of this release where the state is an older one's", async () => {
    access = ACCESS;
    assert.equal(await run(), 1);
    assert.match(out.written.stderr, /run pulumi up once/);
    assert.deepEqual(ran, []);
  });
});
