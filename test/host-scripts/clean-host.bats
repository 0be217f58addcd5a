# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

setup() {
  make_host
  join
}

# The host as join-tailnet leaves it, by that very script's libraries, with what k3s and tailscale bring later.
join() {
  mkdir -p "$HOST/var-lib/kubelet" "$HOST/etc/kept"
  clean=$(files)
  touch "$FAKE/before"
  on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" dash -c '
    for part in lib lib-marker lib-host-additions; do . "$1/$part.sh"; done
    { printf "packages %s\n" ipset libipset13; absent_paths; our_units; printf "%s\n" "sysctls net.ipv4.ip_forward=0" "mounts /var/lib/kubelet"; } | add_to_marker' - "$SCRIPTS"
  mkdir -p "$HOST"/{var-lib/tailscale,var-lib/rancher/k3s/agent,var-lib/kubelet/pods,etc/rancher/k3s,usr-local/lib/hybrid-k3s,etc/systemd/system/k3s.service.d}
  for unit in k3s tailscaled hybrid-k3s-heartbeat hybrid-k3s-guard hybrid-k3s-route; do touch "$HOST/etc/systemd/system/$unit.service" "$FAKE/units/$unit.service.active" "$FAKE/units/$unit.service.enabled"; done
  for unit in timer service; do touch "$HOST/etc/systemd/system/hybrid-k3s-copy.$unit" "$FAKE/units/hybrid-k3s-copy.$unit.active"; done
  mkdir -p "$HOST/etc/systemd/system/timers.target.wants" "$HOST/var-lib/rancher/k3s/sqlite-backups"
  touch "$HOST/var-lib/rancher/k3s/sqlite-backups/first-rack-1-1790000000" "$FAKE/units/hybrid-k3s-copy.timer.enabled"
  touch "$HOST/var-lib/tailscale/tailscaled.state" "$HOST/usr-local/bin/tailscale" "$HOST/usr-local/sbin/tailscaled" "$HOST/etc/sysctl.d/90-hybrid-k3s.conf" "$HOST/var-lib/kubelet/pods/x"
  printf '#!/bin/sh\necho k3s-uninstall >>"$CALLS"\nrm -f /etc/systemd/system/k3s.service "$FAKE/units/k3s".* "$0"\n' >"$HOST/usr-local/bin/k3s-uninstall.sh"
  chmod +x "$HOST/usr-local/bin/k3s-uninstall.sh"
  mkdir -p "$HOST/run/hybrid-k3s/rack-1" "$FAKE/tailscale"
  touch "$HOST/run/hybrid-k3s/rack-1/auth-key"
}

cut_off_restore() { mkdir "$HOST/run/hybrid-k3s/restore" && touch "$HOST/run/hybrid-k3s/restore/tokens" "$HOST/run/hybrid-k3s/no-snapshot"; }

files() { (cd "$HOST" && find . -path ./run -prune -o -printf "%y %m %p\n" | sort); }

@test "a host is left as it was before it joined" {
  cut_off_restore
  run_script clean-host
  assert_success
  [ ! -e "$HOST/run/hybrid-k3s" ]
  [ "$(files)" = "$clean" ]
  [ -z "$(ls "$FAKE/units")" ]
  [ "$(calls '^(k3s-uninstall|tailscale logout|systemctl.*disable)' | head -3 | cut -d' ' -f1,2 | paste -sd, -)" = "k3s-uninstall,tailscale logout,systemctl -q" ]
}

@test "a second run finds no marker and touches nothing" {
  run_script clean-host
  assert_success
  forget_calls
  before=$(host_state)
  run_script clean-host
  assert_success
  assert_stderr 'so nothing on this host is ours; left as it is'
  [ "$(host_state)" = "$before" ]
  [ ! -s "$CALLS" ]
}

@test "another stack's host is left alone, save the secrets on their way to this node" {
  claim_host edge acme/prod
  run_script clean-host
  assert_success
  assert_stderr 'names node rack-1 of cluster edge, stack acme/prod; left as it is'
  [ -e "$HOST/var-lib/tailscale/tailscaled.state" ]
  [ ! -e "$HOST/run/hybrid-k3s" ]
  [ ! -s "$CALLS" ]
}

@test "another node's host is left alone" {
  NODE_NAME=rack-2 run_script clean-host
  assert_success
  assert_stderr 'names node rack-1'
  [ -e "$HOST/run/hybrid-k3s/rack-1/auth-key" ]
}

@test "the kernel's settings go back to what they were" {
  export BEFORE='echo 1 >/proc/sys/net/ipv4/ip_forward' AFTER='cat /proc/sys/net/ipv4/ip_forward'
  run_script clean-host
  [ "${lines[-1]}" = 0 ]
}

@test "only the rules and chains of tailscale and k3s are taken out, in one transaction a table" {
  program iptables-nft-save <<'SAVE'
cat <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:ts-forward - [0:0]
-A FORWARD -m comment --comment "kube-router netpol - X" -j KUBE-ROUTER-FORWARD
-A FORWARD -j ts-forward
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FORWARD -j DOCKER
-A KUBE-ROUTER-FORWARD -j RETURN
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
COMMIT
RULES
SAVE
  program iptables-nft-restore <<'RESTORE'
cat >"$FAKE/restored"
RESTORE
  run_script clean-host
  assert_success
  [ "$(cat "$FAKE/restored")" = '*filter
-D FORWARD -m comment --comment "kube-router netpol - X" -j KUBE-ROUTER-FORWARD
-D FORWARD -j ts-forward
-D FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-F KUBE-ROUTER-FORWARD
-F ts-forward
-X KUBE-ROUTER-FORWARD
-X ts-forward
COMMIT' ]
}

program() {
  { echo '#!/bin/sh' && cat; } >"$FAKE/bin/$1"
  chmod +x "$FAKE/bin/$1"
}

@test "only the packages that joining installed are purged, those still there" {
  program dpkg-query <<'QUERY'
[ "$4" != libipset13 ] || exit 1
echo "$4"
QUERY
  run_script clean-host
  assert_success
  [ "$(calls '^dpkg --purge')" = "dpkg --purge ipset" ]
}

@test "systemd reads its units again where files have gone, not once for each unit" {
  run_script clean-host
  assert_success
  calls '^systemctl.* disable --now' | grep -q tailscaled.service
  [ "$(calls '^systemctl.* disable --now' | grep -vc -e ' --no-reload ')" -eq 0 ]
  [ "$(calls '^systemctl daemon-reload' | wc -l)" -eq 2 ]
}

@test "a unit that does not stop keeps the marker, so that the run can be repeated" {
  program systemctl <<'SYSTEMCTL'
case $* in *"disable --now tailscaled.service") exit 1 ;; esac
exec "$STUBS/systemctl" "$@"
SYSTEMCTL
  run_script clean-host
  assert_failure
  assert_stderr '- tailscaled.service does not stop'
  [ -e "$HOST/etc/hybrid-k3s/owner.json" ]
  rm "$FAKE/bin/systemctl"
  run_script clean-host
  assert_success
  [ ! -e "$HOST/etc/hybrid-k3s" ]
}

@test "a logout that fails does not hold up the rest" {
  program tailscale <<'TAILSCALE'
exit 1
TAILSCALE
  run_script clean-host
  assert_success
  assert_stderr 'could not log out'
  [ ! -e "$HOST/var-lib/tailscale" ]
}

@test "a volume that is still mounted is unmounted before its folder goes, never emptied" {
  mkdir -p "$FAKE/volume" "$HOST/var-lib/kubelet/pods/p/volume"
  touch "$FAKE/volume/data"
  BEFORE='mount --bind "$FAKE/volume" /var/lib/kubelet/pods/p/volume' run_script clean-host
  assert_success
  [ -e "$FAKE/volume/data" ]
  [ ! -e "$HOST/var-lib/kubelet/pods" ]
}

@test "the groups of pods go, others stay" {
  BEFORE='mkdir -p /sys/fs/cgroup/memory/kubepods/burstable/pod1 /sys/fs/cgroup/kubepods.slice/x.scope /sys/fs/cgroup/memory/other' \
    AFTER='find /sys/fs/cgroup -mindepth 1 >"$FAKE/groups"' run_script clean-host
  assert_success
  [ "$(sort "$FAKE/groups" | paste -sd ' ' -)" = "/sys/fs/cgroup/memory /sys/fs/cgroup/memory/other" ]
}

@test "what an uninstaller leaves that was cut off goes all the same" {
  printf '#!/bin/sh\nexit 1\n' >"$HOST/usr-local/bin/k3s-uninstall.sh"
  for file in etc/systemd/system/k3s.service.env usr-local/bin/k3s-killall.sh; do touch "$HOST/$file"; done
  run_script clean-host
  assert_success
  assert_stderr 'k3s-uninstall.sh ended with an error'
  [ "$(files)" = "$clean" ]
}

@test "an uninstaller and a unit that an older marker does not list keep the marker" {
  printf '#!/bin/sh\nexit 1\n' >"$HOST/usr-local/bin/k3s-uninstall.sh"
  sed -i '/k3s-uninstall.sh/d; /system\/k3s.service"/d' "$HOST/etc/hybrid-k3s/owner.json"
  run_script clean-host
  assert_failure
  assert_stderr '- /etc/systemd/system/k3s.service is still there, k3s is not uninstalled; run on the host: sh -x /usr/local/bin/k3s-uninstall.sh'
  assert_stderr '- /usr/local/bin/k3s-uninstall.sh is still there'
  [ -e "$HOST/etc/hybrid-k3s/owner.json" ]
}
