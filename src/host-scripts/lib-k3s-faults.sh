# shellcheck shell=sh
# How k3s's start goes: ready, under way, or never to come. Needs UNIT SCRATCH and lib-k3s-advice.sh; wait_ready needs ROLE WAIT_SECONDS.

# One call for all, as it is made five times a second.
read_unit() {
  active_state='' sub_state='' invocation=''
  while IFS='=' read -r property value; do
    case $property in
      ActiveState) active_state=$value ;;
      SubState) sub_state=$value ;;
      InvocationID) invocation=$value ;;
    esac
  done <<PROPERTIES
$(systemctl show -p ActiveState,SubState,InvocationID "$UNIT")
PROPERTIES
}

# What the unit and systemd itself said in one run of it.
words_of_run() { journalctl -q -o cat "_SYSTEMD_INVOCATION_ID=$1" + "INVOCATION_ID=$1" 2>/dev/null | mask_secrets; }

# The first of these is the cause, others follow from it. k3s's own (pkg/signals, cmd/server/main.go), and kubelet's where it ends the process
# that both run in (pkg/kubelet: os.Exit), which k3s has it say through logrus, other builds through klog; the last are systemd's and the gate's.
KUBELET_WORDS='(Failed to start ContainerManager|Failed to listen and serve|Failed to serve|Failed to start cAdvisor|Kubelet failed to get node info|Failed to initialize internal modules|Failed to register CRI auth plugins)"'
LAST_WORDS="level=fatal|Shutdown request received: |^panic: |^F[0-9]{4} |^E[0-9]{4} .*\\] \"$KUBELET_WORDS|level=error msg=\"$KUBELET_WORDS|flag provided but not defined|Failed at step |^not online in the tailnet"

# Without what differs from one death to the next: the time, and klog's process.
cause_of_death() {
  words_of_run "$1" | grep -E -m 1 -e "$LAST_WORDS" | sed -E 's/^time="[^"]*" //; s/^([A-Z])[0-9]{4} [0-9:.]+ +[0-9]+ /\1 /' | cut -c1-600
}

# Between a death and the next start (RestartSec=5s). One death is none: a server may not be up yet. Two of one cause are, but where the
# cause is another machine's.
dies_again() {
  [ "$sub_state" = auto-restart ] && [ "$invocation" != "${dead_run:-}" ] || return 1
  dead_run=$invocation before=${cause:-} before_advice=${cause_advice:-}
  cause=$(cause_of_death "$invocation")
  ! is_elsewhere "$cause" || cause=''
  [ -n "$cause" ] || return 1
  cause_advice=$(known_advice "$cause")
  [ "$cause" = "$before" ] || { [ -n "$cause_advice" ] && [ "$cause_advice" = "$before_advice" ]; } || return 1
  printf 'dies again and again: %s' "$cause" >"$SCRATCH/fault"
}

# An agent asks for ever where the server has said no: every 2 s for the token, every 5 to 10 s for the Node's password.
# A server asks a database that does not let it in each second, five minutes long (k3s: kine's pkg/drivers/generic; seen with its 0.14.12).
REFUSALS='token CA hash does not match|401 Unauthorized|Node password rejected'
DATASTORE_REFUSALS='[Ff]ailed to ping (database )?connection: .*(SQLSTATE (28|3D|42)|Access denied|Unknown database|x509: |tls: )'
is_refused() {
  [ "$active_state" = activating ] && [ $((looks % 10)) = 0 ] || return 1
  case $ROLE in
    agent) by='the server' refusals=$REFUSALS ;;
    *) by='the datastore' refusals=$DATASTORE_REFUSALS ;;
  esac
  words_of_run "$invocation" | grep -E -e "$refusals" >"$SCRATCH/refusals" || return 1
  [ "$(wc -l <"$SCRATCH/refusals")" -ge 4 ] || return 1
  printf 'is refused by %s: %s' "$by" "$(tail -n 1 "$SCRATCH/refusals" | sed -E 's/^time="[^"]*" //')" >"$SCRATCH/fault"
}

# Restart=always brings back whatever ended, so a unit that has failed will not come.
has_failed() {
  [ "$active_state" = failed ] || return 1
  cause=$(cause_of_death "$invocation")
  printf 'has failed: %s' "${cause:-systemd says no more; see: systemctl status $UNIT}" >"$SCRATCH/fault"
}

# Active comes late: with the API up on servers, joined on agents (the unit is Type=notify). A server's own Node comes a moment after
# its API and is waited for by wait-ready, while agents join already.
k3s_is_ready() {
  [ "$active_state" = active ] || return 1
  case $ROLE in
    server) timeout 10 k3s kubectl get --raw /readyz >/dev/null 2>&1 ;;
    agent) grep -q healthz-port /etc/rancher/k3s/config.yaml || curl -sf -o /dev/null --max-time 5 http://127.0.0.1:10248/healthz ;;
  esac
}

is_decided() {
  looks=$((${looks:-0} + 1))
  read_unit
  k3s_is_ready || dies_again || is_refused || has_failed
}

# Fails as soon as it is known that the start will come to nothing.
wait_ready() {
  wait_until "$WAIT_SECONDS" "$UNIT" is_decided || printf 'is not ready after %s s (%s)' "$WAIT_SECONDS" "$(unit_state)" >"$SCRATCH/fault"
  [ -s "$SCRATCH/fault" ] || return 0
  last_words=$(journalctl -u "$UNIT" -n 15 --no-pager -o cat 2>/dev/null | mask_secrets | cut -c1-300)
  say "$last_words"
  fail "$UNIT $(cut -c1-600 "$SCRATCH/fault"); $(advice "$(cat "$SCRATCH/fault")
$last_words"); then run pulumi up again"
}
