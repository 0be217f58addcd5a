# shellcheck shell=sh
# What joining and k3s add to a host, as lines `KEY ITEM` for the marker; clean-host takes out exactly what stands there.

our_units() { printf 'units %s\n' k3s.service k3s-agent.service hybrid-k3s-heartbeat.service hybrid-k3s-copy.timer hybrid-k3s-copy.service hybrid-k3s-guard.service tailscaled.service hybrid-k3s-route.service; }

# A path that was there before us is not ours, so only the absent ones are named. A trailing slash: a folder to remove only if empty;
# a trailing /*: a folder that was there and empty (a disk of its own may be mounted on it), to be emptied again.
absent_paths() {
  for path in /etc/hybrid-k3s /usr/local/lib/hybrid-k3s /etc/sysctl.d/90-hybrid-k3s.conf /etc/sysctl.d/ \
    /etc/systemd/system/hybrid-k3s-route.service /etc/systemd/system/hybrid-k3s-guard.service \
    /etc/systemd/system/hybrid-k3s-heartbeat.service /etc/systemd/system/tailscaled.service \
    /etc/systemd/system/hybrid-k3s-copy.timer /etc/systemd/system/hybrid-k3s-copy.service /etc/systemd/system/timers.target.wants/ \
    /etc/systemd/system/k3s.service.d /etc/systemd/system/k3s-agent.service.d \
    /etc/systemd/system/k3s.service /etc/systemd/system/k3s.service.env \
    /etc/systemd/system/k3s-agent.service /etc/systemd/system/k3s-agent.service.env \
    /usr/local/bin/k3s-killall.sh /usr/local/bin/k3s-uninstall.sh /usr/local/bin/k3s-agent-uninstall.sh \
    /usr/local/bin/tailscale /usr/local/sbin/tailscaled /var/lib/tailscale /var/cache/tailscale /run/tailscale \
    /usr/local/bin/k3s /usr/local/bin/kubectl /usr/local/bin/crictl /usr/local/bin/ctr \
    /etc/rancher /var/lib/rancher /var/lib/rancher/k3s /var/lib/kubelet /var/lib/cni /etc/cni /run/k3s /run/flannel /run/containerd \
    /var/log/pods /var/log/containers /usr/libexec/kubernetes /usr/local/lib/ /usr/local/sbin/ /run/netns/; do
    [ -e "${path%/}" ] || echo "files $path"
  done
  for path in /var/lib/rancher /var/lib/kubelet /var/lib/cni; do
    [ ! -d "$path" ] || [ -n "$(ls -A "$path")" ] || echo "files $path/*"
  done
}

# `name=value` of what k3s, kubelet, kube-proxy and CNI plugins are known to set and nobody sets back. Not by the shell's own read: it takes
# one byte at a time, and these files give no second one.
sysctls_now() {
  (cd /proc/sys && grep -Hs . net/ipv4/ip_forward net/ipv4/conf/all/forwarding net/ipv4/conf/default/forwarding \
    net/ipv4/conf/all/route_localnet net/ipv6/conf/all/forwarding net/ipv6/conf/default/forwarding \
    net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables net/netfilter/nf_conntrack_max \
    net/netfilter/nf_conntrack_tcp_timeout_established net/netfilter/nf_conntrack_tcp_timeout_close_wait \
    net/netfilter/nf_conntrack_tcp_be_liberal vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \
    kernel/keys/root_maxkeys kernel/keys/root_maxbytes) | awk -F: '{ gsub("/", ".", $1); print "sysctls " $1 "=" $2 }'
}

# Mounts below k3s's folders and nftables tables that were there before us stay.
mounts_now() { awk '$2 ~ /^\/(var\/lib\/(rancher|kubelet)|run\/k3s)/ { print "mounts " $2 }' /proc/self/mounts; }

nft_tables_now() { nft list tables 2>/dev/null | sed 's/^/tables /'; }

# Targets that k3s's unit pulls in and nothing stops again.
idle_targets() { systemctl -q is-active network-online.target || echo "idle network-online.target"; }
