# shellcheck shell=sh
# Another beginning for etcd on this server, by k3s's own cluster-reset: from a snapshot, or from its own data alone. What was there is kept aside.
# Needs NODE_NAME SCRATCH UNIT ROLE WAIT_SECONDS, lib-snapshots.sh, lib-tailnet.sh, lib-k3s-faults.sh.
RESET_CONFIG=/etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml
RESET_SECONDS=600

stop_k3s() {
  say "stopping k3s"
  timeout 120 systemctl stop "$UNIT" || fail "$UNIT does not stop; see: journalctl -u $UNIT"
  # k3s's own integration takes the host out of the tailnet when it stops.
  [ "$(tailnet_status | json_value BackendState)" != Stopped ] || aloud timeout 60 tailscale up --timeout=45s || true
}

# No boot in between may start it from what is half made.
hold_k3s() {
  systemctl -q disable "$UNIT"
  stop_k3s
}

ASIDE=$SERVER_DATA-before-$(date -u +%Y%m%dT%H%M%SZ)

# note_underway [WORD]: before anything takes the place of the data.
note_underway() {
  printf '%s\n' "$ASIDE" "$@" | write_file "$UNDERWAY" 0600 || return 1
  sync "$UNDERWAY" "${UNDERWAY%/*}"
}

# Of a run that was cut off: what it left makes room for the data of before.
take_back() {
  [ -e "$UNDERWAY" ] || return 0
  before=$(sed -n 1p "$UNDERWAY")
  say "an earlier run was cut off on this host; what it left is dropped, and the data of before is taken from $before"
  hold_k3s
  case $before in
    "$SERVER_DATA"-before-*)
      [ ! -d "$before" ] || { rm -rf "$SERVER_DATA" && mv "$before" "$SERVER_DATA"; } || fail "$before cannot be moved back to $SERVER_DATA (see what holds it: fuser -vm $SERVER_DATA)"
      ;;
  esac
  rm -f "$RESET_CONFIG" "$UNDERWAY"
}

# What was made has taken the place of the data of before.
end_reset() {
  printf '%s\n' "${OPERATION:-}" | write_file "$BEGUN_BY" 0600
  systemctl -q enable "$UNIT"
  rm -f "$STOPPED_FOR" "$UNDERWAY"
}

# keep_aside [WORD]: on the same disk, so that it takes no time and no room. The snapshots stay in both places, as links to the same files.
keep_aside() {
  note_underway "$@" || return 1
  mv "$SERVER_DATA" "$ASIDE" || { because "$SERVER_DATA cannot be moved to $ASIDE (see what holds it: fuser -vm $SERVER_DATA)" && return 1; }
  say "the data of before is kept in $ASIDE"
  (umask 077 && mkdir -p "$SERVER_DATA/db") || return 1
  [ ! -d "$ASIDE/db/snapshots" ] || cp -al "$ASIDE/db/snapshots" "$SERVER_DATA/db/" || return 1
  for folder in manifests static; do [ ! -d "$ASIDE/$folder" ] || cp -a "$ASIDE/$folder" "$SERVER_DATA/" || return 1; done
}

# Also where nothing was kept aside yet: k3s was stopped before that.
put_back() {
  rm -f "$RESET_CONFIG"
  if [ -d "$ASIDE" ]; then
    timeout 120 systemctl stop "$UNIT" || true
    rm -rf "$SERVER_DATA"
    mv "$ASIDE" "$SERVER_DATA"
  fi
  systemctl -q enable "$UNIT" || true
  rm -f "$UNDERWAY" "$STOPPED_FOR"
  timeout 30 systemctl start --no-block "$UNIT" || true
}

# Why what follows may fail, for whoever runs it in a subshell: what is fatal there must not keep the data of before from its place.
because() { printf '%s' "$*" >"$SCRATCH/why"; }

# What a reset that came to nothing left.
drop_reset() {
  find "$SERVER_DATA" -mindepth 1 -maxdepth 1 ! -name db ! -name manifests ! -name static -exec rm -rf {} +
  find "$SERVER_DATA/db" -mindepth 1 -maxdepth 1 ! -name snapshots -exec rm -rf {} +
}

# reset_etcd [ARGUMENT...]: what k3s said is in $SCRATCH/said. After a reset k3s refuses another one until it has started (its reset-flag, k3s:
# pkg/cluster/managed.go), which may be what it cannot.
reset_etcd() {
  rm -f "$SERVER_DATA/db/reset-flag"
  timeout "$RESET_SECONDS" k3s server --cluster-reset "$@" >"$SCRATCH/said" 2>&1 </dev/null
}

last_fault() { grep -e 'level=fatal' -e 'level=error' "$SCRATCH/said" | tail -n 1 | mask_secrets | sed -E 's/^time="[^"]*" level=[a-z]+ msg=//' | cut -c1-500; }

# A setting that a server has beside its own: k3s takes the file of a token before the token, and resets nothing while it is told of a server to join.
# shellcheck disable=SC2034 # for the scripts that have this library
ALONE='token-file: ""
server: ""
cluster-init: true'

# The pods and certificates of a cluster that this host was in meanwhile are worthless in the restored one.
forget_other_cluster() {
  say "this host was in another cluster: forgetting its pods there"
  timeout 120 k3s-killall.sh >/dev/null 2>&1 || true
  find /var/lib/rancher/k3s/agent -mindepth 1 -maxdepth 1 ! -name images -exec rm -rf {} + 2>/dev/null || true
}

# The data tell that the servers of that time vote, and k3s takes a moment to say that they do not: nobody may believe it until then.
forget_votes() {
  kubectl get nodes -l node-role.kubernetes.io/etcd -o 'go-template={{range .items}}{{.metadata.name}}{{"\n"}}{{end}}' >"$SCRATCH/voters" 2>/dev/null || return 1
  while read -r node _; do
    [ "$node" != "$NODE_NAME" ] || continue
    aloud kubectl patch node "$node" --subresource=status --type=strategic \
      -p '{"status":{"conditions":[{"type":"EtcdIsVoter","status":"False","reason":"NotAMember","message":"etcd was begun again without it"}]}}' </dev/null || return 1
  done <"$SCRATCH/voters"
}

start_k3s() {
  say "starting k3s"
  timeout 30 systemctl start --no-block "$UNIT" || return 1
  wait_ready
}

# The token without the authority's hash and the user, which change with the cluster.
password_of() { sed -n '1s/^.*:://; 1s/^[a-z]*://; 1p' "$1"; }

kubectl() { timeout 30 k3s kubectl --request-timeout=25s "$@"; }

node_address() { kubectl get node "$NODE_NAME" -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}' 2>/dev/null; }

# A restored Node names the address that this host had then, and k3s's network policies end k3s until it is the new one (seen with 1.35.4).
has_own_address() { case " $(node_address) " in *" $(tailnet_ip) "*) ;; *) return 1 ;; esac }

node_is_ready() { [ "$(kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ]; }
