#!/bin/sh
# Usage: supervise-lab.sh STATE_DIR
# Starts a lab's process 1 in namespaces of its own, waits for its end and cleans up after it. Prints the number of process 1, then what
# lab-init.sh prints. The lab ends when standard input ends, that is with the program that holds the other end of the pipe, however that
# one ends; after the line "stay" it goes on.
set -eu

state=$1
here=$(dirname "$0")
exec 3<&0

# Outlives whatever ends the lab: it has to clean up then.
trap '' HUP INT TERM
unshare=
init=0
trap end_lab EXIT

# However this script comes to its end.
end_lab() {
  exec >/dev/null 2>&1
  if [ -n "$unshare" ]; then
    kill -s KILL "$unshare" || true
    wait "$unshare" || true
  fi
  "$here/clean-up-lab.sh" "$state" "$init"
}

# A group weighs as much as one process beside it, and a lab stands for several machines: what else runs here would starve them, and k3s ends
# where it cannot renew its leases in time. 4096 in version 1 is four processes (sched-design-CFS), as is 400 in version 2 (cgroup-v2).
weigh() {
  [ ! -e "$1/cpu.shares" ] || echo 4096 >"$1/cpu.shares"
  [ ! -e "$1/cpu.weight" ] || echo 400 >"$1/cpu.weight"
}

make_groups() {
  while read -r group; do
    mkdir -p "$group/lab"
    for directory in "$group" "$group/lab"; do
      # Version 1 starts with no processor and no memory in a new cpuset; version 2 with no controller.
      for file in cpuset.cpus cpuset.mems; do
        [ -e "$directory/cgroup.controllers" ] || [ ! -e "$directory/$file" ] || cat "$directory/../$file" >"$directory/$file"
      done
    done
    [ "$(wc -l <"$state/run/cgroups")" -gt 1 ] || hand_down "$group"
    weigh "$group"
  done <"$state/run/cgroups"
}

# In version 2 alone, a host's kubelet needs the controllers of the machine.
hand_down() {
  for directory in "$1/.." "$1"; do
    tr ' ' '\n' <"$directory/cgroup.controllers" | while read -r controller; do
      echo "+$controller" >"$directory/cgroup.subtree_control"
    done
  done
}

# A process that was killed before it had a child keeps its folder until it is waited for, but no program.
find_init() {
  while [ -e "/proc/$1/exe" ]; do
    init=$(cut -d' ' -f1 "/proc/$1/task/$1/children" 2>/dev/null || true)
    if [ -n "$init" ]; then
      echo "$init"
      return 0
    fi
    sleep 0.01
  done
  return 1
}

make_groups
setpriv --pdeathsig KILL unshare --fork --kill-child=KILL --pid --mount-proc --mount --propagation private --net --uts --ipc \
  "$here/lab-init.sh" "$state" "$state/run/network" 3<&- &
unshare=$!
{
  while read -r word <&3; do
    [ "$word" != stay ] || exit 0
  done
  kill -s KILL "$unshare"
} >/dev/null 2>&1 &
follower=$!
exec 3<&-
init=$(find_init "$unshare") || init=0
"$here/shared-settings.sh" take "$init"
# Whoever reads this may be dead by now, and a pipe without a reader would end this script before it cleans up. Not ignored earlier: the lab's
# own processes would inherit that.
trap '' PIPE
echo "$init" 2>/dev/null || true
exec >/dev/null 2>&1
wait "$unshare" || true
unshare=
kill -s KILL "$follower" || true
