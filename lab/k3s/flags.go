package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
)

// flags.json is the list of flags of the real k3s (k3s: pkg/cli/cmds).
//
//go:embed flags.json
var flagsText []byte

type flagKind struct {
	// Takes is value, list or boolean.
	Takes string `json:"takes"`
}

func knownFlags(role string) map[string]flagKind {
	roles := map[string]json.RawMessage{}
	flags := map[string]flagKind{}
	if err := errors.Join(json.Unmarshal(flagsText, &roles), json.Unmarshal(roles[role], &flags)); err != nil {
		panic(err)
	}
	return flags
}

var errHelp = errors.New("help requested")

// shortFlags are the one-letter forms.
var shortFlags = map[string]string{"c": "config", "t": "token", "s": "server", "d": "data-dir", "v": "v", "l": "log"}

// environment gives a flag's value where neither the command line nor the config files do.
var environment = map[string]string{
	"K3S_TOKEN": "token", "K3S_TOKEN_FILE": "token-file", "K3S_URL": "server", "K3S_AGENT_TOKEN": "agent-token",
	"K3S_AGENT_TOKEN_FILE": "agent-token-file", "K3S_NODE_NAME": "node-name", "K3S_VPN_AUTH": "vpn-auth",
	"K3S_VPN_AUTH_FILE": "vpn-auth-file", "K3S_KUBECONFIG_MODE": "write-kubeconfig-mode", "K3S_DATA_DIR": "data-dir",
	"K3S_CLUSTER_INIT": "cluster-init", "K3S_CLUSTER_RESET": "cluster-reset", "K3S_DEBUG": "debug", "K3S_DATASTORE_ENDPOINT": "datastore-endpoint",
	"K3S_DATASTORE_CAFILE": "datastore-cafile", "K3S_DATASTORE_CERTFILE": "datastore-certfile", "K3S_DATASTORE_KEYFILE": "datastore-keyfile",
}

// settings are the values of the flags given, in order; the last counts where one value is wanted.
type settings map[string][]string

func (s settings) one(name, otherwise string) string {
	if values := s[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return otherwise
}

// isSet reads a flag that needs no value.
func (n *node) isSet(name string) bool { return n.given.one(name, "false") == "true" }

// list takes repeated flags and comma separated values alike.
func (s settings) list(name string) []string {
	var all []string
	for _, value := range s[name] {
		for _, part := range strings.Split(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// parseFlags reads --name value, --name=value and bare booleans. An unknown flag is an error in urfave/cli's words.
func parseFlags(role string, args []string) (settings, error) {
	known := knownFlags(role)
	found := settings{}
	for index := 0; index < len(args); index++ {
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[index], "-"), "=")
		if !strings.HasPrefix(args[index], "-") {
			continue
		}
		if long, short := shortFlags[name]; short {
			name = long
		}
		kind, ok := known[name]
		switch {
		case name == "help" || name == "h":
			return nil, errHelp
		case !ok:
			return nil, fmt.Errorf("flag provided but not defined: -%s", name)
		case hasValue:
		case kind.Takes == "boolean":
			value = "true"
		case index+1 == len(args):
			return nil, fmt.Errorf("flag needs an argument: -%s", name)
		default:
			index++
			value = args[index]
		}
		found[name] = append(found[name], value)
	}
	return found, nil
}

// fillFromEnvironment is last in rank: the command line and the config files come before it.
func fillFromEnvironment(role string, found settings) {
	known := knownFlags(role)
	for variable, name := range environment {
		value := os.Getenv(variable)
		if _, ok := known[name]; ok && value != "" && len(found[name]) == 0 {
			found[name] = []string{value}
		}
	}
}

func printFlags(role string) {
	known := knownFlags(role)
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Printf("NAME:\n   k3s %s\n\nUSAGE:\n   k3s %s [OPTIONS]\n\nOPTIONS:\n", role, role)
	for _, name := range names {
		if known[name].Takes == "boolean" {
			fmt.Printf("   --%s\n", name)
		} else {
			fmt.Printf("   --%s value\n", name)
		}
	}
	fmt.Print("   --help, -h  show help\n")
}
