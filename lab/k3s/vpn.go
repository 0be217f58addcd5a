package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// vpnAuth is the text of --vpn-auth in parts. Parsing is as blunt as the original's (k3s: pkg/vpn/vpn.go).
type vpnAuth struct {
	name, joinKey, controlServerURL string
	extraArgs                       []string
}

func parseVPNAuth(text string) (vpnAuth, error) {
	var auth vpnAuth
	// A second `,extraArgs=` is dropped; the arguments are split on white space without any quoting.
	parts := strings.Split(text, ",extraArgs=")
	if len(parts) > 1 {
		auth.extraArgs = strings.Fields(parts[1])
	}
	for _, piece := range strings.Split(parts[0], ",") {
		// Only what stands between the first and the second `=` is used; a key without `=` panics, in the original too.
		pair := strings.Split(piece, "=")
		switch pair[0] {
		case "name":
			auth.name = pair[1]
		case "joinKey":
			auth.joinKey = pair[1]
		case "controlServerURL":
			auth.controlServerURL = pair[1]
		default:
			return auth, fmt.Errorf("VPN Error. The passed VPN auth info includes an unknown parameter: %v", pair[0])
		}
	}
	if auth.name != "tailscale" {
		return auth, fmt.Errorf("Requested VPN: %s is not supported. We currently only support tailscale", auth.name)
	}
	if auth.joinKey == "" {
		return auth, errors.New("VPN Error. Tailscale requires a JoinKey")
	}
	if _, err := url.Parse(auth.controlServerURL); err != nil {
		return auth, fmt.Errorf("VPN Error. Invalid control server URL for Tailscale: %w", err)
	}
	return auth, nil
}

// readVPNAuth prefers the file, and waits for it where it is missing.
func readVPNAuth(given settings) (string, error) {
	file := given.one("vpn-auth-file", "")
	if file == "" {
		return given.one("vpn-auth", ""), nil
	}
	limit := time.Now().Add(4 * time.Minute)
	for {
		text, err := os.ReadFile(file)
		if err == nil {
			return strings.TrimSpace(string(text)), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || time.Now().After(limit) {
			return "", err
		}
		logf("info", "Waiting for %s to be available", file)
		time.Sleep(2 * time.Second)
	}
}

// startVPN brings tailscale up unless it runs already, and tells the node's tailnet addresses, v4 first.
func startVPN(text string) ([]netip.Addr, error) {
	auth, err := parseVPNAuth(text)
	if err != nil {
		return nil, err
	}
	logf("info", "Starting VPN: %s", auth.name)
	status, err := tailscaleStatus()
	if err != nil || status.BackendState != "Running" {
		args := []string{"up", "--authkey", auth.joinKey, "--timeout=30s", "--reset"}
		if auth.controlServerURL != "" {
			args = append(args, "--login-server", auth.controlServerURL)
		}
		if _, err := tailscale(append(args, auth.extraArgs...)...); err != nil {
			return nil, fmt.Errorf("tailscale up failed: %w", err)
		}
		if status, err = tailscaleStatus(); err != nil {
			return nil, err
		}
	}
	if len(status.TailscaleIPs) == 0 {
		return nil, errors.New("failed to get the VPN IP addresses: tailscale has none")
	}
	return status.TailscaleIPs, nil
}

type tailscaleState struct {
	BackendState string
	TailscaleIPs []netip.Addr
}

func tailscaleStatus() (tailscaleState, error) {
	var state tailscaleState
	output, err := tailscale("status", "--json")
	if err != nil {
		return state, fmt.Errorf("failed to run tailscale status --json: %w", err)
	}
	return state, json.Unmarshal(output, &state)
}

// withAdvertised puts the routes that are advertised already behind the node's pod network.
func withAdvertised(podCIDR string) string {
	routes := []string{podCIDR}
	var preferences struct{ AdvertiseRoutes []string }
	// An error here is ignored by the original too.
	if output, err := tailscale("debug", "prefs"); err == nil && json.Unmarshal(output, &preferences) == nil {
		for _, route := range preferences.AdvertiseRoutes {
			if route != podCIDR {
				routes = append(routes, route)
			}
		}
	}
	return strings.Join(routes, ",")
}

// tailscale runs the host's own program. Its arguments may hold the join key, so they are never logged.
func tailscale(args ...string) ([]byte, error) {
	limited, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var complaint strings.Builder
	command := exec.CommandContext(limited, "tailscale", args...)
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return output, nil
}
