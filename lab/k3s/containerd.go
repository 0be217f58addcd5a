package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	containerdSocket  = "/run/k3s/containerd/containerd.sock"
	containerdProgram = "/usr/bin/containerd"
	plugins           = "/usr/lib/cni"
	// containerd 2 makes it for node resource plugins, and k3s's uninstall leaves it.
	pluginFolder = "/run/nri"
)

// The settings of Debian's containerd 1.6, whose CRI plugin reads version 2.
const containerdConfig = `version = 2
root = "%[1]s/agent/containerd"
state = "/run/k3s/containerd"

[grpc]
address = "` + containerdSocket + `"

[plugins."io.containerd.internal.v1.opt"]
path = "%[1]s/agent/containerd"

[plugins."io.containerd.grpc.v1.cri"]
stream_server_address = "127.0.0.1"
stream_server_port = "10010"
sandbox_image = "%[2]s"
enable_selinux = false
%[3]s
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "%[4]s"
conf_dir = "%[1]s/agent/etc/cni/net.d"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = %[5]t
`

// isSystemdUnit decides who makes the control groups of pods: systemd, on either version of them, where it started k3s
// (k3s: pkg/agent/containerd/config_linux.go).
func isSystemdUnit() bool { return os.Getenv("INVOCATION_ID") != "" }

// startContainerd returns once it answers and the images that lie ready are imported. Pods of an earlier run go on meanwhile.
func (m *member) startContainerd() error {
	config := m.path("agent/etc/containerd/config.toml")
	for _, folder := range []string{filepath.Dir(config), m.path("agent/containerd"), "/run/k3s/containerd", pluginFolder, m.path("agent/etc/cni/net.d")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	dropIns, err := runtimeDropIns(m.path("agent/etc/containerd/config-v3.toml.d"))
	if err != nil {
		return err
	}
	pause := m.given.one("pause-image", "rancher/mirrored-pause:3.6")
	text := fmt.Sprintf(containerdConfig, m.dataDir, pause, dropIns, plugins, isSystemdUnit())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	if err := m.processes.run(nil, containerdProgram, "--config", config, "--log-level", "warn"); err != nil {
		return err
	}
	poll(50*time.Millisecond, func() error { return canDial("unix", containerdSocket) })
	return m.importImages()
}

// runtimeDropIns takes over the settings of one section, the CRI runtime's, from drop-ins written for the containerd 2 of the real
// k3s. containerd 1.6 has them in another section, and merging whole files would drop what stands there.
func runtimeDropIns(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.toml"))
	if err != nil {
		return "", err
	}
	slices.Sort(files)
	var taken []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		section := ""
		for _, line := range strings.Split(string(content), "\n") {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "version"):
			case strings.HasPrefix(line, "["):
				section = strings.Trim(line, "[] ")
			case section == `plugins.'io.containerd.cri.v1.runtime'`:
				taken = append(taken, line+"\n")
			default:
				return "", fmt.Errorf("%s: the stand-in for k3s takes only settings of plugins.'io.containerd.cri.v1.runtime', not %q of %q", file, line, section)
			}
		}
	}
	return strings.Join(taken, ""), nil
}
