import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { diffSnapshots, takeSnapshot } from "../../lab/hosts/snapshot";
import type { Lab } from "../../lab/lab";
import { inState } from "../../lab/paths";
import { silentProgress } from "../../lab/progress";
import { waitUntil } from "../../lab/hosts/wait-until";
import { startLab } from "../../lab/start-lab";
import { labTraces, machineState } from "./helpers/lab-traces";

describe("the lab's hosts and networks", () => {
  let lab: Lab;
  const machineBefore = machineState();

  before(async () => {
    lab = await startLab({ progress: silentProgress, control: false });
  });
  after(async () => {
    await lab.down();
    assert.deepEqual(labTraces(), []);
    assert.equal(machineState(), machineBefore);
  });

  it("are reached by the operator through a forwarded port, as root without sudo, and through the bastion", async () => {
    assert.equal(await lab.operator.ssh("rack-1", ["hostname; sudo -n id -u"]), "rack-1\n0\n");
    assert.equal(await lab.operator.ssh("rack-2", ["hostname; id -u; command -v sudo || true"]), "rack-2\n0\n");
    assert.equal(await lab.operator.ssh("kiosk-1", ["hostname; sudo -n id -u"]), "kiosk-1\n0\n");
  });

  it("show in /sys the network interfaces that they have, as a machine does", async () => {
    const host = lab.host("rack-1");
    await host.exec("ip link add shown type bridge");
    const links = await host.exec("ip -o link show | sed -E 's/^[0-9]+: ([^:@]+).*/\\1/' | LC_ALL=C sort");
    assert.match(links, /^shown$/m);
    assert.equal(await lab.operator.ssh("rack-1", ["ls /sys/class/net | LC_ALL=C sort"]), links);
    await host.exec("ip link delete shown");
  });

  it("are not reached from the lab's internet otherwise, nor from site to site", async () => {
    const connect = "exec 3<>/dev/tcp/$0/$1";
    const reach = async (place: string, port: number) =>
      (await lab.operator.run(["timeout", "2", "bash", "-c", connect, place, String(port)])).code;
    assert.equal(await reach("198.18.0.20", 2201), 0);
    assert.notEqual(await reach("10.10.1.11", 22), 0);
    assert.notEqual(await reach("10.10.2.11", 22), 0);
    assert.notEqual(await reach("198.18.0.30", 22), 0);
    assert.notEqual((await lab.host("kiosk-1").run(["ping", "-c1", "-W1", "10.10.1.11"])).code, 0);
    assert.equal((await lab.host("kiosk-1").run(["ping", "-c1", "-W2", "198.18.0.20"])).code, 0);
  });

  it("keep files and names over a reboot and a pulled plug, and lose what was only in memory", async () => {
    const host = lab.host("kiosk-1");
    await host.writeFile("/etc/kept", "kept\n");
    await host.exec("ip route add unreachable 10.42.0.0/16; iptables -A INPUT -j ACCEPT; sync");
    const boots = async () => Number(await host.exec("journalctl --list-boots --quiet | wc -l"));
    const before = await boots();
    await host.reboot();
    assert.equal(await host.readFile("/etc/kept"), "kept\n");
    assert.doesNotMatch(await host.exec("ip route; iptables-save"), /unreachable|ACCEPT$/m);
    await host.powerOff();
    assert.equal(host.isOn, false);
    await lab.boot("kiosk-1");
    assert.equal(await host.readFile("/etc/kept"), "kept\n");
    assert.equal(await boots(), before + 2);
  });

  it("come back empty and under other keys when they are re-installed", async () => {
    const host = lab.host("rack-2");
    const key = host.hostKey;
    await host.writeFile("/etc/lost", "");
    await host.writeFile("/var/lib/lost", "");
    await lab.reinstall("rack-2");
    assert.equal(await host.exec("ls /etc/lost /var/lib/lost 2>/dev/null || true"), "");
    assert.notEqual(host.hostKey, key);
  });

  it("look the same twice, and show everything that a program may leave", async () => {
    const host = lab.host("rack-1");
    const before = await takeSnapshot(host);
    assert.deepEqual(diffSnapshots(before, await takeSnapshot(host)), []);
    await host.exec(
      `
      echo x >/etc/left; mkdir -p /opt/left /usr/local/bin; chmod 700 /etc/hosts; ln -s x /usr/local/bin/left
      printf '[Service]\\nExecStart=/bin/sleep 1000\\n' >/etc/systemd/system/left.service; systemctl start left
      ip rule add from 192.0.2.1 lookup 52; ip route add unreachable 10.42.0.0/16; ip link add left type bridge
      iptables -t mangle -A FORWARD -j ACCEPT; ipset create left hash:ip; nft add table ip left
      sysctl -qw net.ipv4.conf.all.rp_filter=1; mount -t tmpfs tmpfs /opt/left
      systemd-run --quiet --unit=left-listener /usr/sbin/sshd -D -p 6443
      until ss -Hltn | grep -q :6443; do sleep 0.1; done`,
      { timeoutMs: 20_000 },
    );
    const seen = diffSnapshots(before, await takeSnapshot(host)).join("\n");
    for (const fact of [
      "+ file\t/etc/left 644 root:root ",
      "+ file\t/opt/left/ ",
      "+ file\t/etc/hosts 700 ",
      "+ file\t/usr/local/bin/left l x",
      "+ unit\tfile left.service static",
      "+ unit\tstate left.service loaded active running",
      "+ process\tsleep",
      "+ route\t32765:\tfrom 192.0.2.1 lookup 52",
      "+ route\tunreachable 10.42.0.0/16",
      "+ link\tleft: ",
      "+ firewall\tiptables-nft *mangle -A FORWARD -j ACCEPT",
      "+ firewall\tipset create left hash:ip",
      "+ nft\tip left",
      "+ setting\tnet.ipv4.conf.all.rp_filter = 1",
      "+ mount\t/opt/left tmpfs",
      "+ socket\ttcp 0.0.0.0:6443",
    ])
      assert.ok(seen.includes(fact), `${fact} is not in:\n${seen}`);
    await lab.reinstall("rack-1");
  });

  it("lose the packets of a cut, and only those, until it is healed", async () => {
    const pings = async (address: string) => (await lab.host("rack-1").run(["ping", "-c1", "-W1", address])).code === 0;
    // The neighbour that did not answer for a while is asked for again first, which may take longer than one ping.
    const answers = (address: string) => waitUntil(`${address} answers rack-1`, () => pings(address), { timeoutMs: 10_000 });
    const cut = await lab.cut({ between: "rack-1", and: "control" });
    assert.deepEqual([await pings("198.18.0.10"), await pings("198.18.0.11")], [false, true]);
    await cut.heal();
    await answers("198.18.0.10");
    const everything = await lab.cut({ between: "rack-1", protocol: "icmp" });
    assert.deepEqual([await pings("198.18.0.11"), await lab.operator.ssh("rack-1", ["echo in"])], [false, "in\n"]);
    await everything.heal();
    await lab.host("rack-1").unplug();
    assert.equal(await pings("198.18.0.10"), false);
    await lab.host("rack-1").plug();
    await answers("198.18.0.10");
  });

  it("record the arguments of every program, however short it runs, and count logins on both ends", async () => {
    const recorder = await lab.recordArguments();
    const connections = await lab.operator.countSshConnections();
    const since = Date.now();
    await lab.operator.ssh("rack-1", ["sudo true planted-on-rack"]);
    await lab.operator.ssh("kiosk-1", ["true; /bin/true planted-on-kiosk"]);
    await lab.operator.run(["true", "planted-at-operator"]);
    const programs = await recorder.stop();
    const placesOf = (word: string) => programs.filter(({ argv }) => argv.at(-1) === word).map(({ place }) => place);
    assert.ok(placesOf("planted-on-rack").includes("rack-1"));
    assert.ok(placesOf("planted-on-kiosk").includes("kiosk-1"));
    assert.ok(placesOf("planted-at-operator").includes("elsewhere"));
    // The second one goes to the bastion first; the login behind it is the bastion's connection.
    assert.equal(await connections(), 2);
    const logins = await Promise.all(
      (["rack-1", "bastion", "kiosk-1", "rack-2"] as const).map((name) => lab.host(name).sshSessions(since)),
    );
    assert.deepEqual(logins, [1, 1, 1, 0]);
  });

  it("are joined by machines off the tailnet when a test asks for one", async () => {
    const outsider = await lab.wanMachine("outsider");
    assert.equal(await outsider.runOrFail([inState("bin", "ssh"), "rack-1", "echo from outside"]), "from outside\n");
  });
});
