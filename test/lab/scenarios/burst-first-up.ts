import assert from "node:assert/strict";
import { before, it } from "node:test";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import { type ProbePod, execProbe } from "../../../lab/checks/probe-pods";
import { atCloud, burstNode, burstPools, machineOf, setPool } from "../clouds-view";
import type { LabContext, Scenario } from "../lab-context";
import { expectSuccess, viewNodes } from "../nodes-view";
import { openPorts } from "../open-ports";

const AWS = burstNode("burst", 0);
const AZURE = burstNode("burst-az", 0);
const METADATA = "169.254.169.254";
/** Azure's host, which hands machines their custom data. */
const WIRE_SERVER = "168.63.129.16";

/** One `up` on an empty stack makes a cluster of metal and both clouds. */
export const burstFirstUp: Scenario = {
  name: "burst-first-up",
  define: (given) => {
    let context: LabContext;
    let pods: ProbePod[] = [];

    before(async () => {
      context = given();
      context.addBurstPools();
      for (const pool of burstPools) setPool(context, pool, { count: 1 });
      await context.ensureCluster();
    });

    it("makes metal and cloud nodes Ready, with place, pool and machine type as labels", async () => {
      const nodes = await viewNodes(context.kubectl);
      assert.deepEqual([...nodes].map(([name, { ready }]) => `${name} ${String(ready)}`).sort(), [
        `${AWS} true`,
        `${AZURE} true`,
        "kiosk-1 true",
        "rack-1 true",
        "rack-2 true",
      ]);
      const labels = (name: string, ...keys: string[]) => keys.map((key) => nodes.get(name)?.labels[key]);
      const place = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "node.kubernetes.io/instance-type"];
      assert.deepEqual(labels(AWS, ...place), ["eu-central-1", "eu-central-1a", "t3.large"]);
      assert.deepEqual(labels(AZURE, ...place), ["westeurope", "westeurope-1", "Standard_D2s_v5"]);
      assert.deepEqual(labels(AWS, "hybrid-k3s/provider", "hybrid-k3s/pool", "hybrid-k3s/jurisdiction"), ["aws", "burst", "eu"]);
      assert.deepEqual(labels(AZURE, "hybrid-k3s/provider", "hybrid-k3s/pool", "hybrid-k3s/jurisdiction"), ["azure", "burst-az", "eu"]);
    });

    it("lets every pod reach every other pod and node, over every pair of the sites", async () => {
      pods = await context.ensureProbePods();
      const findings = await checkConnectivity(context.kubectl, pods, "full");
      assert.equal(findings.length, 5 * 4 * 5);
      assert.deepEqual(
        findings.filter(({ fault }) => fault !== undefined),
        [],
      );
    });

    it("shows logs and runs commands in pods on cloud nodes", async () => {
      for (const pod of pods.filter(({ node }) => node === AWS || node === AZURE)) {
        const { code, stderr } = await execProbe(context.kubectl, pod, ["mtu", "eth0"]);
        assert.equal(code, 0, stderr);
        assert.equal((await context.kubectl(["-n", "probe", "logs", pod.name])).code, 0);
      }
    });

    it("has nothing open to the world but UDP 41641, and SSH to the allowed addresses", async () => {
      const { lab } = context;
      const outsider = await lab.wanMachine("outsider");
      const { publicIp } = (await atCloud(lab, "burst", "machineOf", { node: AWS })) as { publicIp: string };
      const [onAws, onAzure] = [await machineOf(lab, AWS), await machineOf(lab, AZURE)];
      for (const vm of [onAws, onAzure]) {
        const listening = (await vm.exec("ss -Hlnt | awk '{ print $4 }'")).split("\n").map((place) => Number(place.split(":").at(-1)));
        for (const port of [22, 10250]) assert.ok(listening.includes(port), `nothing listens on ${port}: its silence would mean nothing`);
        assert.match(await vm.exec("ss -Hlnu sport = :41641"), /:41641/);
      }
      assert.deepEqual(await openPorts(lab, outsider, onAws, publicIp), ["udp 41641"]);
      assert.deepEqual(await openPorts(lab, lab.operator, onAws, publicIp), ["tcp 22", "udp 41641"]);
      // The bastion routes to Azure's networks and is an allowed address; nobody else gets that far (burst-cycle asks neighbours).
      const { privateAddress } = onAzure.spec;
      assert.deepEqual(await openPorts(lab, lab.host("bastion"), onAzure, privateAddress), ["tcp 22", "udp 41641"]);
    });

    it("keeps pods off their machine's metadata and host, where its user data is", async () => {
      for (const node of [AWS, AZURE]) {
        const vm = await machineOf(context.lab, node);
        // From the machine itself it answers: what a pod does not get is really there.
        const own =
          node === AWS
            ? `token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://${METADATA}/latest/api/token); curl -sf -H "X-aws-ec2-metadata-token: $token" http://${METADATA}/latest/user-data`
            : `curl -sf -H 'Metadata: true' 'http://${METADATA}/metadata/instance?api-version=2021-02-01'`;
        assert.match(await vm.exec(own), node === AWS ? /^#cloud-config/ : /"vmId"/);
        if (node === AZURE)
          for (const place of [WIRE_SERVER, `${WIRE_SERVER}:32526`])
            assert.match(await vm.exec(`curl -sf 'http://${place}/versions'`), /<Versions>/);
        const pod = pods.find((candidate) => candidate.node === node) ?? assert.fail(`no pod on ${node}`);
        const places = [
          [METADATA, "80"],
          ...(node === AZURE
            ? [
                [WIRE_SERVER, "80"],
                [WIRE_SERVER, "32526"],
              ]
            : []),
        ];
        const dials = await Promise.all(places.map((place) => execProbe(context.kubectl, pod, ["dial", "-timeout", "3s", ...place])));
        assert.deepEqual(
          dials.flatMap(({ code }, i) => (code === 0 ? places[i]?.join(":") : [])),
          [],
          `a pod on ${node}`,
        );
      }
    });

    it("has nothing of the cluster in the user data", async () => {
      const vm = await machineOf(context.lab, AWS);
      const text = await vm.exec("cat /var/lib/cloud/instance/user-data.txt");
      assert.match(text, /ed25519_private/);
      assert.doesNotMatch(text, /tskey|hskey|K10[0-9a-f]|token|100\.64\./);
    });

    it("has nothing to do on a second up, and opens no session", async () => {
      const since = Date.now();
      await expectSuccess(context.stack.up(["--expect-no-changes"]));
      await expectSuccess(context.stack.up(["--refresh", "--expect-no-changes"]));
      for (const node of [AWS, AZURE]) assert.equal(await (await machineOf(context.lab, node)).sshSessions(since), 0, node);
    });
  },
};
