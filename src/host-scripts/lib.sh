# shellcheck shell=sh
# What every script that runs on a host starts from. Nothing here may read stdin, which still holds the rest of the script.
set -eu
umask 022
export LC_ALL=C
export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# stdout carries the result alone. A shell that says something to nobody is ended by it, and this run is to go on where its operator is gone.
say() { (trap '' PIPE && printf '%s\n' "$*" >&2) || true; }

# aloud COMMAND...: what a program says goes the same way, line by line, and ends it no more: one in Go dies of the first word that nobody takes, even
# where this shell would not. Needs SCRATCH.
aloud() {
  rm -f "$SCRATCH/unsuccessful"
  { "$@" 2>&1 || : >"$SCRATCH/unsuccessful"; } | (trap '' PIPE && while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line" >&2 || true; done)
  [ ! -e "$SCRATCH/unsuccessful" ]
}

fail() {
  say "${NODE_NAME:-this host}: $*"
  explained=yes && exit 1
}

# Whatever fails on a full disk seldom says so in its last words.
warn_of_full_disks() {
  df -Pk / /etc /usr/local /var/lib /var/lib/rancher /run "$SCRATCH" 2>/dev/null | awk 'NR > 1 && $4 < 1024 && !seen[$6]++ { print $6 }' |
    while read -r mount; do say "${NODE_NAME:-this host}: the disk at $mount is full; make room or give it a larger disk (du -xh -d1 $mount), then run pulumi up again"; done
}

# A folder of this run's own, gone when it ends.
make_scratch() {
  SCRATCH=$(mktemp -d)
  trap 'finish $?' EXIT
  # What ends a script that is over its limit; without it a shell ends without the line above.
  trap 'exit 143' TERM
  trap 'exit 141' PIPE
}

# end_tree PID: leaves first, so that none starts another.
end_tree() {
  for child in $(pgrep -P "$1"); do (end_tree "$child"); done
  kill "$1" 2>/dev/null || true
}

# What still runs beside would go on without this run's folder; it is waited for, as it takes back what it began.
finish() {
  [ -z "${beside:-}" ] || { for child in $(pgrep -P "$beside"); do (end_tree "$child"); done && wait "$beside" 2>/dev/null; } || true
  [ "$1" -eq 0 ] || warn_of_full_disks
  rm -rf "$SCRATCH"
  [ "$1" -eq 0 ] || [ -n "${explained:-}" ] || say "${NODE_NAME:-this host}: a command that nobody expected to fail ended with status $1"
}

# Not the wall clock, which jumps when a host first reaches its time server.
seconds_up() { read -r up _ </proc/uptime && echo "${up%%.*}"; }

# wait_until SECONDS WHAT CONDITION...: polls; 1 when the time is over. A subshell, so that its variables stay its own.
wait_until() (
  limit=$1 what=$2 began=$(seconds_up) told=0
  shift 2
  until "$@"; do
    waited=$(($(seconds_up) - began))
    [ "$waited" -lt "$limit" ] || return 1
    [ $((waited - told)) -lt 10 ] || { told=$waited && say "waiting for $what: $waited of at most $limit s"; }
    sleep 0.2
  done
)

# take_lock NAME: one run at a time for each name on a host; the lock goes with the process, however that ends.
take_lock() {
  mkdir -p /run/lock && lock_file=/run/lock/hybrid-k3s-$1 && exec 9>"$lock_file"
  flock -n 9 && return
  say "waiting for another run of hybrid-k3s on this host to end"
  flock -w 600 9 || fail "another run still holds $lock_file after 600 s; see what it does with: fuser -v $lock_file"
}

not_written() {
  rm -f "$new_file"
  fail "cannot write $1; it stays as it was"
}

# write_file PATH MODE <text: replaces the file at once and only if it differs; CHANGED_FILES then names it.
# No step leaves its failing to errexit, which is off wherever a caller looks at the outcome: half a file must never be put in place.
write_file() {
  [ -d "${1%/*}" ] || mkdir -p "${1%/*}" || fail "cannot write $1"
  new_file=$(mktemp "$1.XXXXXX") || fail "cannot write $1"
  cat >"$new_file" || not_written "$1"
  chmod "$2" "$new_file" || not_written "$1"
  if [ -e "$1" ] && cmp -s "$new_file" "$1" && [ "$(stat -c %a "$1")" = "${2#0}" ]; then rm -f "$new_file" && return; fi
  mv -f "$new_file" "$1" || not_written "$1"
  CHANGED_FILES="${CHANGED_FILES:-} $1"
}

# Text that may go to a log: tokens and keys made unreadable.
mask_secrets() { sed -E 's/K10[0-9a-f]+::[^"[:space:]]+/K10***/g; s/(tskey|hskey)-[A-Za-z0-9_-]+/***/g; s/joinKey=[^,[:space:]]*/joinKey=***/g'; }
