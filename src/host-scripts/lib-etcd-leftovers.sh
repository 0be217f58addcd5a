# shellcheck shell=sh
# A member of etcd that is nobody's: its server was ended while it joined, after k3s had added it and before its Node was there. k3s takes members out with
# their Nodes alone, so this one would stay, count towards the quorum, and keep every later server of its name out ("duplicate node name found"). Part of
# drain-node.sh, for a server that has left: its k3s is stopped or its host gone. Needs NODE_NAME API_SECONDS SCRATCH, lib-snapshots.sh and what that file defines.
LEFT_SECONDS=${LEFT_SECONDS:-90}
MEMBER_SECONDS=${MEMBER_SECONDS:-30}
PLACEHOLDER=hybrid-k3s-left-$NODE_NAME

# shellcheck disable=SC2016 # the variables are the template's
ETCD_NAMES='{{range .items}}{{range $k, $v := .metadata.annotations}}{{if eq $k "etcd.k3s.cattle.io/node-name"}}{{$v}}{{"\n"}}{{end}}{{end}}{{end}}'

# Lines `MEMBER ADDRESS` in $SCRATCH/left: members that are called as k3s calls those of this node, NODE-12345678, and that no Node names as its own.
# k3s tells its members to whoever has the servers' token (k3s: pkg/etcd/etcd.go, infoHandler).
list_left() {
  printf 'user = "server:%s"\n' "$(sed -n '1s/.*://p' "$SERVER_DATA/token")" |
    curl -sfk --max-time 10 -K - -o "$SCRATCH/etcd" https://127.0.0.1:6443/db/info 2>/dev/null || return 1
  kubectl get nodes -o "go-template=$ETCD_NAMES" >"$SCRATCH/etcd-names" || return 1
  tr '{' '\n' <"$SCRATCH/etcd" | sed -nE 's|.*"name":"([^"]+)","peerURLs":\["https://([^"]+):[0-9]+".*|\1 \2|p' |
    awk -v node="$NODE_NAME" 'FILENAME == ARGV[1] { known[$1]; next }
      substr($1, 1, length($1) - 8) == node "-" && substr($1, length($1) - 7) !~ /[^0-9a-f]/ && !($1 in known)' "$SCRATCH/etcd-names" - >"$SCRATCH/left"
}

is_forgotten() { list_left && [ ! -s "$SCRATCH/left" ]; }

# A Node that names the member, held by k3s's own finalizer from the start; no pod gets onto it. An earlier run's may still be there.
make_placeholder() {
  kubectl create -f - >/dev/null 2>"$SCRATCH/api-error" <<NODE && return
{"apiVersion":"v1","kind":"Node","metadata":{"name":"$PLACEHOLDER","labels":{"node-role.kubernetes.io/etcd":"true"},
"annotations":{"etcd.k3s.cattle.io/node-name":"$member","etcd.k3s.cattle.io/node-address":"$address"},"finalizers":["wrangler.cattle.io/managed-etcd-controller"]},
"spec":{"unschedulable":true,"taints":[{"key":"hybrid-k3s/left","effect":"NoExecute"}]}}
NODE
  grep -q AlreadyExists "$SCRATCH/api-error"
}

# k3s goes by the Node that is deleted, whoever made it (k3s: pkg/etcd/member_controller.go, onRemove).
forget_member() {
  runs_etcd || return 0
  wait_until "$MEMBER_SECONDS" "the members of etcd" list_left || { say "whether etcd still lists $NODE_NAME could not be seen; see on this server: journalctl -u k3s" && return; }
  read -r member address <"$SCRATCH/left" || return 0
  say "etcd still lists $member at $address, and no Node is its own: taking it out"
  wait_until "$API_SECONDS" "the API to take a Node in its name" make_placeholder || fail "no Node could be made in the name of the member $member: $(tail -n 1 "$SCRATCH/api-error")"
  aloud retry delete node "$PLACEHOLDER" --ignore-not-found --timeout=15s || true
  wait_until "$LEFT_SECONDS" "$member to leave etcd" is_forgotten ||
    fail "k3s did not take the member $member out of etcd, which no server of that name can join before. See on this server: journalctl -u k3s | grep -i 'etcd member'. By hand: etcdctl" \
      "with --cacert, --cert and --key of server-ca.crt, client.crt and client.key in $SERVER_DATA/tls/etcd: member list, then member remove; then run the same command again"
}
