# shellcheck shell=sh
# What tailscale, k3s and their plugins leave in the kernel's network tables. Part of clean-host.sh.
# Only what bears their names: chains ts-*, KUBE-*, CNI-*, FLANNEL-* and the rules that lead there.

# Deletions as one transaction for each table: jumps first, then the chains' contents, then the chains.
rule_deletions() {
  awk '
    function ours(chain) { return chain ~ /^(ts-|KUBE-|CNI-|FLANNEL-)/ }
    /^\*/ { table = $0; rules = flushes = chains = "" }
    /^:/ { chain = substr($1, 2); if (ours(chain)) { flushes = flushes "-F " chain "\n"; chains = chains "-X " chain "\n" } }
    /^-A/ && !ours($2) && (/ -[jg] (ts-|KUBE-|CNI-|FLANNEL-)/ || /--comment "?flanneld/ || /comply to network policies/) {
      sub(/^-A/, "-D"); rules = rules $0 "\n"
    }
    /^COMMIT/ && rules flushes != "" { printf "%s\n%s%s%sCOMMIT\n", table, rules, flushes, chains }'
}

# Both kinds of tables: the host may have been switched from one to the other since.
remove_rules() {
  for program in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do
    command -v "$program-save" >/dev/null || continue
    deletions=$(timeout 20 "$program-save" 2>/dev/null | rule_deletions)
    [ -z "$deletions" ] || printf '%s\n' "$deletions" | timeout 20 "$program-restore" -w 5 --noflush ||
      problem "rules of tailscale or k3s stay in $program; see: $program-save | grep -E 'ts-|KUBE-|CNI-|FLANNEL-'"
  done
}

# iptables on nftables makes its tables when it is first used and never removes them; those that are ours to remove hold no rule.
remove_empty_tables() {
  command -v nft >/dev/null || return 0
  found=$(marker_list tables)
  for family in ip ip6; do
    for table in filter nat mangle raw; do
      [ "$(printf '%s\n' "$found" | grep -cx "table $family $table")" = 0 ] || continue
      rules=$(nft list table $family $table 2>/dev/null) || continue
      printf '%s\n' "$rules" | grep -qvE '^(table .*|[[:space:]]*chain .*|[[:space:]]*type .* policy accept;|[[:space:]]*}|)$' || nft delete table $family $table
    done
  done
}

remove_ipsets() {
  command -v ipset >/dev/null || return 0
  ipset list -n 2>/dev/null | grep -E '^(inet6:)?(KUBE-|kube-router-)' | while read -r set; do ipset destroy "$set" || true; done
}

# tailscaled's own clean-up takes its rules away (preferences 5210 to 5270); this is for a tailscaled that died.
remove_routing() {
  for family in -4 -6; do
    ip $family rule show | sed -nE 's/^(52[1-7]0):.*(fwmark 0x80000|lookup 52).*/\1/p' | while read -r preference; do ip $family rule del pref "$preference" || true; done
    ip $family route flush table 52 2>/dev/null || true
  done
}

remove_links() {
  ip -o link show master cni0 2>/dev/null | sed -nE 's/^[0-9]+: ([^:@]+).*/\1/p' | while read -r link; do ip link delete "$link" || true; done
  for link in cni0 flannel.1 flannel-wg kube-ipvs0 tailscale0; do
    [ ! -e "/sys/class/net/$link" ] || ip link delete "$link" || problem "the interface $link stays; try: ip link delete $link"
  done
  ip netns list 2>/dev/null | sed -nE 's/^(cni-[^ ]+).*/\1/p' | while read -r namespace; do ip netns delete "$namespace" || true; done
}
