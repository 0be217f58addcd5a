# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

setup() {
  make_host
  NOW_EPOCH=$(date +%s)
  export K3S_PORTS='6443
10250' ROLE=server NOW_EPOCH OTHER_NODE_NAMES='rack-2
kiosk-1' CHECK_URLS='https://control.test/key
https://mirror.test/'
  echo ok | serve https://control.test/key
  echo ok | serve https://mirror.test/
  printf 'default via 10.10.1.1 dev eth0\n10.10.1.0/24 dev eth0 proto kernel scope link\n' >"$FAKE/ip-4-route-show-table-main"
}

# says NAME <script: a program of the host that answers so.
says() {
  { echo '#!/bin/sh' && cat; } >"$FAKE/bin/$1"
  chmod +x "$FAKE/bin/$1"
}

# The run fails with exactly these faults, one a line; BATS keeps the last lines' order.
assert_faults() {
  assert_failure
  [ "$stderr" = "$1" ] || { echo "said: $stderr" && return 1; }
}

@test "a fit host is passed without a word and without a change" {
  before=$(host_state)
  run_script preflight-host
  assert_success
  [ -z "$output$stderr" ]
  [ "$(host_state)" = "$before" ]
}

@test "all faults come at once" {
  printf 'ID=fedora\nVERSION_ID=41\n' >"$HOST/etc/os-release"
  NOW_EPOCH=$((NOW_EPOCH - 7200))
  echo 'MemTotal: 400000 kB' >"$FAKE/meminfo"
  export FAKE_HOSTNAME=kiosk-1
  run_script preflight-host
  assert_failure
  [ "$(wc -l <<<"$stderr")" -eq 4 ]
  assert_stderr '- the system is fedora 41; use Debian 12 or 13, or Ubuntu 22.04 or 24.04'
  assert_stderr "s ahead of the operator's; set it right: timedatectl set-ntp true"
  assert_stderr '- 390 MiB of memory, a k3s server needs at least 900 MiB; use a larger host'
  assert_stderr "- the host's own name is kiosk-1, which is another node's; name it: hostnamectl set-hostname rack-1"
}

@test "systemd must run" {
  rmdir "$HOST/run/systemd/system"
  run_script preflight-host
  assert_faults '- systemd does not run here; use a host that boots with systemd'
}

@test "an architecture that nothing is built for is refused" {
  echo 'case $1 in -m) echo riscv64 ;; *) echo rack-1 ;; esac' | says uname
  run_script preflight-host
  assert_faults '- the architecture is riscv64; use amd64 (x86_64) or arm64 (aarch64)'
}

@test "a user who is not root is told so" {
  echo 'case $1 in -un) echo ops ;; *) echo 1000 ;; esac' | says id
  run_script preflight-host
  assert_faults '- runs as ops, not as root; log in as root or as a user who may sudo without a password'
}

@test "TUN must be there" {
  touch "$FAKE/no-tun"
  run_script preflight-host
  assert_failure
  assert_stderr '- /dev/net/tun is missing; run: modprobe tun'
}

@test "too little room on the disk is told in figures" {
  printf 'echo "Filesystem 1024-blocks Used Available Capacity Mounted"\necho "/dev/x 9 8 1048576 99%% /"\n' | says df
  run_script preflight-host
  assert_faults '- /var/lib has 1024 MiB free, 4096 MiB are needed; make room or give it a larger disk: du -xh -d1 /var/lib'
}

@test "an agent needs less memory than a server" {
  echo 'MemTotal: 600000 kB' >"$FAKE/meminfo"
  ROLE=agent run_script preflight-host
  assert_success
}

@test "enforcing SELinux is refused" {
  echo 'echo Enforcing' | says getenforce
  run_script preflight-host
  assert_faults '- SELinux is enforcing; set SELINUX=permissive in /etc/selinux/config and run: setenforce 0'
}

@test "taken ports are told with their program, those alone that this k3s needs" {
  printf '%s\n' 'LISTEN 0 511 0.0.0.0:6443 0.0.0.0:* users:(("nginx",pid=77,fd=6))' 'LISTEN 0 511 [::]:10250 [::]:* users:(("kubelet",pid=78,fd=6))' \
    'LISTEN 0 511 127.0.0.1:16443 0.0.0.0:*' >"$FAKE/listeners"
  echo 'cat "$FAKE/listeners"' | says ss
  run_script preflight-host
  assert_faults '- TCP port 6443 is taken by nginx (pid 77); stop that program; k3s needs the port
- TCP port 10250 is taken by kubelet (pid 78); stop that program; k3s needs the port'
  K3S_PORTS=10250 run_script preflight-host
  assert_faults '- TCP port 10250 is taken by kubelet (pid 78); stop that program; k3s needs the port'
}

@test "addresses that do not answer are named with the cause" {
  export CHECK_URLS='https://control.test/key
https://away.test/x'
  run_script preflight-host
  assert_faults '- no https answer from https://away.test/x (curl: (7) Failed to connect: network refused); let this host reach it: routes, firewall, proxy'
}

@test "a control server that only a proxy leads to is a fault until tailscaled is told of that proxy" {
  export CHECK_URLS='https://control.test/key?v=106' https_proxy=http://proxy.test:3128
  echo ok | serve "$CHECK_URLS"
  run_script preflight-host
  assert_success
  : >"$FAKE/proxy"
  run_script preflight-host
  assert_faults '- no https answer from https://control.test/key?v=106 (curl: (28) Connection timed out); only a proxy that tailscaled is not told of leads there: put Environment=HTTPS_PROXY=http://PROXY:PORT below [Service] in /etc/systemd/system/tailscaled.service.d/proxy.conf'
  mkdir -p "$HOST/etc/systemd/system/tailscaled.service.d"
  printf '[Service]\nEnvironment=HTTPS_PROXY=http://proxy.test:3128\n' >"$HOST/etc/systemd/system/tailscaled.service.d/proxy.conf"
  run_script preflight-host
  assert_success
}

@test "a certificate that is not trusted points at the authority" {
  printf 'echo "curl: (60) SSL certificate problem: unable to get local issuer certificate" >&2\nexit 60\n' | says curl
  CHECK_URLS=https://mirror.test/ run_script preflight-host
  assert_failure
  assert_stderr 'its certificate is not trusted: give the authority as caFile'
}

@test "the mirror's authority is trusted besides the host's own" {
  CA_PEM=site-authority run_script preflight-host
  assert_success
  assert_call '^curl .*--cacert .* https://mirror.test/$'
}

@test "an active ufw without our rules is refused with them" {
  echo 'echo "Status: active"; cat "$FAKE/ufw-rules" 2>/dev/null' | says ufw
  run_script preflight-host
  assert_faults '- ufw is active and has no rule for tailscale0; run: ufw allow in on tailscale0; ufw allow from 10.42.0.0/16; ufw allow from 10.43.0.0/16; ufw route allow from 10.42.0.0/16; ufw route allow to 10.42.0.0/16'
  printf '%s\n' 'Anywhere on tailscale0 ALLOW Anywhere' 'Anywhere ALLOW 10.42.0.0/16' 'Anywhere ALLOW 10.43.0.0/16' >"$FAKE/ufw-rules"
  run_script preflight-host
  assert_success
}

@test "an active firewalld that does not trust the VPN is refused with the rules" {
  echo 'case $1 in --state) echo running ;; *) echo "trusted" ;; esac' | says firewall-cmd
  run_script preflight-host
  assert_failure
  assert_stderr '- firewalld is active and does not trust tailscale0; run: firewall-cmd --permanent --zone=trusted --add-interface=tailscale0'
}

@test "rules in both kinds of iptables tables are refused" {
  echo 'echo "iptables v1.8.9 (nf_tables)"' | says iptables
  printf 'echo "*filter"\necho "-A FORWARD -j DOCKER-USER"\necho "-A INPUT -j ACCEPT"\n' | says iptables-legacy-save
  run_script preflight-host
  assert_failure
  assert_stderr '- iptables works on nft tables, but 2 rules stand in the legacy ones;'
}

@test "routes that overlap the cluster's networks or the VPN's are named" {
  printf '%s\n' 'default via 10.0.0.1 dev eth0' '0.0.0.0/1 dev tun0' '10.32.0.0/11 via 10.0.0.2 dev eth1' 'blackhole 10.43.7.0/24' '100.100.0.0/16 dev eth2' \
    '10.44.0.0/16 dev eth3' '10.42.0.0/24 dev cni0 proto kernel' 'unreachable 10.42.0.0/16 metric 4000' >"$FAKE/ip-4-route-show-table-main"
  run_script preflight-host
  assert_faults "- the host has a route to 10.32.0.0/11, which overlaps podCidr 10.42.0.0/16; choose another cluster.podCidr, or take the route away
- the host has a route to 10.32.0.0/11, which overlaps serviceCidr 10.43.0.0/16; choose another cluster.serviceCidr, or take the route away
- the host has a route to 10.43.7.0/24, which overlaps serviceCidr 10.43.0.0/16; choose another cluster.serviceCidr, or take the route away
- the host has a route to 100.100.0.0/16, inside the VPN's own 100.64.0.0/10; give that network other addresses; tailscale drops traffic from it"
}

@test "a foreign k3s is refused with the commands that remove it" {
  for program in k3s k3s-agent-uninstall.sh; do printf '#!/bin/sh\n' >"$HOST/usr-local/bin/$program" && chmod +x "$HOST/usr-local/bin/$program"; done
  run_script preflight-host
  assert_faults '- a k3s that is not ours is here (/usr/local/bin/k3s); if it may go with all its data, run: /usr/local/bin/k3s-agent-uninstall.sh; rm -rf /etc/rancher /var/lib/rancher'
}

@test "a foreign tailnet login is refused with the commands that remove it" {
  mkdir -p "$HOST/var-lib/tailscale" "$FAKE/tailscale"
  touch "$HOST/var-lib/tailscale/tailscaled.state"
  run_script preflight-host
  assert_failure
  assert_stderr '- a tailscale that is not ours is here (/var/lib/tailscale)'
  assert_stderr 'tailscale logout; systemctl disable --now tailscaled'
}

@test "a host that carries our own marker is accepted with our k3s, tailscale and ports" {
  claim_host
  mkdir -p "$HOST/var-lib/rancher/k3s" "$HOST/var-lib/tailscale"
  touch "$HOST/usr-local/bin/k3s" "$HOST/var-lib/tailscale/tailscaled.state"
  echo 'echo "LISTEN 0 511 *:6443 *:*"' | says ss
  run_script preflight-host
  assert_success
}

@test "under another host key the host must carry this node's marker, and nothing else of it is judged as a stranger's" {
  export EXPECT_OURS=yes
  mkdir -p "$HOST/var-lib/rancher/k3s"
  touch "$HOST/usr-local/bin/k3s"
  run_script preflight-host
  assert_faults "- the host that answers under the new host key is not the one that joined: it has no /etc/hybrid-k3s/owner.json of rack-1; \
if it was made again, raise this host's \`generation\` in the config along with the key; if not, another machine answers in its place: take the old hostKey back"
  claim_host edge hybrid-k3s/dev rack-9
  run_script preflight-host
  assert_faults "- the host is still node rack-9 of this cluster; take rack-9 out of the config and run pulumi up first, or give the host that name again"
  claim_host
  run_script preflight-host
  assert_success
  assert_output claimed
}

@test "another cluster's marker is refused, and another node's" {
  claim_host other acme/prod
  run_script preflight-host
  assert_faults '- /etc/hybrid-k3s/owner.json: the host belongs to cluster other of stack acme/prod; remove it there first (pulumi up without it, or pulumi destroy)'
  claim_host edge hybrid-k3s/dev rack-9
  run_script preflight-host
  assert_failure
  assert_stderr '- the host is still node rack-9 of this cluster;'
}

@test "programs that a small installation lacks are named with the packages" {
  rm "$FAKE/bin/update-ca-certificates"
  run_script preflight-host
  assert_faults '- programs of these packages are missing: ca-certificates; run: apt-get install -y ca-certificates'
}

@test "a host without an IPv4 default route is refused with the command" {
  echo '10.10.1.0/24 dev eth0 proto kernel scope link' >"$FAKE/ip-4-route-show-table-main"
  run_script preflight-host
  assert_faults '- the host has no IPv4 default route; add one, a dummy will do: ip route add default via ADDRESS dev DEVICE metric 9999'
}

@test "control groups that are switched off are named, in both kinds of hierarchy" {
  printf '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t2\t1\ncpuset\t1\t2\t1\nmemory\t0\t2\t0\npids\t1\t2\t1\n' >"$FAKE/cgroups"
  BEFORE='mount --bind "$FAKE/cgroups" /proc/cgroups' run_script preflight-host
  assert_failure
  assert_stderr '- the kernel has these control groups switched off: memory; add cgroup_enable=memory cgroup_memory=1'
  BEFORE='echo cpu io memory pids >/sys/fs/cgroup/cgroup.controllers' run_script preflight-host
  assert_stderr '- the kernel has these control groups switched off: cpuset;'
  BEFORE='echo cpuset cpu io memory hugetlb pids >/sys/fs/cgroup/cgroup.controllers' run_script preflight-host
  assert_success
}

@test "a container without /dev/kmsg is told" {
  BEFORE='mkdir -p "$FAKE/dev/net" && cp -a /dev/null /dev/urandom "$FAKE/dev/" && cp -a /dev/net/tun "$FAKE/dev/net/" && mount --bind "$FAKE/dev" /dev' run_script preflight-host
  assert_faults '- /dev/kmsg is missing, which kubelet reads; where this host is a container, let its own host pass the device in'
}

@test "kernel settings are looked at where kubelet would refuse them, and only there" {
  echo 0 >"$FAKE/setting"
  export BEFORE='mount --bind "$FAKE/setting" /proc/sys/kernel/keys/root_maxkeys'
  run_script preflight-host
  assert_success
  KERNEL_DEFAULTS=true run_script preflight-host
  assert_failure
  assert_stderr "- protect-kernel-defaults is set, and kubelet's kernel settings are not: "
  assert_stderr 'kernel.keys.root_maxkeys=1000000'
  assert_stderr '; run: sysctl -w '
}
