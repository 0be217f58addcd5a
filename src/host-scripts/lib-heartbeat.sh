# shellcheck shell=sh
# What makes k3s go on at once after each of its starts. Part of install-k3s.sh. Needs NODE_NAME and UNIT. Nothing is started here.
HEARTBEAT=hybrid-k3s-heartbeat.service

# In a drop-in of its own: no part of what k3s starts from, so that it comes to a host that stands without a restart of k3s.
write_heartbeat() {
  write_heartbeat_program
  write_file "/etc/systemd/system/$HEARTBEAT" 0644 <<UNIT
[Unit]
Description=Repeats kubelet's report at once after a start of k3s, which enforces no network policy before

[Service]
Type=exec
ExecStart=/usr/local/lib/hybrid-k3s/send-heartbeat.sh $UNIT $NODE_NAME
RuntimeMaxSec=1d
NoNewPrivileges=yes
CapabilityBoundingSet=
UNIT
  write_file "/etc/systemd/system/$UNIT.d/hybrid-k3s-heartbeat.conf" 0644 <<UNIT
[Service]
ExecStartPre=-systemctl restart --no-block $HEARTBEAT
UNIT
}

# A k3s that is left running was started without it, or by another text of it.
start_new_heartbeat() {
  case "${CHANGED_FILES:-}" in
    *heartbeat*) timeout 30 systemctl restart --no-block "$HEARTBEAT" || say "$HEARTBEAT does not start; network policies may hold minutes later" ;;
  esac
}

# k3s sets kubelet's nodeStatusReportFrequency to 5 minutes, and kubelet spreads that by half of it.
write_heartbeat_program() {
  write_file /usr/local/lib/hybrid-k3s/send-heartbeat.sh 0755 <<'PROGRAM'
#!/bin/sh
# Usage: send-heartbeat.sh UNIT NODE
# From 1.34 on k3s starts its network policy controller, and calls an agent ready, only when the Node's Ready condition was reported after
# it came that far (k3s: pkg/agent/netpol/netpol.go). kubelet repeats what has not changed after 2.5 to 7.5 minutes.
# This repeats it at once, with kubelet's own certificate, where kubelet itself has reported the Node Ready since k3s started;
# again each second until k3s has gone on. It says nothing that kubelet has not said, and ends with k3s.
export LC_ALL=C PATH="$PATH:/usr/local/bin"
unit=$1 node=$2 files=/var/lib/rancher/k3s/agent

seconds_up() { read -r up _ </proc/uptime && echo "${up%%.*}"; }

# In words and in UTC, which date reads back: --timestamp=unix came with systemd 251, and Ubuntu 22.04 has 249.
read_unit() {
  while IFS='=' read -r name value; do
    case $name in
      ActiveState) state=$value ;;
      SubState) phase=$value ;;
      InvocationID) run=$value ;;
      ExecMainStartTimestamp) started=$value ;;
      ExecMainStartTimestampMonotonic) started_up=$((value / 1000000)) ;;
    esac
  done <<PROPERTIES
$(TZ=UTC systemctl show -p ActiveState,SubState,InvocationID,ExecMainStartTimestamp,ExecMainStartTimestampMonotonic "$unit")
PROPERTIES
}

# is_set KEY: to true in k3s's settings. Those that somebody put beside ours count too; the last one wins.
is_set() { sed -nE "s/^[\"']?$1[\"']? *: *[\"']?(true|false)[\"']?.*/\\1/p" /etc/rancher/k3s/config.yaml /etc/rancher/k3s/config.yaml.d/*.y*ml 2>/dev/null | tail -n 1 | grep -qx true; }

# An agent's unit is active when its controller has started; a server's before that. k3s does not say that it was told to start none.
has_gone_on() {
  [ "$state" = active ] || return 1
  [ "$unit" != k3s.service ] || is_set disable-network-policy || is_set disable-agent || journalctl -q -o cat "_SYSTEMD_INVOCATION_ID=$run" |
    grep -q -e 'Starting network policy controller version' -e 'Skipping network policy controller start'
}

ask_api() {
  server=$(sed -n 's/^ *server: *//p' "$files/kubelet.kubeconfig" 2>/dev/null)
  [ -n "$server" ] || return 1
  path=$1
  shift
  curl -sf --max-time 5 --cacert "$files/server-ca.crt" --cert "$files/client-kubelet.crt" --key "$files/client-kubelet.key" "$@" "$server$path"
}

# Seconds that the clock was set back since k3s started, as it is where time is first asked for after the boot. k3s goes on comparing with the
# clock that it started by.
read_set_back() {
  set_back=$(($(date -d "$started" +%s) + $(seconds_up) - started_up - $(date +%s)))
  [ "$set_back" -gt 2 ] || set_back=0
}

# Before it reports, the condition is what the last start left. One without a status would be an invention of ours.
is_reported_ready() {
  case $phase in start | running | reload) ;; *) return 1 ;; esac
  reported=$(ask_api "/api/v1/nodes/$node" | tr -d ' \n' |
    sed -n 's/.*"type":"Ready","status":"True","lastHeartbeatTime":"\([^"]*\)".*/\1/p')
  [ -n "$reported" ] && [ -n "$started" ] || return 1
  read_set_back
  reported=$(date -d "$reported" +%s)
  # What lies ahead of a clock that was set back is of before.
  [ $((reported + set_back)) -ge "$(date -d "$started" +%s)" ] && { [ "$set_back" = 0 ] || [ "$reported" -le $(($(date +%s) + 2)) ]; }
}

send_heartbeat() {
  ask_api "/api/v1/nodes/$node/status" -o /dev/null -X PATCH -H 'Content-Type: application/strategic-merge-patch+json' \
    -d "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"lastHeartbeatTime\":\"$(date -u -d "@$(($(date +%s) + set_back))" +%FT%TZ)\"}]}}"
}

began=$(seconds_up) first='' count=0
until read_unit && has_gone_on; do
  case $state in inactive | failed) echo "$unit is $state" && exit ;; esac
  pause=1 waited=$(($(seconds_up) - began))
  if is_reported_ready && send_heartbeat; then
    count=$((count + 1)) first=${first:-$waited}
  elif [ $waited -lt 120 ]; then
    pause=0.5
  else
    pause=5
  fi
  if [ -n "$first" ] && [ $((waited - first)) -ge 180 ]; then
    echo "$unit has not gone on after $count heartbeats; see: journalctl -u $unit" >&2
    exit 1
  fi
  sleep $pause
done
echo "$unit has gone on after $count heartbeats"
PROGRAM
}
