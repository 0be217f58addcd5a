package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
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

// startNetwork is flannel's part: a bridge for the node's pods, the rules that give packets to elsewhere the node's address, and the way
// to other nodes' pods. With the VPN that is the pod network as a route of the tailnet, whatever backend the server names; else vxlan.
func (m *member) startNetwork(podCIDR netip.Prefix) error {
	if err := forwardPackets(); err != nil {
		return err
	}
	cluster, err := netip.ParsePrefix(m.cluster.PodCIDR)
	if err != nil {
		return err
	}
	if err := masquerade(cluster, podCIDR); err != nil {
		return err
	}
	mtu, err := m.startBackend(podCIDR)
	if err != nil {
		return fmt.Errorf("flannel exited: %w", err)
	}
	text := fmt.Sprintf(networkConfig, mtu, podCIDR)
	// Written in place: containerd 1.6 ignores a file that is renamed into the folder (its watcher skips creations).
	return os.WriteFile(m.path("agent/etc/cni/net.d/10-flannel.conflist"), []byte(text), 0o600)
}

func forwardPackets() error {
	return os.WriteFile("/proc/sys/net/ipv4/conf/all/forwarding", []byte("1"), 0o644)
}

// startBackend tells the MTU that pods get.
func (m *member) startBackend(podCIDR netip.Prefix) (int, error) {
	if m.overVPN {
		link, err := net.InterfaceByName("tailscale0")
		if err != nil {
			return 0, fmt.Errorf("unable to find interface tailscale0: %w", err)
		}
		if err := advertiseRoute(podCIDR.String()); err != nil {
			return 0, fmt.Errorf("failed to run the post-startup command: %w", err)
		}
		return link.MTU, nil
	}
	switch backend := m.cluster.Backend; backend {
	case "vxlan":
		return m.startVXLAN(podCIDR)
	case "none", "host-gw", "wireguard-native", "tailscale":
		return 0, fmt.Errorf("the flannel backend '%s' is not in this stand-in for k3s, which has vxlan", backend)
	default:
		return 0, fmt.Errorf("Cannot configure unknown flannel backend '%s'", backend)
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
