// Command k3s stands in for k3s in a lab that cannot download it: it keeps k3s's contract (commands, config files, tokens, VPN
// integration, unit readiness) and runs the real Kubernetes programs under it. Equipment of the lab: the program under test must not know it.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"k8s.io/component-base/version"
)

const defaultKubeconfig = "/etc/rancher/k3s/k3s.yaml"

func main() {
	switch name := calledAs(); name {
	case "kubectl", "crictl", "ctr":
		os.Exit(runCommand(name, os.Args[1:]))
	}
	if len(os.Args) < 2 {
		printCommands()
		return
	}
	os.Exit(runCommand(os.Args[1], os.Args[2:]))
}

func runCommand(name string, args []string) int {
	if isProgram(name) {
		return runProgram(append([]string{name}, args...))
	}
	switch name {
	case "kubectl":
		return runKubectl(args)
	case "ctr", "crictl":
		return runContainerTool(name, args)
	case "server", "agent":
		return runNode(name, args)
	case "etcd-snapshot":
		return runSnapshotCommand(args)
	case "--version", "-v":
		fmt.Printf("k3s version %s (stand-in)\ngo version %s\n", version.Get().GitVersion, runtime.Version())
		return 0
	case "--help", "-h", "help":
		printCommands()
		return 0
	}
	fmt.Fprintf(os.Stderr, "No help topic for '%s'\n", name)
	return 3
}

func printCommands() {
	fmt.Print(`NAME:
   k3s - Kubernetes, but small and simple (stand-in of the lab)

USAGE:
   k3s [global options] command [command options] [arguments...]

COMMANDS:
   server         Run management server
   agent          Run node agent
   kubectl        Run kubectl
   crictl         Run crictl
   ctr            Run ctr
   etcd-snapshot  Manage etcd snapshots
   help, h        Shows a list of commands or help for one command

GLOBAL OPTIONS:
   --help, -h     show help
   --version, -v  print the version
`)
}

// runContainerTool hands over to the host's own tool, pointed at k3s's containerd.
func runContainerTool(name string, args []string) int {
	file, err := exec.LookPath("/usr/bin/" + name)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s is not on this host, and the stand-in for k3s brings none\n", name)
		return 1
	}
	options := []string{name, "--address", containerdSocket, "--namespace", "k8s.io"}
	if name == "crictl" {
		options = []string{name, "--runtime-endpoint", "unix://" + containerdSocket}
	}
	fmt.Fprintln(os.Stderr, syscall.Exec(file, append(options, args...), os.Environ()))
	return 1
}

// runNode is `k3s server` and `k3s agent`.
func runNode(role string, args []string) int {
	settings, err := readSettings(role, args)
	if err == errHelp {
		printFlags(role)
		return 0
	}
	if err == nil {
		err = startNode(role, settings)
	}
	return statusOf(err)
}
