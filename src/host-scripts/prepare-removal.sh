#!/bin/sh
# Usage: sh -s -- prepare-removal (on a server)
# Gets nodes ready that leave together: refuses the loss of their data, then cordons them all, so that no drain moves a pod to a node that leaves
# next. Tells each Node what its pool's settings say now, and gives back to the cluster those that were to leave and stay.
# Libraries: lib-servers.sh lib-node-removal.sh
# May have, one a line: KEEP_DATA (nodes whose volumes must not be lost) CORDON (nodes) UNCORDON (nodes)
#   ANNOTATE (`NODE KEY=VALUE`, keys without hybrid-k3s/)
# The annotation hybrid-k3s/remove-data: "true" of a Node takes it out of KEEP_DATA.
# Prints, where data would be lost: lines `NODE VOLUME CLAIM [POD...]`. Ends with 3 then, and nothing was done.
API_SECONDS=90
REFUSED=3

kubectl() { timeout 20 k3s kubectl --request-timeout=15s "$@"; }

# shellcheck disable=SC2016 # the variables are the template's
BY_US='{{range $k, $v := .metadata.annotations}}{{if eq $k "'$CORDONED'"}}{{$v}}{{end}}{{end}}'
# shellcheck disable=SC2016
DATA='{{range $k, $v := .metadata.annotations}}{{if eq $k "hybrid-k3s/remove-data"}}{{$v}}{{end}}{{end}}'
# shellcheck disable=SC2016
NODE_FACTS='{{range .items}}{{.metadata.name}} {{if .spec.unschedulable}}cordoned{{else}}open{{end}} us:'$BY_US' data:'$DATA'{{"\n"}}{{end}}'

list_nodes() { kubectl get nodes -o "go-template=$NODE_FACTS" >"$SCRATCH/nodes" 2>"$SCRATCH/api-error"; }

# among <names: those of the cluster's Nodes, which look as the awk condition says.
among() { awk -v wanted="$(cat)" 'BEGIN { n = split(wanted, names, "\n"); for (i = 1; i <= n; i++) want[names[i]] } $1 in want && ('"$1"') { print $1 }' "$SCRATCH/nodes"; }

# shellcheck disable=SC2016,SC2034 # the variable is awk's; finish in lib.sh reads explained
refuse_to_lose_data() {
  printf '%s\n' "${KEEP_DATA:-}" | among '$4 != "data:true"' >"$SCRATCH/keep"
  [ -s "$SCRATCH/keep" ] || return 0
  list_volumes "$SCRATCH/keep" "$SCRATCH/volumes" || fail "the API server does not tell of volumes; see on this server: systemctl status k3s"
  [ -s "$SCRATCH/volumes" ] || return 0
  cat "$SCRATCH/volumes"
  explained=yes && exit "$REFUSED"
}

# A node that somebody else has cordoned is left to them.
# shellcheck disable=SC2016,SC2046 # the variable is awk's; a Node's name is one word
cordon_all() {
  set -- $(printf '%s\n' "${CORDON:-}" | among '$2 == "open"')
  [ $# -eq 0 ] || cordon_marked "$@" || fail "the Nodes $* could not all be cordoned"
}

# shellcheck disable=SC2016,SC2046
uncordon_all() {
  set -- $(printf '%s\n' "${UNCORDON:-}" | among '$3 == "us:leaving"')
  [ $# -eq 0 ] || aloud kubectl patch node "$@" --type=merge -p '{"metadata":{"annotations":{"'"$CORDONED"'":null}},"spec":{"unschedulable":false}}' || fail "the Nodes $* could not all be uncordoned"
  set -- $(printf '%s\n' "${UNCORDON:-}" | among 1)
  [ $# -eq 0 ] || aloud kubectl annotate node "$@" --overwrite hybrid-k3s/remove-data- hybrid-k3s/drain-policy-
}

annotate_all() {
  printf '%s\n' "${ANNOTATE:-}" | cut -d' ' -f2 | sort -u | sed '/^$/d' >"$SCRATCH/annotations"
  while read -r setting; do
    # shellcheck disable=SC2046
    set -- $(printf '%s\n' "$ANNOTATE" | sed -n "s|^\([^ ]*\) $setting\$|\1|p" | among 1)
    [ $# -eq 0 ] || aloud kubectl annotate node "$@" --overwrite "hybrid-k3s/$setting" </dev/null
  done <"$SCRATCH/annotations"
}

main() {
  make_scratch
  pass_on_where_silent
  command -v k3s >/dev/null || fail "there is no k3s on this server any more"
  wait_until "$API_SECONDS" "the API server" list_nodes ||
    fail "the API server does not answer after $API_SECONDS s ($(tail -n 1 "$SCRATCH/api-error")); see on this server: systemctl status k3s"
  refuse_to_lose_data
  annotate_all
  cordon_all
  uncordon_all
}

main "$@" </dev/null
