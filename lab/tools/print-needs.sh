#!/bin/sh
# Usage: print-needs.sh
# Says what the demo is, and before a first run how long that takes and what it needs. What is there already is looked for by name only:
# the lab itself knows by their content.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/hybrid-k3s

# found PATTERN: whether the cache has something whole of that name.
found() {
  for entry in "$cache"/$1; do
    case $entry in *.part-*) continue ;; esac
    [ ! -e "$entry" ] || return 0
  done
  return 1
}

echo "make demo: three hosts on two sites become one k3s cluster, burst into AWS and Azure (emulated) and back; two to three minutes."
for whole in 'rootfs-metal-*' 'rootfs-cloud-*' 'tools/probe-*/probe' 'mirror/*'; do
  found "$whole" && continue
  cat <<'TEXT'
A first run takes 10 to 15 minutes on two cores: it fetches or builds Pulumi, tailscale, headscale, k3s and two Debian systems. It needs
root, /dev/net/tun, 6 GiB of free memory, 8 GiB of free disk, and a way out to npm, Debian's mirror and Go's module proxy.
Ctrl-C takes everything down at any time; what was built until then is kept, and the next run goes on from there.
TEXT
  break
done
