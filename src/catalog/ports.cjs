/** The port of a server's Kubernetes API, and of the supervisor that nodes join by (k3s: pkg/cli/cmds). */
const API_PORT = 6443;
/** The kubelet's own API: logs, exec and metrics (k3s: pkg/daemons/control/server.go). */
const KUBELET_PORT = 10250;
/** Of flannel's vxlan on Linux (flannel-io/flannel: Documentation/backends.md). */
const VXLAN_PORT = 8472;

module.exports = { API_PORT, KUBELET_PORT, VXLAN_PORT };
