import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { controlOf } from "../../../lab/console";
import type { LabHost } from "../../../lab/hosts/host";
import { diffSnapshots, takeSnapshot } from "../../../lab/hosts/snapshot";
import { inState } from "../../../lab/paths";
import type { LabContext, Scenario } from "../lab-context";
import { runPreflight } from "../preflight-run";

interface PlantedFault {
  readonly seen: RegExp;
  /** What makes it, as a shell script on the host; absent where it is made otherwise. */
  readonly make?: string;
}

const stub = (program: string, says: string) =>
  `printf '#!/bin/sh\\necho "${says}"\\n' >/usr/local/bin/${program}; chmod 755 /usr/local/bin/${program}`;
const cover = (path: string, text: string) => `f=$(mktemp -p /run); echo '${text}' >"$f"; mount --bind "$f" ${path}`;

// All at once on one host: it is told of all in one message. The order is that of the message.
const FAULTS: readonly PlantedFault[] = [
  { seen: /^- the system is fedora 40; use Debian 12 or 13, or Ubuntu/, make: cover("/etc/os-release", "ID=fedora\nVERSION_ID=40") },
  {
    seen: /^- programs of these packages are missing: procps; run: apt-get install -y procps$/,
    make: "mount --bind /dev/null /usr/bin/ps",
  },
  { seen: /^- \/dev\/net\/tun is missing; run: modprobe tun/, make: cover("/dev/net/tun", "") },
  { seen: /^- the clock is \d+ s ahead of the operator's; set it right: timedatectl/ },
  { seen: /^- \/var\/lib has \d+ MiB free, 4096 MiB are needed; make room/, make: "mount -t tmpfs -o size=64m tmpfs /var/lib" },
  {
    seen: /^- 244 MiB of memory, a k3s server needs at least 900 MiB; use a larger host$/,
    make: cover("/proc/meminfo", "MemTotal: 250000 kB"),
  },
  { seen: /^- SELinux is enforcing; set SELINUX=permissive/, make: stub("getenforce", "Enforcing") },
  {
    seen: /^- the host's own name is rack-1, which is another node's; name it: hostnamectl set-hostname rack-3/,
    make: "echo rack-1 >/proc/sys/kernel/hostname",
  },
  {
    seen: /^- a k3s that is not ours is here \(\/etc\/rancher\/k3s\); if it may go with all its data, run: rm -rf \/etc\/rancher/,
    make: "mkdir -p /etc/rancher/k3s; echo 'cluster-init: true' >/etc/rancher/k3s/config.yaml",
  },
  {
    seen: /^- a tailscale that is not ours is here \(\/usr\/local\/sbin\/tailscaled\) logged in as alice@example\.org; .*tailscale logout; .*rm -rf \/var\/lib\/tailscale$/,
  },
  {
    seen: /^- TCP port 6443 is taken by systemd-socket- \(pid \d+\); stop that program/,
    make: "systemd-run --quiet --unit=squatter systemd-socket-activate -l 6443 -l 10250 /bin/true",
  },
  { seen: /^- TCP port 10250 is taken by systemd-socket- \(pid \d+\); stop that program/ },
  {
    seen: /^- ufw is active and has no rule for tailscale0; run: ufw allow in on tailscale0; ufw allow from 10\.42/,
    make: stub("ufw", "Status: active"),
  },
  { seen: /^- firewalld is active and does not trust tailscale0; run: firewall-cmd --permanent/, make: stub("firewall-cmd", "running") },
  {
    seen: /^- iptables works on nft tables, but 1 rules stand in the legacy ones; /,
    make: "iptables-legacy -A INPUT -s 192.0.2.1 -j DROP",
  },
  {
    seen: /^- the host has a route to 10\.42\.7\.0\/24, which overlaps podCidr 10\.42\.0\.0\/16; /,
    make: "ip route add 10.42.7.0/24 via 10.10.1.1",
  },
  { seen: /^- the host has a route to 10\.43\.9\.0\/24, which overlaps serviceCidr/, make: "ip route add 10.43.9.0/24 via 10.10.1.1" },
  { seen: /^- the host has a route to 100\.100\.0\.0\/16, inside the VPN's own/, make: "ip route add 100.100.0.0/16 via 10.10.1.1" },
  { seen: /^- no https answer from https:\/\/mirror\.lab\.test\/k3s\/install\.sh \(curl: .*\); let this host reach it/ },
  { seen: /^- no https answer from https:\/\/mirror\.lab\.test\/tailscale\/ \(curl: .*\); let this host reach it/ },
];

/** Somebody's own tailscale, logged in as a person's device. */
async function loginElsewhere(context: LabContext, host: LabHost): Promise<void> {
  for (const program of ["tailscale", "tailscaled"])
    await host.copyIn(inState("bin", program), `/usr/local/${program.endsWith("d") ? "sbin" : "bin"}/${program}`, "0755");
  const { key } = await controlOf(context.lab).admin.call("createDeviceKey", { user: "alice@example.org" });
  await host.exec(
    "systemd-run --quiet --unit=tailscaled --property=Type=notify /usr/local/sbin/tailscaled --tun=userspace-networking --no-logs-no-support",
  );
  const login =
    'umask 077; f=$(mktemp); cat >"$f"; tailscale up --auth-key="file:$f" --hostname=laptop --accept-dns=false --timeout=30s; rm "$f"';
  await host.exec(login, { input: key, timeoutMs: 60_000 });
}

/** The lines of a refusal, the first of which names host and node. */
async function refusal(context: LabContext, environment: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { code, stdout, stderr } = await runPreflight(context.lab, "rack-3", environment);
  assert.equal(code, 1, stdout + stderr);
  const [first, ...faults] = stderr.trim().split("\n");
  assert.equal(first, "rack-3 (ops@198.18.0.20:2203) cannot become a node yet; nothing was changed on it:");
  return faults;
}

/** What preflight says of a host with faults, and that it changes nothing there. */
export const preflight: Scenario = {
  name: "preflight",
  define: (given) => {
    let context: LabContext;
    let host: LabHost;

    before(async () => {
      context = given();
      host = await context.lab.boot("rack-3");
    });

    it("has nothing to say of a good host", async () => {
      const { code, stdout, stderr } = await runPreflight(context.lab, "rack-3");
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { host: "ok" });
    });

    it("tells a user who must give a password to become root", async () => {
      await host.exec("sed -i s/NOPASSWD:// /etc/sudoers.d/ops");
      const [fault, ...more] = await refusal(context);
      assert.match(
        fault ?? "",
        /does not let ops become root without a password .*; give it: echo 'ops ALL=\(ALL\) NOPASSWD: ALL' >\/etc\/sudoers\.d\/ops/,
      );
      assert.deepEqual(more, []);
      await host.exec("sed -i 's/(ALL) /(ALL) NOPASSWD: /' /etc/sudoers.d/ops");
    });

    it("tells of a host that another stack has claimed", async () => {
      const marker = { version: 1, cluster: "other", stack: "somebody/prod", node: "rack-3" };
      await host.writeFile("/etc/hybrid-k3s/owner.json", `${JSON.stringify(marker, undefined, 2)}\n`);
      assert.deepEqual(await refusal(context), [
        "- /etc/hybrid-k3s/owner.json: the host belongs to cluster other of stack somebody/prod; remove it there first (pulumi up without it, or pulumi destroy)",
      ]);
      await host.exec("rm -r /etc/hybrid-k3s");
    });

    it("tells all faults of a host in one message, and changes nothing", async () => {
      for (const { make } of FAULTS) if (make !== undefined) await host.exec(make);
      await loginElsewhere(context, host);
      const earlier = await takeSnapshot(host);
      const cut = await context.lab.cut({ between: "rack-3", and: "mirror" });
      const anHourAgo = String(Math.floor(Date.now() / 1000) - 3600);
      const faults = await refusal(context, { NOW_EPOCH: anHourAgo, OTHER_NODE_NAMES: "rack-1\nrack-2" });
      await cut.heal();

      for (const [i, { seen }] of FAULTS.entries()) assert.match(faults[i] ?? "", seen);
      assert.equal(faults.length, FAULTS.length, faults.join("\n"));
      assert.deepEqual(diffSnapshots(earlier, await takeSnapshot(host)), []);
    });

    after(async () => {
      await context.lab.reinstall("rack-3");
      await host.powerOff();
      const { admin } = controlOf(context.lab);
      const { devices } = await admin.call("listDevices");
      for (const { id } of devices.filter(({ hostname }) => hostname === "laptop")) await admin.call("deleteDevice", { id });
    });
  },
};
