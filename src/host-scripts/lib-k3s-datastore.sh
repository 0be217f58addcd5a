# shellcheck shell=sh
# A datastore outside the cluster: whether this host reaches it, and what k3s is told of it, root-only. Part of install-k3s.sh. Needs ROLE NODE_NAME
# SCRATCH; may have DATASTORE_FILES (names of what was placed for this run, with blanks: endpoint.env addresses ca.pem cert.pem key.pem).
DATASTORE=/etc/hybrid-k3s/datastore
PLACED=/run/hybrid-k3s/$NODE_NAME/datastore
DATASTORE_SECONDS=${DATASTORE_SECONDS:-60}

uses_datastore() { [ "$ROLE" = server ] && [ -n "${DATASTORE_FILES:-}" ]; }

# A connection and no more: whether it is let in, only k3s can tell. bash is essential on all systems that preflight takes.
# shellcheck disable=SC2016 # bash's own words
opens() { timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" >"$SCRATCH/datastore-said" 2>&1 </dev/null; }

# One of several is enough.
is_datastore_reached() {
  while read -r host port; do ! opens "$host" "$port" || return 0; done <"$PLACED/addresses"
  return 1
}

# Before anything of k3s is changed: one that is restarted without its datastore takes the API of this server with it.
refuse_unreached_datastore() {
  uses_datastore || return 0
  { [ -s "$PLACED/addresses" ] && [ -s "$PLACED/endpoint.env" ]; } || fail "what k3s is to be told of its datastore is missing in $PLACED; run pulumi up again"
  wait_until "$DATASTORE_SECONDS" "the datastore" is_datastore_reached && return
  tried=$(sed 's/ \([0-9]*\)$/:\1/' "$PLACED/addresses" | paste -sd ' ' -)
  said=$(sed -n '1s/^.*: //p' "$SCRATCH/datastore-said")
  rm -rf "$PLACED"
  fail "the datastore does not answer at $tried within $DATASTORE_SECONDS s (${said:-no answer}). Its k3s was left as it is: start the database, let this host reach it" \
    "(its address and firewall; names that only the tailnet knows do not resolve here), or set hybrid-k3s:datastoreEndpoint again; then run pulumi up again"
}

# A name that is not among DATASTORE_FILES is of a config that had it.
take_datastore() {
  if ! uses_datastore; then rm -rf "$DATASTORE" "$DATASTORE_BEGUN" && return; fi
  (umask 077 && mkdir -p "$DATASTORE")
  for name in endpoint.env ca.pem cert.pem key.pem; do
    case " $DATASTORE_FILES " in
      *" $name "*) write_file "$DATASTORE/$name" 0600 <"$PLACED/$name" ;;
      *) rm -f "$DATASTORE/$name" ;;
    esac
  done
  rm -rf "$PLACED"
}
