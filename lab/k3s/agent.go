package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// startAgent returns once the node's own programs run.
func (m *member) startAgent() error {
	for name, stem := range map[string]string{"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy", "k3scontroller": "client-k3s-controller"} {
		if err := writeKubeconfig(m.kubeconfig(name), 0o600, m.apiURL, m.path("agent/server-ca.crt"), m.path("agent", stem)); err != nil {
			return err
		}
	}
	if err := m.startContainerd(); err != nil {
		return requestShutdown("failed to start container runtime", err)
	}
	if err := m.writeKubeletConfig(); err != nil {
		return err
	}
	return inOrder(
		func() error { return m.processes.run(nil, m.kubeletArguments()...) },
		func() error { return m.processes.run(nil, m.proxyArguments()...) },
	)
}

// kubeconfig is one of kubelet, kubeproxy and k3scontroller, the last for k3s's own controllers on the node.
func (m *member) kubeconfig(name string) string { return m.path("agent", name+".kubeconfig") }

func (m *member) kubeletArguments() []string {
	addresses := make([]string, 0, len(m.addresses))
	for _, address := range m.addresses {
		addresses = append(addresses, address.String())
	}
	arguments := []string{
		"kubelet", "--config-dir=" + m.kubeletConfigs(), "--kubeconfig=" + m.kubeconfig("kubelet"),
		"--hostname-override=" + m.name, "--node-ip=" + strings.Join(addresses, ","),
	}
	// The kubelet looks at these two only when it registers a Node that is not there yet; see applyLabels.
	if labels := m.given.list("node-label"); len(labels) > 0 {
		arguments = append(arguments, "--node-labels="+strings.Join(labels, ","))
	}
	if taints := m.given.list("node-taint"); len(taints) > 0 {
		arguments = append(arguments, "--register-with-taints="+strings.Join(taints, ","))
	}
	return append(arguments, extraArguments(m.given, "kubelet-arg")...)
}

func (m *member) proxyArguments() []string {
	arguments := []string{
		"kube-proxy", "--kubeconfig=" + m.kubeconfig("kubeproxy"), "--hostname-override=" + m.name,
		"--cluster-cidr=" + m.cluster.PodCIDR, "--proxy-mode=iptables", "--healthz-bind-address=127.0.0.1", "--metrics-bind-address=127.0.0.1",
	}
	return append(arguments, extraArguments(m.given, "kube-proxy-arg")...)
}

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[1]s/client-ca.crt}
authorization: {mode: Webhook}
tlsCertFile: %[1]s/serving-kubelet.crt
tlsPrivateKeyFile: %[1]s/serving-kubelet.key
containerRuntimeEndpoint: unix://` + containerdSocket + `
cgroupDriver: %[2]s
clusterDNS: [%[3]s]
clusterDomain: %[4]s
resolvConf: %[5]s
evictionHard: {imagefs.available: "5%%", nodefs.available: "5%%"}
failSwapOn: false
healthzBindAddress: 127.0.0.1
nodeStatusReportFrequency: 5m
nodeStatusUpdateFrequency: 10s
`

// kubeletConfigs is the folder that k3s's own settings for the kubelet and those of its users are merged from, in the order of their names.
func (m *member) kubeletConfigs() string { return m.path("agent/etc/kubelet.conf.d") }

func (m *member) writeKubeletConfig() error {
	driver := "cgroupfs"
	if isSystemdUnit() {
		driver = "systemd"
	}
	resolver, err := m.resolvConf()
	if err != nil {
		return err
	}
	text := fmt.Sprintf(kubeletConfig, m.path("agent"), driver, m.cluster.ClusterDNS, m.cluster.Domain, resolver)
	return errors.Join(os.MkdirAll(m.kubeletConfigs(), 0o700), os.WriteFile(filepath.Join(m.kubeletConfigs(), "00-k3s-defaults.conf"), []byte(text), 0o600))
}

// resolvConf is the first file with name servers that a pod can reach too; a made one otherwise (k3s: pkg/agent/config, locateOrGenerateResolvConf).
func (m *member) resolvConf() (string, error) {
	if given := m.given.one("resolv-conf", ""); given != "" {
		return given, nil
	}
	for _, file := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"} {
		if reachableServers(file) {
			return file, nil
		}
	}
	file := m.path("agent/etc/resolv.conf")
	return file, errors.Join(os.MkdirAll(m.path("agent/etc"), 0o755), os.WriteFile(file, []byte("nameserver 8.8.8.8\n"), 0o644))
}

func reachableServers(file string) bool {
	content, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	found := false
	for _, line := range strings.Split(string(content), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		address, err := netip.ParseAddr(fields[1])
		if err != nil || !address.IsGlobalUnicast() {
			return false
		}
		found = true
	}
	return found
}
