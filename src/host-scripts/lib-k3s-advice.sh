# shellcheck shell=sh
# What helps against what k3s says. Needs NODE_NAME UNIT; install-k3s.sh has more to name.
KUBELET_KERNEL="vm.overcommit_memory=1 vm.panic_on_oom=0 kernel.panic=10 kernel.panic_on_oops=1 kernel.keys.root_maxkeys=1000000 kernel.keys.root_maxbytes=25000000"

# Of another machine, which may come while this one starts again.
is_elsewhere() {
  case $1 in
    *"i/o timeout"* | *"connection refused"* | *"no route to host"* | *"deadline exceeded"* | *"TLS handshake timeout"* | *"connection reset"* | *": EOF"* | *"not ready"*) ;;
    *) return 1 ;;
  esac
}

# `by NAME (pid N)`, of whoever listens on the port that the words name.
port_taken() {
  port=$(printf '%s' "$1" | sed -nE 's/.*listen (tcp|udp)[46]? [^ ]*:([0-9]+): bind: address already in use.*/\2/p' | sed -n 1p)
  listener=$(ss -Hltnp "sport = :${port:-0}" 2>/dev/null | sed -nE 's/.*\(\("([^"]+)",pid=([0-9]+).*/ by \1 (pid \2)/p' | sed -n 1p)
  echo "port ${port:-that it needs} is taken$listener; stop that program, or give k3s another port in the config"
}

containerd_words() { grep -E 'level=(fatal|error)' /var/lib/rancher/k3s/agent/containerd/containerd.log 2>/dev/null | tail -n 2 | cut -c1-300 | paste -sd ' ' - || true; }

# known_advice WORDS: the usual causes, in k3s's and kubelet's own words; nothing for others.
known_advice() {
  case $1 in
    *"find memory cgroup"* | *"find cpu cgroup"* | *"find cpuset cgroup"* | *"pids cgroup controller not found"*)
      echo "this kernel has a control group switched off that kubelet needs; add cgroup_enable=memory cgroup_memory=1 to its command line (/boot/firmware/cmdline.txt on a Raspberry Pi, else /etc/default/grub and update-grub) and reboot; in a container its own host has to pass them in"
      ;;
    *"/dev/kmsg"*) echo "kubelet reads /dev/kmsg; where this host is a container, let its own host pass the device in" ;;
    *"invalid kernel flag"*) echo "protect-kernel-defaults wants kubelet's kernel settings; set them (sysctl -w $KUBELET_KERNEL, and in /etc/sysctl.d for the next boot) or take it out of the config" ;;
    *"address already in use"*) port_taken "$1" ;;
    *"unknown flag"* | *"flag provided but not defined"* | *"unknown command"*)
      echo "a key of the k3s settings, or an argument in one of its *-arg lists, is not known to ${K3S_VERSION:-this k3s} as ${ROLE:-server}; take it out of the config"
      ;;
    *"golang version"* | *"golang build version"*) echo "this k3s was not built as ${K3S_VERSION:-its release} is, so it will never start; put the vendor's own program on the mirror" ;;
    *"Node password rejected"*) echo "a Node called $NODE_NAME is left from another machine; delete it: kubectl delete node $NODE_NAME" ;;
    *"duplicate node name found"*) echo "etcd lists a member of this name that is not this host's, as one is left that was ended while it joined; raise this host's \`generation\` in the config, which takes that member out (where a Node has the name: kubectl delete node $NODE_NAME)" ;;
    *"token CA hash"*) echo "the cluster's authority is not the one that the token names, as after k3s certificate rotate-ca; read the token again: ${ACCESS_REPLACE_COMMAND:-pulumi up --replace URN, with the URN of <first server>-access}" ;;
    *"401 Unauthorized"*) echo "the server refuses the token in ${AGENT_TOKEN_FILE:-/etc/hybrid-k3s/agent-token}; ${PLACE_TOKEN:-place it again}" ;;
    *"encrypted with different token"*)
      if [ -d /etc/hybrid-k3s/datastore ]; then
        echo "the datastore has a cluster under another server token, which pulumi destroy leaves there: give hybrid-k3s:datastoreEndpoint an empty database, or write that token (of the output serverToken what follows the last colon) to /etc/hybrid-k3s/server-token on this host"
      else
        echo "the data in /var/lib/rancher/k3s/server belongs to a server token that is lost; put /var/lib/rancher/k3s/server/token back, or move that folder away to begin an empty cluster"
      fi
      ;;
    # Of etcd's own folder: k3s writes what a cluster begins with a moment after etcd has started (seen on v1.35.4, killed in between).
    *"no bootstrap data found in datastore"*) echo "k3s was ended in its very first start, before it had saved what a cluster begins with, or its data belong to another server token. Where this cluster never ran, nothing is in there: mv /var/lib/rancher/k3s/server /var/lib/rancher/k3s/server-before, then pulumi up again; where it did, put back /var/lib/rancher/k3s/server/token, or npx hybrid-k3s restore NAME" ;;
    *"ailed to ping connection"* | *"ailed to ping database connection"* | *"failed to create driver for configured endpoint"*) echo "the datastore does not let k3s in with hybrid-k3s:datastoreEndpoint and cluster.datastoreTls: look at user, password, database and certificates there, and set them again" ;;
    *"has expired or is not yet valid"*) echo "this host's time is $(date -u +%FT%TZ): where that is wrong, here or on the server, set it right (timedatectl set-ntp true); where it is right, restart k3s on the server, which renews its certificates" ;;
    *"signed by unknown authority"* | *"tls: bad certificate"*) echo "node and server do not trust each other's certificates; read the token again: ${ACCESS_REPLACE_COMMAND:-pulumi up --replace URN, with the URN of <first server>-access}" ;;
    *"incompatible down-level server"*) echo "the server runs an older k3s than this node; bring the server up first" ;;
    *"no space left on device"*) echo "a disk is full; make room: df -h, du -xh -d1 /var/lib" ;;
    *"containerd exited"*) echo "containerd says: $(containerd_words); see: /var/lib/rancher/k3s/agent/containerd/containerd.log" ;;
    *"not online in the tailnet"*) echo "this host is not in the tailnet; see: tailscale status" ;;
    *"correct global unicast ip"*) echo "the interface has no address yet; see: tailscale status" ;;
    *"Failed at step"*) echo "systemd cannot run the unit's program; see: systemctl status $UNIT" ;;
    *"i/o timeout"* | *"connection refused"* | *"no route to host"*) echo "the server ${SERVER_IP:-127.0.0.1}:6443 does not answer; check k3s there and the tailnet's policy" ;;
  esac
}

advice() {
  known=$(known_advice "$1")
  echo "${known:-see on the host: journalctl -u $UNIT}"
}
