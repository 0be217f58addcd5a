package main

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// The real programs, each run as a process of its own: two in one process clash over the signal handler.
var programs = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              proxy.NewProxyCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

// runProgram becomes one of the real programs. `args` starts with its name, as os.Args does.
func runProgram(args []string) int {
	name := args[0]
	syscall.CloseOnExec(faultFile)
	nameProcess(calledAs())
	if name == "etcd" {
		if err := runEtcd(args[1]); err != nil {
			tellFault(err)
			return 1
		}
		return 0
	}
	os.Args = args
	if err := cli.RunNoErrOutput(programs[name]()); err != nil {
		tellFault(err)
		return 1
	}
	return 0
}

// runKubectl is kubectl, for the local cluster unless something else is asked for.
func runKubectl(args []string) int {
	if _, given := os.LookupEnv("KUBECONFIG"); !given {
		if _, err := os.Stat(defaultKubeconfig); err == nil {
			os.Setenv("KUBECONFIG", defaultKubeconfig)
		}
	}
	os.Args = append([]string{"kubectl"}, args...)
	return cli.Run(kubectl.NewDefaultKubectlCommand())
}

func isProgram(name string) bool {
	_, known := programs[name]
	return known || name == "etcd"
}

// calledAs is the name that a symbolic link gave to this file: kubectl, crictl or ctr.
func calledAs() string { return filepath.Base(os.Args[0]) }
