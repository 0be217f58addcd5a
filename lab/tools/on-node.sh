#!/bin/sh
# Usage: on-node.sh MAJOR COMMAND...
# Runs a command on this very release of Node.js (see use-node.sh).
set -eu

node=$("$(dirname "$0")/use-node.sh" "$1")
shift
PATH="$node:$PATH" exec "$@"
