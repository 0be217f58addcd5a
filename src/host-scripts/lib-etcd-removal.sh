# shellcheck shell=sh
# How a server leaves a cluster that others carry on: never the last voter, never while another one is not healthy, and out of etcd before its
# k3s stops. With an external datastore there is nothing to leave: never the last server that answers. Part of drain-node.sh. Needs NODE_NAME SCRATCH and what that file defines.
HEALTHY_SECONDS=${HEALTHY_SECONDS:-60}
LEAVE_SECONDS=60

# shellcheck disable=SC2016 # the variables are the template's
MEMBERS='{{range .items}}{{.metadata.name}} {{range .status.addresses}}{{if eq .type "InternalIP"}}{{.address}},{{end}}{{end}} {{range .status.conditions}}{{if eq .type "EtcdIsVoter"}}{{.status}} {{.reason}}{{end}}{{end}}{{"\n"}}{{end}}'

list_members() {
  kubectl get nodes -l node-role.kubernetes.io/etcd -o "go-template=$MEMBERS" >"$SCRATCH/servers" || return 1
  awk '$4 != "NotAMember"' "$SCRATCH/servers" >"$SCRATCH/members"
}

# What the Node says is up to a minute old.
serves() { curl -sfk --max-time 5 -o /dev/null "https://$1:6443/cacerts" 2>/dev/null; }

# Of a list with commas.
first_ipv4() { printf '%s' "$1" | tr ',' '\n' | grep -F . | sed -n 1p; }

# Lines `NAME WHY` in $SCRATCH/unhealthy.
others_are_healthy() {
  list_members || return 1
  : >"$SCRATCH/unhealthy"
  while read -r name addresses voter reason; do
    [ "$name" != "$NODE_NAME" ] || continue
    [ "$voter" = True ] || { echo "$name (EtcdIsVoter: ${reason:-not reported})" >>"$SCRATCH/unhealthy" && continue; }
    serves "$(first_ipv4 "$addresses")" || echo "$name (its API does not answer)" >>"$SCRATCH/unhealthy"
  done <"$SCRATCH/members"
  [ ! -s "$SCRATCH/unhealthy" ]
}

# Another one that leaves in the same run is waited for.
refuse_to_lose_quorum() {
  wait_until "$API_SECONDS" "the API to tell of servers" list_members || fail "the API server does not tell of servers; see on this server: systemctl status k3s"
  # k3s labels its servers so with etcd alone.
  [ -s "$SCRATCH/servers" ] || { refuse_to_lose_api && return; }
  grep -q "^$NODE_NAME " "$SCRATCH/members" || return 0
  if wait_until "$HEALTHY_SECONDS" "the other servers to be healthy" others_are_healthy; then
    ! awk -v name="$NODE_NAME" '$1 != name { found = 1 } END { exit found }' "$SCRATCH/members" || refuse_last
    return
  fi
  refuse "nothing was done to it, because another server is not healthy: $(paste -sd ',' "$SCRATCH/unhealthy" | sed 's/,/, /g'). With this one gone too etcd could lose" \
    "the half of its members that it needs, and the API with it. Bring the other one back (on its host: systemctl status k3s), or remove it first; then run the same command again"
}

# shellcheck disable=SC2016 # the variables are the template's
SERVERS='{{range .items}}{{.metadata.name}} {{range .status.addresses}}{{if eq .type "InternalIP"}}{{.address}},{{end}}{{end}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}{{"\n"}}{{end}}'

another_serves() {
  kubectl get nodes -l node-role.kubernetes.io/control-plane -o "go-template=$SERVERS" >"$SCRATCH/serving" || return 1
  while read -r name addresses ready; do
    [ "$name" = "$NODE_NAME" ] || [ "$ready" != True ] || ! serves "$(first_ipv4 "$addresses")" || return 0
  done <"$SCRATCH/serving"
  return 1
}

refuse_to_lose_api() {
  wait_until "$HEALTHY_SECONDS" "another server that answers" another_serves ||
    refuse "nothing was done to it, because no other server is Ready and answers, and the API would end with it. Bring another one up and let it join first" \
      "(on its host: systemctl status k3s); \`pulumi destroy\` is never stopped by this"
}

refuse_last() {
  refuse "nothing was done to it, because it is the last voting member of etcd, and the cluster would end with it." \
    "Put another server into the config and let it join first; \`pulumi destroy\` is never stopped by this"
}

has_left() { list_members && ! grep -q "^$NODE_NAME " "$SCRATCH/members"; }

# A member that stops before it is taken out counts towards the quorum all the same: of two, the other one alone is none. k3s there ends some
# seconds after this and comes back as a new member, so whoever asked for this stops it at once.
leave_etcd() {
  grep -q "^$NODE_NAME " "$SCRATCH/members" || return 0
  aloud retry annotate node "$NODE_NAME" --overwrite etcd.k3s.cattle.io/remove=true || fail "$NODE_NAME could not be taken out of etcd; see on this server: systemctl status k3s"
  wait_until "$LEAVE_SECONDS" "$NODE_NAME to leave etcd" has_left || say "etcd still lists $NODE_NAME after $LEAVE_SECONDS s; its Node is deleted all the same"
}
