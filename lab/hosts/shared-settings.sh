#!/bin/sh
# Usage: shared-settings.sh take|give-back PID
# Kernel settings that are not kept per namespace: raised for the first lab of this machine, put back after the last. The labs are counted
# by files named after their process 1; those of labs that ended without giving back are dropped on the way.
set -eu

verb=$1
pid=$2
shared=/run/hybrid-k3s-labs

# More than four kubelets exhaust Debian's 128 instances; the rest is what kubelets set on hosts and a namespace does not hold back.
raised="fs/inotify/max_user_instances fs/inotify/max_user_watches"
touched="vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes"

save() {
  for setting in $raised $touched; do
    [ ! -e "/proc/sys/$setting" ] || echo "$setting $(cat "/proc/sys/$setting")"
  done >"$shared/before.new"
  mv "$shared/before.new" "$shared/before"
}

put_back() {
  while read -r setting value; do
    [ "$(cat "/proc/sys/$setting")" = "$value" ] || echo "$value" >"/proc/sys/$setting"
  done <"$shared/before"
}

drop_ended() {
  for file in "$shared"/lab-*; do
    [ ! -e "$file" ] || [ -d "/proc/${file##*-}" ] || rm -f "$file"
  done
}

raise() {
  for pair in fs/inotify/max_user_instances:8192 fs/inotify/max_user_watches:524288; do
    [ "$(cat "/proc/sys/${pair%:*}")" -ge "${pair#*:}" ] || echo "${pair#*:}" >"/proc/sys/${pair%:*}"
  done
}

# The folder above is the lock, so that no lock file outlives the last lab.
exec 9</run
flock 9
case $verb in
  take)
    mkdir -p "$shared"
    drop_ended
    [ -e "$shared/before" ] || save
    : >"$shared/lab-$pid"
    raise
    ;;
  give-back)
    # Also called where no lab was counted: then there is nothing to give back, and nothing to leave behind.
    [ -d "$shared" ] || exit 0
    rm -f "$shared/lab-$pid"
    drop_ended
    if [ -e "$shared/before" ] && ! ls "$shared"/lab-* >/dev/null 2>&1; then
      put_back
      rm -rf "$shared"
    fi
    ;;
esac
