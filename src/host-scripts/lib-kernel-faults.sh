# shellcheck shell=sh
# What kubelet needs of the kernel, or of a container's own host. Part of preflight-host.sh.

# With one hierarchy the kernel lists what it offers there, else in /proc/cgroups, its last column telling what is switched on.
control_groups() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then tr ' ' '\n' </sys/fs/cgroup/cgroup.controllers; else awk '$4 == 1 { print $1 }' /proc/cgroups; fi
}

# k3s: pkg/cgroups/cgroups_linux.go; pids: pkg/daemons/agent/agent_linux.go. Raspberry Pi's kernels begin without memory.
check_control_groups() {
  offered=$(control_groups)
  absent_groups=$(for group in cpu cpuset memory pids; do printf '%s\n' "$offered" | grep -qx "$group" || echo "$group"; done | paste -sd ' ' -)
  [ -z "$absent_groups" ] || fault "the kernel has these control groups switched off: $absent_groups" \
    "add cgroup_enable=memory cgroup_memory=1 (or cgroup_enable=cpuset) to its command line and reboot: /boot/firmware/cmdline.txt on a Raspberry Pi, else /etc/default/grub and update-grub; where this host is a container, let its own host pass them in"
}

# kubelet: pkg/kubelet/kubelet.go, oomwatcher.NewWatcher.
check_kmsg() { [ -e /dev/kmsg ] || fault "/dev/kmsg is missing, which kubelet reads" "where this host is a container, let its own host pass the device in"; }

# kubelet: pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables. Without protect-kernel-defaults it sets them itself.
check_kernel_defaults() {
  [ "${KERNEL_DEFAULTS:-}" = true ] || return 0
  others=$(for setting in vm.overcommit_memory=1 vm.panic_on_oom=0 kernel.panic=10 kernel.panic_on_oops=1 kernel.keys.root_maxkeys=1000000 kernel.keys.root_maxbytes=25000000; do
    [ "$(cat "/proc/sys/$(echo "${setting%=*}" | tr . /)" 2>/dev/null)" = "${setting#*=}" ] || echo "$setting"
  done | paste -sd ' ' -)
  [ -z "$others" ] || fault "protect-kernel-defaults is set, and kubelet's kernel settings are not: $others" \
    "run: sysctl -w $others; and put them into /etc/sysctl.d for the next boot"
}
