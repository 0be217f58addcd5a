package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"

	"k8s.io/client-go/kubernetes"
)

const networkConfig = `{
  "name": "cbr0",
  "cniVersion": "1.0.0",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "mtu": %d, "isDefaultGateway": true, "forceAddress": true, "hairpinMode": true, "ipMasq": false,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "%s"}]]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`

// startNetwork goes in k3s's order (K3S: pkg/agent/run.go, pkg/executor/embed/embed.go): the labels, the CNI settings that let the Node
// become Ready, flannel beside, and then the policies, which k3s waits for.
func (m *member) startNetwork() error {
	return requestShutdown("failed to start networking", m.configureNetwork())
}

func (m *member) configureNetwork() error {
	podCIDR, err := m.configureNode()
	if err != nil {
		return err
	}
	found, err := m.findBackend()
	if err != nil {
		return err
	}
	text := fmt.Sprintf(networkConfig, found.mtu, podCIDR)
	// Written in place: containerd 1.6 ignores a file that is renamed into the folder (its watcher skips creations).
	if err := os.WriteFile(m.path("agent/etc/cni/net.d/10-flannel.conflist"), []byte(text), 0o600); err != nil {
		return err
	}
	routes := "$SUBNET"
	if m.overVPN {
		routes = withAdvertised(routes)
	}
	client, err := newClient(m.kubeconfig("k3scontroller"))
	if err != nil {
		return err
	}
	waitUntilAllowed(client)
	if m.balancer != nil {
		if err := m.balancer.learnServers(client); err != nil {
			return err
		}
	}
	go func() {
		if err := m.runFlannel(client, found, podCIDR, routes); err != nil {
			m.processes.ended <- requestShutdown("flannel exited", err)
		}
	}()
	return m.startPolicies(client)
}

// runFlannel makes a bridge's rules, which give packets to elsewhere the node's address, and the way to other nodes' pods. With the VPN and
// with --flannel-conf that is what its commands do, whatever backend the server names; else vxlan.
func (m *member) runFlannel(client *kubernetes.Clientset, found backend, podCIDR netip.Prefix, routes string) error {
	conf, err := m.readFlannelConf(found, routes)
	if err != nil {
		return err
	}
	nodes := watchAllNodes(client)
	if found.isVXLAN {
		if err := m.startVXLAN(nodes, podCIDR); err != nil {
			return fmt.Errorf("failed to register flannel network: %w", err)
		}
	} else if err := m.startExtension(conf, podCIDR, found.address); err != nil {
		return err
	}
	cluster, err := netip.ParsePrefix(m.cluster.PodCIDR)
	if err != nil {
		return err
	}
	return errors.Join(forwardPackets(), masquerade(cluster, podCIDR))
}

func forwardPackets() error {
	return os.WriteFile("/proc/sys/net/ipv4/conf/all/forwarding", []byte("1"), 0o644)
}

// backend is the way to other nodes' pods, the MTU that it leaves for pods, and this node's address there.
type backend struct {
	isVXLAN bool
	mtu     int
	address netip.Addr
}

func (m *member) findBackend() (backend, error) {
	if m.overVPN {
		link, err := net.InterfaceByName("tailscale0")
		if err != nil {
			return backend{}, fmt.Errorf("unable to find vpn interface: tailscale0: %w", err)
		}
		return backend{mtu: link.MTU, address: m.addresses[0]}, nil
	}
	if m.given.one("flannel-conf", "") != "" {
		over, err := m.findUnderlay()
		return backend{mtu: over.mtu, address: over.address}, err
	}
	switch name := m.cluster.Backend; name {
	case "vxlan":
		over, err := m.findUnderlay()
		return backend{isVXLAN: true, mtu: over.mtu - vxlanOverhead}, err
	case "none", "host-gw", "wireguard-native", "tailscale":
		return backend{}, fmt.Errorf("the flannel backend '%s' is not in this stand-in for k3s, which has vxlan", name)
	default:
		return backend{}, fmt.Errorf("Cannot configure unknown flannel backend '%s'", name)
	}
}

func carries(link net.Interface, wanted netip.Addr) bool {
	addresses, err := link.Addrs()
	if err != nil {
		return false
	}
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil && prefix.Addr() == wanted {
			return true
		}
	}
	return false
}

// masquerade writes flannel's rules: pod to pod keeps its source, everything else that leaves a pod takes the node's address.
func masquerade(cluster, own netip.Prefix) error {
	rules := fmt.Sprintf(`*nat
:FLANNEL-POSTRTG - [0:0]
-F FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -j RETURN
-A FLANNEL-POSTRTG -s %[2]s -d %[1]s -j RETURN
-A FLANNEL-POSTRTG -s %[1]s -d %[2]s -j RETURN
-A FLANNEL-POSTRTG ! -s %[1]s -d %[2]s -j RETURN
-A FLANNEL-POSTRTG -s %[1]s ! -d 224.0.0.0/4 -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s %[1]s -d %[1]s -j MASQUERADE --random-fully
COMMIT
*filter
:FLANNEL-FWD - [0:0]
-F FLANNEL-FWD
-A FLANNEL-FWD -s %[1]s -j ACCEPT
-A FLANNEL-FWD -d %[1]s -j ACCEPT
COMMIT
`, cluster, own)
	command := exec.Command("iptables-restore", "--noflush", "--wait")
	command.Stdin = strings.NewReader(rules)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("iptables-restore: %w: %s", err, output)
	}
	return errors.Join(appendRule("nat", "POSTROUTING", "flanneld masq", "FLANNEL-POSTRTG"), appendRule("filter", "FORWARD", "flanneld forward", "FLANNEL-FWD"))
}

func appendRule(table, chain, comment, target string) error {
	rule := []string{chain, "-m", "comment", "--comment", comment, "-j", target}
	if exec.Command("iptables", append([]string{"--wait", "-t", table, "-C"}, rule...)...).Run() == nil {
		return nil
	}
	if output, err := exec.Command("iptables", append([]string{"--wait", "-t", table, "-A"}, rule...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("iptables: %w: %s", err, output)
	}
	return nil
}
