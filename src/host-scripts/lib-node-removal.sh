# shellcheck shell=sh
# What goes with nodes: volumes that no other node can use, as the local-path provisioner makes them, bound ones and those that somebody had kept
# when their claim went. And how nodes that leave are cordoned.

# cordon_marked NODE...: by us, so that they can be given back where they stay after all. One that somebody else has cordoned must not be among them.
CORDONED=hybrid-k3s/cordoned
cordon_marked() { aloud kubectl patch node "$@" --type=merge -p '{"metadata":{"annotations":{"'"$CORDONED"'":"leaving"}},"spec":{"unschedulable":true}}'; }

# One line for each bound volume and each of its node selector terms, which are alternatives, and one for each requirement within them.
# shellcheck disable=SC2016 # the variables are the template's
VALUES='{{if eq .operator "In"}}in{{range .values}} {{.}}{{end}}{{"\n"}}{{end}}'
# shellcheck disable=SC2016
TERMS='{{range .nodeSelectorTerms}}term{{"\n"}}{{range .matchExpressions}}'$VALUES'{{end}}{{range .matchFields}}'$VALUES'{{end}}{{end}}'
# shellcheck disable=SC2016
HOLDS_DATA='or (eq .status.phase "Bound") (and (eq .status.phase "Released") (eq .spec.persistentVolumeReclaimPolicy "Retain"))'
# shellcheck disable=SC2016
VOLUME_FACTS='{{range .items}}{{if '$HOLDS_DATA'}}volume {{.metadata.name}} {{with .spec.claimRef}}{{.namespace}}/{{.name}}{{end}}{{"\n"}}{{with .spec.nodeAffinity}}{{with .required}}'$TERMS'{{end}}{{end}}{{end}}{{end}}'
# shellcheck disable=SC2016
CLAIMS='{{range .spec.volumes}}{{with .persistentVolumeClaim}}{{$ns}}/{{.claimName}} {{$ns}}/{{$pod}}{{"\n"}}{{end}}{{end}}'
# shellcheck disable=SC2016
POD_CLAIMS='{{range .items}}{{if and (ne .status.phase "Succeeded") (ne .status.phase "Failed")}}{{$ns := .metadata.namespace}}{{$pod := .metadata.name}}'$CLAIMS'{{end}}{{end}}'

# list_volumes NAMES FILE: what would be lost with all of the nodes in the file NAMES, lines `NODE VOLUME CLAIM [POD...]` in FILE. Uses $SCRATCH.
list_volumes() {
  kubectl get persistentvolumes -o "go-template=$VOLUME_FACTS" >"$SCRATCH/volume-facts" || return 1
  awk '
    function end_term() { if (in_term && !bound) elsewhere = 1; in_term = bound = 0 }
    function end_volume() { end_term(); if (volume != "" && terms && !elsewhere) print holder, volume, claim; terms = elsewhere = 0; holder = "" }
    FILENAME == ARGV[1] { going[$1]; next }
    $1 == "volume" { end_volume(); volume = $2; claim = $3 }
    $1 == "term" { end_term(); in_term = 1; terms++ }
    $1 == "in" {
      for (i = 2; i <= NF; i++) if (!($i in going)) next
      bound = 1
      if (holder == "") holder = $2
    }
    END { end_volume() }' "$1" "$SCRATCH/volume-facts" >"$SCRATCH/lost-volumes"
  : >"$SCRATCH/pod-claims"
  [ ! -s "$SCRATCH/lost-volumes" ] || kubectl get pods --all-namespaces -o "go-template=$POD_CLAIMS" >"$SCRATCH/pod-claims" || return 1
  awk 'FILENAME == ARGV[1] { pods[$1] = pods[$1] " " $2; next } { print $0 pods[$3] }' "$SCRATCH/pod-claims" "$SCRATCH/lost-volumes" >"$2"
}
