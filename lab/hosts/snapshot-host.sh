#!/bin/sh
# Prints what a host looks like, one fact a line, as SECTION<tab>FACT: files under the folders that a program may leave something in,
# what pods have, units, processes, network settings, firewall, kernel settings, mounts and listening sockets. Facts that change by
# themselves are left to snapshot-exceptions.ts; here only numbers that mean nothing (process numbers, counters, indices) are taken out.
set -u

section() {
  sed "s/^/$1	/"
}

# A file's mode, owner and content; a link's target.
files() {
  find /etc /usr/local /var/lib /opt -type f -exec stat -c '%a %U:%G %n' {} + | sort -k3 >/run/lab-snapshot.stat
  find /etc /usr/local /var/lib /opt -type f -exec sha256sum {} + | sed 's/^\\//' | awk '{ sum = $1; sub(/^[^ ]+ +/, ""); print $0 "\t" sum }' |
    sort >/run/lab-snapshot.sums
  awk -F'\t' 'NR == FNR { sums[$1] = $2; next } { name = $0; sub(/^[^ ]+ [^ ]+ /, "", name); print name " " $0 " " sums[name] }' \
    /run/lab-snapshot.sums /run/lab-snapshot.stat | sed 's/^\(.*\) \([0-7]* [^ ]*\) \1 /\1 \2 /'
  rm -f /run/lab-snapshot.stat /run/lab-snapshot.sums
  find /etc /usr/local /var/lib /opt -type d -exec stat -c '%n/ %a %U:%G' {} +
  find /etc /usr/local /var/lib /opt ! -type f ! -type d -printf '%p %y %l\n'
}

units() {
  systemctl list-unit-files --no-legend --no-pager --plain | awk '{ print "file " $1 " " $2 }'
  systemctl list-units --all --no-legend --no-pager --plain | awk '{ print "state " $1 " " $2 " " $3 " " $4 }'
}

# Without a session of this host: what looks, from outside.
processes() {
  ps -eo sid=,ppid=,comm= | awk '$1 != 0 && $2 != 2 { $1 = $2 = ""; sub(/^ +/, ""); print }' | sort -u
}

links() {
  ip -o link show | sed -E 's/^[0-9]+: //; s/@[^:]*:/:/; s/ qlen [0-9]+//; s/\\.*//'
  ip -o address show | sed -E 's/^[0-9]+: //; s/ +/ /g; s/\\.*//'
}

routes() {
  ip rule show
  ip -6 rule show | sed 's/^/6 /'
  ip route show table all
  ip -6 route show table all | sed 's/^/6 /'
}

firewall() {
  for program in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    "$program-save" 2>/dev/null | sed -E '/^#/d; s/ \[[0-9]+:[0-9]+\]$//' | awk -v program="$program" '
      /^\*/ { table = $0; next }
      /^:/ && $2 == "ACCEPT" { next }
      /^COMMIT/ { next }
      { print program " " table " " $0 }'
  done
  ipset save 2>/dev/null | sed 's/^/ipset /'
}

# One line a rule, with its table and chain in front. Chains that only accept and hold nothing stay after iptables took its rules out.
nft_rules() {
  nft --stateless list ruleset 2>/dev/null | awk '
    $1 == "table" { table = $2 " " $3; if ($3 !~ /^(filter|nat|mangle|raw|security)$/) print table; next }
    $1 == "chain" || $1 == "set" || $1 == "map" { block = $1 " " $2; next }
    $1 == "}" || NF == 0 { next }
    /hook .* policy accept;/ { next }
    { sub(/^[ \t]+/, ""); print table " " block " " $0 }'
}

# Which hosts a tunnel's device knows behind which hardware address.
forwarding() {
  bridge fdb show 2>/dev/null | grep ' dst '
}

settings() {
  sysctl -a 2>/dev/null
}

mounts() {
  awk '{ for (i = 7; $i != "-"; i++); print $5 " " $(i + 1) " " $6 }' /proc/self/mountinfo
}

sockets() {
  ss -Hlntup | sed -E 's/pid=[0-9]+,fd=[0-9]+/-/g; s/ +/ /g' | awk '{ print $1 " " $5 " " $7 }' | sort -u
}

# What lies directly in folders whose inside changes all the time.
entries() {
  find /run /var/log -mindepth 1 -maxdepth 1 -printf '%p %y\n'
}

# What pods have beside mounts, links and processes.
pods() {
  find /sys/fs/cgroup -type d -name 'kubepods*' -printf 'group %p\n'
  ip netns list | sed 's/ (id:.*//; s/^/netns /'
}

files | section file
entries | section entry
pods | section pod
units | section unit
processes | section process
links | section link
routes | section route
forwarding | section fdb
firewall | section firewall
nft_rules | section nft
settings | section setting
mounts | section mount
sockets | section socket
