package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/component-base/version"
)

// node is what server and agent have in common.
type node struct {
	role, name, dataDir string
	given               settings
	addresses           []netip.Addr
	overVPN             bool
	started             time.Time
	processes           *processes
}

func startNode(role string, given settings) error {
	if os.Geteuid() != 0 {
		return errors.New("k3s must be run as root")
	}
	n := &node{role: role, given: given, dataDir: given.one("data-dir", "/var/lib/rancher/k3s"), processes: newProcesses("k3s-" + role), started: time.Now()}
	nameProcess("k3s-" + role)
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	n.name = strings.ToLower(given.one("node-name", hostname))
	logf("info", "Starting k3s %s %s (stand-in)", role, version.Get().GitVersion)
	if err := n.findAddresses(); err != nil {
		return err
	}
	if role == "agent" && given.one("server", "") == "" {
		return errors.New("--server is required")
	}
	if err := n.checkReset(); err != nil {
		return err
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	failed := make(chan error, 1)
	go func() { failed <- n.run() }()
	for {
		select {
		case <-stopped:
			n.processes.stop()
			return nil
		case err := <-n.processes.ended:
			n.processes.stop()
			return err
		case err := <-failed:
			if err != nil {
				n.processes.stop()
				return err
			}
		}
	}
}

// run brings everything up and returns; the programs go on.
func (n *node) run() error {
	if n.role == "agent" {
		joined, err := n.join(n.given.one("server", ""))
		if err != nil {
			return err
		}
		return inOrder(joined.startAgent, joined.startNetwork, notifyReady)
	}
	started := make(chan error, 2)
	server, err := n.newServer()
	if err != nil {
		return err
	}
	if n.isSet("cluster-reset") {
		return server.reset()
	}
	go func() { started <- inOrder(server.start, notifyReady) }()
	go func() {
		joined, err := n.join("https://127.0.0.1:6443")
		if err == nil {
			err = inOrder(joined.startAgent, joined.startNetwork)
		}
		started <- err
	}()
	// The first failure ends k3s; the other half may be waiting for ever.
	if err := <-started; err != nil {
		return err
	}
	return <-started
}

func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// findAddresses are the tailnet's where the VPN is asked for, whatever node-ip says.
func (n *node) findAddresses() error {
	text, err := readVPNAuth(n.given)
	if err != nil {
		return err
	}
	if text != "" {
		for _, flag := range []string{"node-ip", "advertise-address"} {
			if n.given.one(flag, "") != "" {
				logf("warning", "VPN provider overrides configured %s parameter", flag)
			}
		}
		n.overVPN = true
		n.addresses, err = startVPN(text)
		return err
	}
	for _, address := range n.given.list("node-ip") {
		parsed, err := netip.ParseAddr(address)
		if err != nil {
			return fmt.Errorf("invalid node-ip: invalid ip format '%s'", address)
		}
		n.addresses = append(n.addresses, parsed)
	}
	if len(n.addresses) > 0 {
		return nil
	}
	if name := n.given.one("flannel-iface", ""); name != "" {
		address, err := addressOf(name)
		n.addresses = []netip.Addr{address}
		return err
	}
	address, err := routedAddress()
	n.addresses = []netip.Addr{address}
	return err
}

// routedAddress is the node's own on the way to the outside.
func routedAddress() (netip.Addr, error) {
	// No packet is sent: this only asks the routing table which address a packet to the outside would carry.
	connection, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		return netip.Addr{}, fmt.Errorf("no default routes found: %w", err)
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).AddrPort().Addr(), nil
}

// addressOf is what k3s does with --flannel-iface where no --node-ip is given (K3S: pkg/util/net.go).
func addressOf(name string) (netip.Addr, error) {
	link, err := net.InterfaceByName(name)
	var address netip.Addr
	if err == nil {
		address, err = firstIPv4(*link)
	}
	if err != nil {
		return address, fmt.Errorf("interface %s does not have a correct global unicast ip: %w", name, err)
	}
	logf("info", "Found ip %s from iface %s", address, name)
	return address, nil
}

// advertiseAddress is where others find the API server; an external address goes before the node's own, but not before the VPN's.
func (n *node) advertiseAddress() string {
	if n.overVPN {
		return n.addresses[0].String()
	}
	own := n.addresses[0].String()
	if external := n.given.list("node-external-ip"); len(external) > 0 {
		own = external[0]
	}
	return n.given.one("advertise-address", own)
}

func (n *node) path(parts ...string) string {
	return filepath.Join(append([]string{n.dataDir}, parts...)...)
}

// notifyReady tells systemd that the unit is up (sd_notify(3)).
func notifyReady() error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	if strings.HasPrefix(socket, "@") {
		socket = "\x00" + socket[1:]
	}
	connection, err := net.Dial("unixgram", socket)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = connection.Write([]byte("READY=1"))
	return err
}

// nameProcess sets what ps and ss show (proc(5): comm).
func nameProcess(name string) {
	if err := os.WriteFile("/proc/self/comm", []byte(name), 0o644); err != nil {
		logf("warning", "naming the process %s: %v", name, err)
	}
}

var errNotYet = errors.New("not yet")

// poll repeats a check until it succeeds. Nothing in k3s gives up by itself: a failing agent stays in "activating" (facts 4).
func poll(every time.Duration, check func() error) {
	for check() != nil {
		time.Sleep(every)
	}
}

func cutEntry(entry string) (string, string, bool) { return strings.Cut(entry, "=") }
