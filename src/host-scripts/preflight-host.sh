#!/bin/sh
# Usage: sh -s -- preflight-host
# Looks whether this host can become a node. Changes nothing. Prints every fault on stderr, one a line: `- what was seen; what to do`.
# Ends with 1 if there is any. A host that carries our own marker is accepted.
# Libraries: lib-marker.sh lib-download.sh lib-host-faults.sh lib-kernel-faults.sh lib-network-faults.sh lib-ownership-faults.sh
# Needs: NODE_NAME CLUSTER_NAME OWNER ROLE (server, agent) POD_CIDR SERVICE_CIDR K3S_PORTS (TCP, one a line)
#   NOW_EPOCH (the operator's clock)
# May have: CHECK_URLS (one a line) CA_PEM (trusted besides the host's own authorities)
#   KERNEL_DEFAULTS (true: kubelet refuses other kernel settings than its own) OTHER_NODE_NAMES (one a line; from the tool, as the clock is)
#   EXPECT_OURS (yes: a node answers under another host key than before, and must carry this very node's marker)
# Prints: `claimed` where the host carries our marker
: "${NODE_NAME:?}" "${CLUSTER_NAME:?}" "${OWNER:?}" "${ROLE:?}" "${POD_CIDR:?}" "${SERVICE_CIDR:?}" "${K3S_PORTS:?}" "${NOW_EPOCH:?}"

# shellcheck disable=SC2034 # finish in lib.sh reads explained
fault() {
  say "- $1; $2"
  explained=yes
  faults=$((${faults:-0} + 1))
}

main() {
  make_scratch
  start_url_checks
  check_root
  check_system
  check_programs
  check_tun
  check_clock
  check_disk
  check_memory
  check_selinux
  check_control_groups
  check_kmsg
  check_kernel_defaults
  check_hostname
  check_marker
  check_foreign_k3s
  check_foreign_tailnet
  check_ports
  check_ufw
  check_firewalld
  check_iptables_mode
  check_routes
  check_default_route
  finish_url_checks
  ! is_claimed || echo claimed
  [ "${faults:-0}" -eq 0 ]
}

main "$@" </dev/null
