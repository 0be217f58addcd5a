#!/bin/sh
# Usage: clean-up-lab.sh STATE_DIR PID
# Removes what outlives a lab's process 1, whose number was PID: its control groups, and the kernel settings that all labs of this machine
# share, which the last lab puts back. Does nothing where it was done.
set -u

state=$1
pid=$2
here=$(dirname "$0")

# A process of a group may take a moment to be gone.
remove_group() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    [ -d "$1" ] || return 0
    find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null
    [ ! -d "$1" ] || sleep 0.2
  done
}

while read -r group; do
  remove_group "$group"
done <"$state/run/cgroups"
"$here/shared-settings.sh" give-back "$pid"
