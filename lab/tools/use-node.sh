#!/bin/sh
# Usage: use-node.sh [MAJOR]
# Prints a folder for PATH whose node is a supported release: of this very MAJOR where one is given, else the machine's own if it is
# supported, else the older pinned one. What is missing is installed into the user's cache from lab/tools/node.
set -eu

# As `engines` in package.json says.
OLDEST=22
here=$(cd "$(dirname "$0")" && pwd)

fail() {
  echo "use-node: $*" >&2
  exit 1
}

major_of() { "$1" --version 2>/dev/null | sed -nE 's/^v([0-9]+)\..*/\1/p'; }

own=$(command -v node 2>/dev/null || true)
major=$(major_of "${own:-none}" || true)
if [ -n "$major" ] && { [ "${1:-}" = "$major" ] || { [ $# -eq 0 ] && [ "$major" -ge "$OLDEST" ]; }; }; then
  dirname "$own"
  exit 0
fi

wanted=${1:-$OLDEST}
case $(uname -sm) in
  "Linux x86_64") package=node-$wanted-x64 ;;
  "Linux aarch64") package=node-$wanted-arm64 ;;
  *) fail "Node.js $OLDEST or newer is needed, and this machine has ${major:-none}; install it (https://nodejs.org) and run again" ;;
esac
grep -q "\"$package\"" "$here/node/package.json" || fail "Node.js $wanted is none of those that lab/tools/node/package.json pins"

key=$(cat "$here/node/package.json" "$here/node/package-lock.json" | sha256sum | cut -c1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/hybrid-k3s/node-$key
bin=$folder/node_modules/$package/bin
if [ ! -x "$bin/node" ]; then
  command -v npm >/dev/null || fail "npm is needed to install Node.js $wanted: install Node.js $OLDEST or newer (https://nodejs.org) and run again"
  mkdir -p "${folder%/*}"
  echo "use-node: this machine's node is ${major:-missing}, and $OLDEST or newer is needed: installing it into the user's cache" >&2
  # One at a time: another checkout may do the same. It gets its name when it is whole: an installation that is cut off is made again.
  # The packages hold the program alone and run nothing.
  # shellcheck disable=SC2016 # the arguments are the inner shell's
  flock "$folder.lock" sh -euc '
    [ ! -x "$2/node" ] || exit 0
    rm -rf "$3.new" "$3"
    mkdir "$3.new"
    cd "$3.new"
    cp "$1"/package*.json .
    npm ci --ignore-scripts --no-audit --no-fund >&2
    mv "$3.new" "$3"' sh "$here/node" "$bin" "$folder" || fail "npm could not install it; its words are above"
  [ "$(major_of "$bin/node")" = "$wanted" ] || fail "$bin/node does not run on this machine; install Node.js $OLDEST or newer (https://nodejs.org)"
fi
echo "$bin"
