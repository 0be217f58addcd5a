/** The port of a server's Kubernetes API, and of the supervisor that nodes join by (k3s: pkg/cli/cmds). */
const API_PORT = 6443;
/** The kubelet's own API: logs, exec and metrics (k3s: pkg/daemons/control/server.go). */
const KUBELET_PORT = 10250;
/**
 * Embedded etcd's for clients and for peers, on a server's own address (k3s: pkg/etcd/etcd.go).
 * @type {readonly [2379, 2380]}
 */
const ETCD_PORTS = [2379, 2380];
/** Of flannel's vxlan on Linux (flannel-io/flannel: Documentation/backends.md). */
const VXLAN_PORT = 8472;

module.exports = { API_PORT, ETCD_PORTS, KUBELET_PORT, VXLAN_PORT };
