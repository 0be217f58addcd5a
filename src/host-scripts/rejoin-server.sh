#!/bin/sh
# Usage: sh -s -- rejoin-server (on a server whose cluster was restored or recovered on another one)
# Joins the other server's etcd as a new member, until it may vote. Its own data of before is kept aside. Where an earlier run of the same operation was
# cut off, it goes on joining; where one of another was, its data of before is put back first.
# Libraries: lib-snapshots.sh lib-tailnet.sh lib-k3s-advice.sh lib-k3s-faults.sh lib-cluster-reset.sh
# Needs: NODE_NAME SERVER_IP WAIT_SECONDS
# May have: OPERATION (what this is a part of: see lib-snapshots.sh) CLUSTER_AUTHORITY (hash of the certificate of the cluster that it joins; with another one what this host has of its pods is forgotten)
# Prints: {"aside":"PATH"}
: "${NODE_NAME:?}" "${SERVER_IP:?}" "${WAIT_SECONDS:?}"
# shellcheck disable=SC2034 # read by lib-k3s-faults.sh
UNIT=k3s.service ROLE=server

# The token without the hash of an authority that may be another one by now.
join_lines() { printf 'token: "%s"\ntoken-file: ""\nserver: "https://%s:6443"\ncluster-init: false\n' "$(password_of "$ASIDE/token")" "$SERVER_IP"; }

is_other_cluster() { [ -n "${CLUSTER_AUTHORITY:-}" ] && [ "$CLUSTER_AUTHORITY" != "$(sha256sum "$ASIDE/tls/server-ca.crt" | cut -d' ' -f1)" ]; }

# Ready too: what a Node says of its vote outlives its server.
is_voter() { node_is_ready && [ "$(kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="EtcdIsVoter")].status}' 2>/dev/null)" = True ]; }

# k3s may be a member under this name already: joined anew it would be refused.
goes_on() { [ -n "${OPERATION:-}" ] && [ "$(sed -n 2p "$UNDERWAY" 2>/dev/null)" = "$OPERATION" ] && [ -d "$SERVER_DATA/db/etcd" ] && [ -s "$(sed -n 1p "$UNDERWAY")/token" ]; }

join() {
  if [ -z "$joins_still" ]; then
    because "its data of before cannot be kept aside"
    keep_aside "${OPERATION:-}" || return 1
    ! is_other_cluster || forget_other_cluster
  fi
  join_lines | write_file "$RESET_CONFIG" 0600
  because "k3s does not join $SERVER_IP"
  start_k3s || return 1
  because "etcd does not let it vote within $WAIT_SECONDS s"
  wait_until "$WAIT_SECONDS" "etcd to let this server vote" is_voter
}

main() {
  take_lock host
  make_scratch
  joins_still=''
  if goes_on; then joins_still=yes ASIDE=$(sed -n 1p "$UNDERWAY"); else take_back; fi
  [ -s "$ASIDE/token" ] || [ -s "$SERVER_DATA/token" ] || fail "there is no k3s server on this host; run pulumi up"
  if [ -z "$joins_still" ] || ! is_voter; then
    hold_k3s
    if ! (join); then
      kept=$ASIDE
      [ -d "$ASIDE" ] || kept=$SERVER_DATA
      fail "not a member again: $(cat "$SCRATCH/why"); its data of before is in $kept. See: journalctl -u $UNIT; then run hybrid-k3s recover, which goes on with it"
    fi
  fi
  # With etcd's data there k3s asks for no server any more.
  rm -f "$RESET_CONFIG"
  systemctl -q enable "$UNIT"
  rm -f "$STOPPED_FOR" "$UNDERWAY"
  printf '{"aside":"%s"}\n' "$ASIDE"
}

main "$@" </dev/null
