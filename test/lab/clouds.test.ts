import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { MachineSpec } from "../../lab/clouds/contract";
import type { LabHost } from "../../lab/hosts/host";
import { addresses } from "../../lab/hosts/topology";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { WanMachine } from "../../lab/hosts/wan-machine";
import type { Lab } from "../../lab/lab";
import { silentProgress } from "../../lab/progress";
import { startLab } from "../../lab/start-lab";
import { awsMachine, azureMachine, cloudTraces, loginTo, makeUserData, nodeFirewall } from "./helpers/cloud-vms";
import { labTraces, machineState } from "./helpers/lab-traces";
import { MachinesService } from "./helpers/machines-service";

const METADATA = "http://169.254.169.254";
const QUICKLY = { timeoutMs: 60_000 };

/** Whether a TCP connection is made; nothing else is sent. */
const connects = async (from: LabHost | WanMachine, address: string, port: number): Promise<boolean> =>
  (await from.run(["timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/$0/$1", address, String(port)])).code === 0;

/** A namespace behind the machine, as a pod is: a hop further, under the machine's own address outside. */
const makePodNetwork = `ip netns add pod; ip link add pod0 type veth peer name eth0 netns pod
  ip address add 10.99.0.1/24 dev pod0; ip link set pod0 up
  ip -n pod address add 10.99.0.2/24 dev eth0; ip -n pod link set eth0 up; ip -n pod route add default via 10.99.0.1
  sysctl -qw net.ipv4.ip_forward=1; iptables -t nat -A POSTROUTING -s 10.99.0.0/24 -o eth0 -j MASQUERADE`;

describe("machines of the emulated clouds", () => {
  const directory = mkdtempSync(join(tmpdir(), "cloud-vms-"));
  const machineBefore = machineState();
  let lab: Lab;
  let machines: MachinesService;
  let untouched: readonly string[];

  const make = async (spec: Omit<MachineSpec, "userData">): Promise<void> => {
    await machines.create({ ...spec, userData: await makeUserData(directory, spec.name) });
  };
  const aws1 = { directory, name: "aws1", address: "198.18.0.100" };
  const az1 = { directory, name: "az1", address: "172.24.1.4", throughBastion: true };
  const logIn = (login: typeof aws1, command: string) => lab.operator.runOrFail([...loginTo(login), command]);

  before(async () => {
    lab = await startLab({ progress: silentProgress, control: false, hosts: ["bastion"] });
    machines = await MachinesService.start(lab);
    // A namespace of its own, made when it is first asked for.
    await lab.wanMachine("outsider");
    untouched = await cloudTraces(lab);
    await Promise.all([make(awsMachine(1)), make(azureMachine(1))]);
  });
  after(async () => {
    await lab.down();
    rmSync(directory, { recursive: true });
    assert.deepEqual(labTraces(), []);
    assert.equal(machineState(), machineBefore);
  });

  it("let the operator in with the keys of their user data, over a public address and through the bastion", async () => {
    const [onAws, onAzure] = await Promise.all([
      waitUntil("aws1 lets the operator in", () => logIn(aws1, "hostname; sudo -n id -u"), QUICKLY),
      waitUntil("az1 lets the operator in", () => logIn(az1, "hostname; sudo -n id -u"), QUICKLY),
    ]);
    assert.deepEqual([onAws, onAzure], ["ip-172-16-1-4\n0\n", "az1\n0\n"]);
    await Promise.all(["aws1", "az1"].map((name) => lab.vm(name).waitCloudInit()));
    for (const name of ["aws1", "az1"]) {
      await lab.vm(name).waitBooted();
      assert.doesNotMatch(await lab.vm(name).readFile("/var/log/cloud-init.log"), /Traceback|\[ERROR\]/);
      assert.equal(await lab.vm(name).exec("ls /etc/ssh/*_key"), "/etc/ssh/ssh_host_ed25519_key\n");
    }
    assert.equal(await lab.vm("aws1").exec("cloud-id"), "aws\n");
  });

  it("are closed but for what their firewall lists, to the internet, to neighbours and to whoever has a route, and shut in without a way out", async () => {
    const outsider = await lab.wanMachine("outsider");
    await lab
      .vm("aws1")
      .exec("systemd-run --quiet --unit=https /usr/sbin/sshd -D -p 6443; until ss -Hltn | grep -q :6443; do sleep 0.1; done");
    assert.equal(await connects(lab.operator, aws1.address, 22), true);
    assert.equal(await connects(lab.operator, aws1.address, 6443), false);
    assert.equal(await connects(outsider, aws1.address, 22), false);
    await outsider.runOrFail(["ip", "route", "add", "172.24.0.0/13", "via", addresses.azure]);
    await machines.setFirewall("az1", [{ protocol: "tcp", port: 22, sources: ["0.0.0.0/0"] }]);
    assert.equal(await connects(outsider, az1.address, 22), false);
    assert.equal(await connects(lab.host("bastion"), az1.address, 22), true);
    await make(awsMachine(2, { isShutIn: true }));
    await waitUntil("aws2 lets the operator in", () => logIn({ directory, name: "aws2", address: "198.18.0.101" }, "true"), QUICKLY).catch(
      () => undefined,
    );
    assert.equal(await connects(lab.vm("aws2"), "172.16.1.4", 22), false);
    await machines.setFirewall("aws1", [
      ...nodeFirewall,
      { protocol: "tcp", port: 22, sources: ["172.16.1.0/24", `${addresses.outsider}/32`] },
    ]);
    assert.equal(await connects(lab.vm("aws2"), "172.16.1.4", 22), true);
    assert.deepEqual(await Promise.all(["aws1", "aws2"].map((name) => connects(lab.vm(name), addresses.bastion, 22))), [true, false]);
    assert.equal(await connects(outsider, aws1.address, 22), true);
  });

  it("answer everyone on the VPN's port, and are seen under their own public or the cloud's address", async () => {
    const echo = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 41641))\nwhile True: s.sendto(*s.recvfrom(99))";
    await lab.vm("aws1").run(["systemd-run", "--quiet", "--unit=echo", "python3", "-c", echo]);
    const ask = `const s = require("node:dgram").createSocket("udp4"); s.on("message", () => process.exit(0));
      const t = setInterval(() => s.send("hello", 41641, "${aws1.address}"), 100); setTimeout(() => process.exit(1), 5000)`;
    const outsider = await lab.wanMachine("outsider");
    await outsider.runOrFail([process.execPath, "-e", ask]);
    const tell = `require("node:net").createServer((c) => c.end(c.remoteAddress)).listen(7777, "${addresses.outsider}", () =>
      require("node:fs").writeSync(1, "ready"))`;
    const abort = new AbortController();
    const listening = new Promise<void>((resolve) => {
      void outsider.run([process.execPath, "-e", tell], { signal: abort.signal, onOutput: () => resolve() });
    });
    await listening;
    const seen = (name: string) => lab.vm(name).run(["bash", "-c", `cat </dev/tcp/${addresses.outsider}/7777`]);
    const answers = await Promise.all([seen("aws1"), seen("az1")]);
    abort.abort();
    assert.deepEqual(
      answers.map(({ stdout }) => stdout),
      [aws1.address, addresses.azure],
    );
  });

  it("ask the metadata service of AWS with a token only, and its answers go no hop further", async () => {
    const vm = lab.vm("aws1");
    const status = (argv: string) => vm.exec(`curl -s -m 3 -o /dev/null -w '%{http_code}' ${argv}`);
    assert.equal(await status(`${METADATA}/latest/meta-data/instance-id`), "401");
    assert.equal(await status(`-X PUT ${METADATA}/latest/api/token`), "400");
    const token = await vm.exec(`curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${METADATA}/latest/api/token`);
    const get = (path: string) => vm.exec(`curl -sf -H 'X-aws-ec2-metadata-token: ${token}' ${METADATA}/latest/${path}`);
    assert.deepEqual(
      [await get("meta-data/instance-id"), await get("meta-data/public-ipv4"), await get("meta-data/placement/availability-zone")],
      ["i-0123456789abcdef1", aws1.address, "eu-central-1a"],
    );
    assert.match(await get("user-data"), /^#cloud-config/);
    await vm.exec(makePodNetwork);
    const asPod = `curl -s -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${METADATA}/latest/api/token`;
    assert.notEqual((await vm.run(["ip", "netns", "exec", "pod", "sh", "-c", asPod])).code, 0);
    assert.equal((await vm.run(["ip", "netns", "exec", "pod", "ping", "-c1", "-W2", addresses.operator])).code, 0);
  });

  it("ask the metadata service of Azure with its header only", async () => {
    const vm = lab.vm("az1");
    const url = `${METADATA}/metadata/instance`;
    const status = (argv: string) => vm.exec(`curl -s -m 3 -o /dev/null -w '%{http_code}' ${argv}`);
    assert.equal(await status(`'${url}?api-version=2021-02-01'`), "400");
    assert.equal(await status(`-H Metadata:true '${url}'`), "400");
    assert.equal(await status(`-H Metadata:true -H X-Forwarded-For:1.2.3.4 '${url}?api-version=2021-02-01'`), "400");
    const { compute } = JSON.parse(await vm.exec(`curl -sf -H Metadata:true '${url}?api-version=2021-02-01'`)) as {
      compute: { location: string; userData: string };
    };
    assert.equal(compute.location, "westeurope");
    const userData = await vm.exec(`curl -sf -H Metadata:true '${url}/compute/userData?api-version=2021-01-01&format=text' | base64 -d`);
    assert.match(userData, /^#cloud-config/);
    // No hop limit there: what keeps pods away has to be on the machine.
    await vm.exec(makePodNetwork);
    await vm.exec(`ip netns exec pod curl -sf -m 2 -H Metadata:true '${url}?api-version=2021-02-01'`);
    // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16: the same is so of Azure's host.
    for (const place of ["168.63.129.16/?comp=versions", "168.63.129.16:32526/versions"])
      assert.match(await vm.exec(`ip netns exec pod curl -sf -m 2 'http://${place}'`), /<Versions>/);
  });

  it("lose their packets in a cut and while unplugged, and are told apart in recordings", async () => {
    const reached = () => connects(lab.operator, aws1.address, 22);
    const cut = await lab.cut({ between: "aws1", and: "operator" });
    assert.deepEqual([await reached(), await connects(await lab.wanMachine("outsider"), aws1.address, 22)], [false, true]);
    await cut.heal();
    await waitUntil("aws1 is reached again", reached, QUICKLY);
    await lab.vm("aws1").unplug();
    assert.equal(await reached(), false);
    await lab.vm("aws1").plug();
    await waitUntil("aws1 is reached again", reached, QUICKLY);
    const recorder = await lab.recordArguments();
    await logIn(aws1, "/bin/true planted-on-aws");
    const programs = await recorder.stop();
    assert.ok(programs.some(({ place, argv }) => place === "aws1" && argv.at(-1) === "planted-on-aws"));
  });

  it("keep their place over a reboot, and stay off when they power themselves off", async () => {
    await lab.vm("aws1").reboot();
    assert.equal(await logIn(aws1, "cloud-init status"), "status: done\n");
    await lab.vm("aws1").run(["systemctl", "poweroff", "--no-block"]);
    await waitUntil("aws1 is off", async () => !(await machines.isOn("aws1")), QUICKLY);
    assert.deepEqual([await machines.isOn("az1"), lab.vm("aws1").isOn], [true, false]);
    assert.deepEqual([await machines.hasPoweredOff("aws1"), await machines.hasPoweredOff("az1")], [true, false]);
  });

  it("keep their disks while they are stopped, and are started under another public address", async () => {
    await lab.vm("az1").exec("echo kept >/etc/kept");
    await machines.stop("az1");
    assert.deepEqual([await machines.isOn("az1"), await connects(lab.host("bastion"), az1.address, 22)], [false, false]);
    const elsewhere = { ...lab.vm("aws1").spec, publicAddress: "198.18.0.105" };
    await Promise.all([machines.start(elsewhere), machines.start(lab.vm("az1").spec)]);
    const again = { ...aws1, address: elsewhere.publicAddress };
    const [onAws, onAzure] = await Promise.all([
      waitUntil("aws1 lets the operator in", () => logIn(again, "hostname"), QUICKLY),
      waitUntil("az1 lets the operator in", () => logIn(az1, "cat /etc/kept"), QUICKLY),
    ]);
    assert.deepEqual([onAws, onAzure], ["ip-172-16-1-4\n", "kept\n"]);
    assert.equal(await connects(lab.operator, aws1.address, 22), false);
    assert.deepEqual([await machines.hasPoweredOff("aws1"), lab.vm("aws1").spec.publicAddress], [false, again.address]);
  });

  it("leave nothing when they are destroyed, on, off or before they have booted", async () => {
    await make(awsMachine(3));
    await Promise.all(["aws1", "aws2", "aws3", "az1"].map((name) => machines.destroy(name)));
    await machines.destroy("aws1");
    assert.deepEqual(await cloudTraces(lab), untouched);
    assert.equal(await machines.isOn("az1"), false);
    assert.throws(() => lab.vm("aws1"), /no machine called aws1/);
  });
});
