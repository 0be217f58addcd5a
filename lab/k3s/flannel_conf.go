package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
)

// flannelConf is what flannel reads of its network configuration for the backend `extension` (flannel: pkg/subnet/config.go,
// pkg/backend/extension). Other keys are ignored, the ShutdownCommand that k3s writes for its VPN among them.
type flannelConf struct {
	Network prefix
	Backend json.RawMessage
}

type extension struct {
	Type, PreStartupCommand, PostStartupCommand string
}

// prefix is an IPv4 network; the zero one where none is given.
type prefix struct{ netip.Prefix }

func (p *prefix) UnmarshalJSON(text []byte) (err error) {
	p.Prefix, err = netip.ParsePrefix(strings.Trim(string(text), `"`))
	return err
}

// readFlannelConf reads the file of --flannel-conf, or gives what k3s makes of its VPN flag; nothing where k3s's own vxlan is all there is.
func (m *member) readFlannelConf(found backend, routes string) (flannelConf, error) {
	conf, err := m.parseFlannelConf(routes)
	if err != nil {
		return conf, fmt.Errorf("failed to create the SubnetManager: %w", err)
	}
	if found.isVXLAN {
		return conf, nil
	}
	name, err := conf.backendOf()
	switch {
	case err != nil:
		return conf, fmt.Errorf("failed to create the SubnetManager: %w", err)
	case name == "vxlan" || name == "host-gw" || name == "wireguard" || name == "ipsec":
		return conf, fmt.Errorf("the flannel backend '%s' of --flannel-conf is not in this stand-in for k3s, which has extension", name)
	case name != "extension":
		return conf, fmt.Errorf("failed to create the flannel backend: unknown backend type: %s", name)
	}
	return conf, nil
}

func (m *member) parseFlannelConf(routes string) (flannelConf, error) {
	var conf flannelConf
	if file := m.given.one("flannel-conf", ""); file != "" {
		logf("info", "Using custom flannel conf defined at %s", file)
		text, err := os.ReadFile(file)
		if err != nil {
			return conf, fmt.Errorf("failed to read net conf: %w", err)
		}
		if err := json.Unmarshal(text, &conf); err != nil {
			return conf, fmt.Errorf("error parsing subnet config: %w", err)
		}
		return conf, nil
	}
	network, err := netip.ParsePrefix(m.cluster.PodCIDR)
	if err != nil {
		return conf, err
	}
	conf.Network.Prefix = network
	conf.Backend, err = json.Marshal(extension{Type: "extension", PostStartupCommand: "tailscale set --accept-routes --advertise-routes=" + routes})
	return conf, err
}

// startExtension tells the other nodes of this one and runs its commands, once a start. Nothing runs when k3s stops.
func (m *member) startExtension(conf flannelConf, own netip.Prefix, address netip.Addr) error {
	var commands extension
	if err := json.Unmarshal(conf.Backend, &commands); err != nil {
		return fmt.Errorf("failed to register flannel network: error decoding backend config: %w", err)
	}
	data := ""
	if words := strings.Fields(commands.PreStartupCommand); len(words) > 0 {
		said, err := m.runWithoutShell(words, nil)
		if err != nil {
			return fmt.Errorf("failed to register flannel network: failed to run command: %s Err: %v Output: %s", commands.PreStartupCommand, err, said)
		}
		text, err := json.Marshal(said)
		if err != nil {
			return err
		}
		data = string(text)
	}
	if err := m.annotateNode(map[string]string{backendType: "extension", backendData: data, publicAddress: address.String(), subnetManager: "true"}); err != nil {
		return err
	}
	network := conf.Network.Prefix
	if !network.IsValid() {
		network = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	if !conf.Network.IsValid() || network.Bits() > own.Bits() || !network.Contains(own.Addr()) {
		return fmt.Errorf("failed to register flannel network: failed to acquire lease: subnet %q specified in the flannel net config doesn't contain %q PodCIDR of the %q node",
			network, own, m.name)
	}
	if words := strings.Fields(commands.PostStartupCommand); len(words) > 0 {
		variables := map[string]string{"NETWORK": network.String(), "SUBNET": own.String(), "IPV6SUBNET": "::/0", "PUBLIC_IP": address.String(), "PUBLIC_IPV6": "<nil>"}
		if said, err := m.runWithoutShell(words, variables); err != nil {
			return fmt.Errorf("failed to register flannel network: failed to run command: %s Err: %v Output: %s", commands.PostStartupCommand, err, said)
		}
		logf("info", "Ran command: %s", commands.PostStartupCommand)
	}
	return nil
}

// backendOf is the name by which flannel looks for a backend.
func (c flannelConf) backendOf() (string, error) {
	if len(c.Backend) == 0 {
		return "udp", nil
	}
	var backend struct{ Type string }
	if err := json.Unmarshal(c.Backend, &backend); err != nil {
		return "", fmt.Errorf("error parsing subnet config: error decoding Backend property of config: %w", err)
	}
	return backend.Type, nil
}

// runWithoutShell runs words without a shell, with variables in their places, and gives what they printed. In k3s's own folder: the one that
// it was started in may be gone.
func (m *member) runWithoutShell(words []string, variables map[string]string) (string, error) {
	expanded := make([]string, len(words))
	for i, word := range words {
		expanded[i] = os.Expand(word, func(name string) string {
			if value, there := variables[name]; there {
				return value
			}
			return os.Getenv(name)
		})
	}
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(limited, expanded[0], expanded[1:]...)
	command.Dir = m.path("agent")
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}
