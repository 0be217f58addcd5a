# shellcheck shell=sh
# Whether this server reaches a node's pods. Needs SCRATCH INTEGRATION and lib-tailnet.sh.

# is_this_host IP
is_this_host() { [ "$1" = "$(tailnet_ip)" ]; }

# device_serves IP CIDR: by the node's own device: where two devices offer one podCIDR, traffic goes to the one that is not the node.
device_serves() { tailnet_devices | awk -v ip="$1" -v route="$2" '$1 == ip && index("," $4 ",", "," route ",") { found = 1 } END { exit !found }'; }

# Table 52 is where tailscaled keeps the routes that it accepted; a node's own podCIDR is never there.
is_routed() {
  device_serves "$1" "$2" || return 1
  is_this_host "$1" || [ -n "$(ip -4 route show table 52 "$2" 2>/dev/null)" ]
}

# flannel.1 has the first address of the podCIDR, and the kubelet listens on every address of its host; any answer will do.
answers_in_vxlan() {
  if is_this_host "$1"; then
    [ -n "$(ip -o link show flannel.1 2>/dev/null)" ]
  else
    curl -sk -o /dev/null --connect-timeout 2 --max-time 5 "https://${2%/*}:10250/healthz"
  fi
}

# has_way IP CIDR: of the node with this address and podCIDR.
has_way() { if [ "$INTEGRATION" = flannel-iface ]; then answers_in_vxlan "$@"; else is_routed "$@"; fi; }

# knock IP: whether anything comes back from a pod. That it refuses the port is an answer, and so is a network policy's refusal, which its node
# sends; what does not arrive there meets silence, or a router's word that there is no way.
knock() {
  curl -sv -o /dev/null --connect-timeout 2 --max-time 3 "http://$1:9/" >"$SCRATCH/knock" 2>&1 && return
  grep -qE 'Connection refused|Connected to |Connection reset' "$SCRATCH/knock"
}

# any_pod_answers NODE: whether one of the first pods on it does. Without one there is nobody to ask. A pod of ours would need an image, a
# namespace and whatever admits pods in this cluster, and would fail for reasons of its own.
any_pod_answers() {
  kubectl get pods --all-namespaces --field-selector "spec.nodeName=$1,status.phase=Running" -o \
    'go-template={{range .items}}{{if not .spec.hostNetwork}}{{.status.podIP}}{{"\n"}}{{end}}{{end}}' >"$SCRATCH/pod-ips" 2>"$SCRATCH/api-error" || return 1
  grep -F . "$SCRATCH/pod-ips" | sed -n 1,4p >"$SCRATCH/asked-pods"
  [ -s "$SCRATCH/asked-pods" ] || return 0
  while read -r address; do ! knock "$address" || return 0; done <"$SCRATCH/asked-pods"
  return 1
}
