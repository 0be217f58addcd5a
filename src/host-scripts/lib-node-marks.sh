# shellcheck shell=sh
# A node's labels and taints: what the config names is set, what it named earlier and names no more is taken off, all else is
# left to others. What is ours stands in the annotation OWNED_ANNOTATION, as `label:<key>` and `taint:<key>:<effect>`. Part of wait-ready.sh.

# lines_without A B: the lines of A that are not in B.
lines_without() { printf '%s\n' "$1" | awk -v other="$2" 'BEGIN { n = split(other, lines, "\n"); for (i = 1; i <= n; i++) seen[lines[i]] = 1 } NF && !seen[$0]'; }

label_keys() { printf '%s\n' "$1" | sed -nE 's/^([^=]+)=.*/label:\1/p'; }

taint_keys() { printf '%s\n' "$1" | sed -nE 's/^([^=:]+)(=[^:]*)?:(.+)$/taint:\1:\3/p'; }

write_owned() { aloud kubectl annotate node "$NODE_NAME" --overwrite "$OWNED_ANNOTATION=$(printf '%s\n' "$1" | paste -sd ' ' -)"; }

# What is about to be set is recorded before, what is taken off is forgotten after: a run cut off in between loses nothing of ours.
# shellcheck disable=SC2046,SC2086 # labels and taints hold no blanks and no wildcards; one word each
reconcile_marks() {
  owned=$(node_facts owned | tr ' ' '\n')
  wanted=$(label_keys "${LABELS:-}" && taint_keys "${TAINTS:-}")
  obsolete=$(lines_without "$owned" "$wanted")
  unrecorded=$(lines_without "$wanted" "$owned")
  [ -z "$unrecorded" ] || write_owned "$(printf '%s\n' "$wanted" "$obsolete" | sed '/^$/d')"

  set -- $(printf '%s\n' "$obsolete" | sed -n 's/^label:\(.*\)/\1-/p') $(lines_without "${LABELS:-}" "$(node_facts label)")
  [ $# -eq 0 ] || aloud kubectl label node "$NODE_NAME" --overwrite "$@"
  set -- $(printf '%s\n' "$obsolete" | sed -n 's/^taint:\(.*\)/\1-/p' | present_taints) $(lines_without "${TAINTS:-}" "$(node_facts taint)")
  [ $# -eq 0 ] || aloud kubectl taint node "$NODE_NAME" --overwrite "$@"
  [ -z "$obsolete" ] || write_owned "$wanted"
}

# Of `key:effect-` lines those that the node still has: kubectl fails on taking off a taint that is not there.
present_taints() {
  present=$(taint_keys "$(node_facts taint)")
  while read -r removal; do
    case "
$present
" in *"
taint:${removal%-}
"*) echo "$removal" ;; esac
  done
}
