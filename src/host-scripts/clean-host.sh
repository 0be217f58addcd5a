#!/bin/sh
# Usage: sh -s -- clean-host
# Makes a host what it was before it joined: k3s uninstalled, logged out of the tailnet, and everything that the marker lists taken away.
# Touches nothing on a host without this stack's marker for this node. The marker goes last, so a run that was cut off can be repeated.
# Libraries: lib-marker.sh lib-network-traces.sh lib-api-service.sh
# Needs: NODE_NAME CLUSTER_NAME OWNER
: "${NODE_NAME:?}" "${CLUSTER_NAME:?}" "${OWNER:?}"

problem() {
  say "- $*"
  problems=$((${problems:-0} + 1))
}

has_marker() {
  [ -f "$MARKER" ] || { say "$NODE_NAME: no $MARKER, so nothing on this host is ours; left as it is" && return 1; }
  marker_is_ours && [ "$(marker_value node)" = "$NODE_NAME" ] && return
  say "$NODE_NAME: $MARKER names node $(marker_value node) of cluster $(marker_value cluster), stack $(marker_value stack); left as it is"
  return 1
}

uninstall_k3s() {
  for script in k3s-uninstall.sh k3s-agent-uninstall.sh; do
    [ -x "/usr/local/bin/$script" ] || continue
    say "running $script"
    timeout 180 "/usr/local/bin/$script" >"$SCRATCH/uninstall" 2>&1 || say "$script ended with an error: $(tail -n 2 "$SCRATCH/uninstall")"
  done
  # The uninstaller removes its unit file without telling systemd, which then still calls the unit loaded.
  systemctl daemon-reload
}

# So that the tailnet sends nobody here any more, whatever becomes of the logout.
leave_own_service() { [ ! -s "$SERVICE_NOTE" ] || leave_service "$(cat "$SERVICE_NOTE")"; }

# Best effort: the device is deleted in the tailnet afterwards, whether or not this came through.
log_out() { ! command -v tailscale >/dev/null || aloud timeout 30 tailscale logout || say "could not log out; the device is removed in the tailnet all the same"; }

# Each would have systemd read all its units again, a third of a second a unit; that is done once, when their files are gone.
stop_units() {
  for unit in $(marker_list units); do
    [ "$(systemctl show -P LoadState "$unit")" = loaded ] || continue
    timeout 90 systemctl -q --no-reload disable --now "$unit" || problem "$unit does not stop; see: systemctl status $unit"
  done
}

# A lazy one where it is busy: what is left mounted below would otherwise be emptied along with the folder.
unmount_leftovers() {
  found=$(marker_list mounts)
  awk '$2 ~ /^\/(var\/lib\/(rancher|kubelet)|run\/k3s|run\/netns\/cni-)/ { print $2 }' /proc/self/mounts | sort -r | while read -r mount; do
    printf '%s\n' "$found" | grep -qxF "$mount" || umount "$mount" 2>/dev/null || umount -l "$mount" || true
  done
}

pod_groups() { find /sys/fs/cgroup -depth -type d -path '*/kubepods*'; }

no_pod_group_left() {
  pod_groups | while read -r group; do rmdir "$group" 2>/dev/null || true; done
  [ -z "$(pod_groups)" ]
}

# kubelet's groups for pods outlive them, as slices where systemd was told to make them. A process that was killed takes a moment to be gone.
remove_pod_groups() {
  timeout 30 systemctl -q stop kubepods.slice 2>/dev/null || true
  wait_until 10 "the control groups of pods to be empty" no_pod_group_left || problem "processes of pods still run; see: systemd-cgls | grep -A9 kubepods"
}

# --one-file-system: a volume that is still mounted somewhere below is not ours to empty.
remove_path() {
  case $1 in
    /etc/hybrid-k3s) return 0 ;;
    */) rmdir "$1" 2>/dev/null || true ;;
    *'/*') find "${1%/\*}" -mindepth 1 -maxdepth 1 -exec rm -rf --one-file-system {} + ;;
    *) rm -rf --one-file-system "$1" ;;
  esac
}

remove_files() {
  marker_list files >"$SCRATCH/files"
  while read -r path; do
    remove_path "$path" || problem "$path is not removed; see what holds it: fuser -vm $path"
  done <"$SCRATCH/files"
}

# An uninstaller that was cut off leaves itself and its unit; the marker of an older join does not list them.
expect_k3s_gone() {
  for name in k3s k3s-agent; do
    for path in "/etc/systemd/system/$name.service" "/usr/local/bin/$name-uninstall.sh"; do
      [ ! -e "$path" ] || problem "$path is still there, k3s is not uninstalled; run on the host: sh -x /usr/local/bin/$name-uninstall.sh; rm -f $path"
    done
  done
}

# dpkg, unlike apt, refuses to take along what others have come to need since; those packages stay.
purge_packages() {
  installed=$(for package in $(marker_list packages); do dpkg-query -W -f '${Package}\n' "$package" 2>/dev/null || true; done)
  [ -n "$installed" ] || return 0
  say "removing the packages that joining installed: $(printf '%s\n' "$installed" | paste -sd ' ' -)"
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive timeout 120 dpkg --purge $installed >"$SCRATCH/dpkg" 2>&1 ||
    say "packages that are still needed or locked stay: $(grep -i 'error\|depends' "$SCRATCH/dpkg" | sed -n 1p)"
}

restore_sysctls() {
  marker_list sysctls >"$SCRATCH/sysctls"
  while IFS='=' read -r name value; do
    file=/proc/sys/$(echo "$name" | tr . /)
    [ ! -e "$file" ] || [ "$(cat "$file")" = "$value" ] || echo "$value" >"$file" 2>/dev/null || problem "$name is not put back; run: sysctl -w $name=$value"
  done <"$SCRATCH/sysctls"
}

main() {
  take_lock host
  rm -rf "/run/hybrid-k3s/$NODE_NAME"
  rmdir /run/hybrid-k3s 2>/dev/null || true
  has_marker || return 0
  # Secrets for scripts that were cut off, and the switches of this cluster's servers.
  rm -rf /run/hybrid-k3s
  make_scratch
  uninstall_k3s
  leave_own_service
  log_out
  stop_units
  remove_pod_groups
  unmount_leftovers
  remove_links
  remove_routing
  remove_rules
  remove_empty_tables
  remove_ipsets
  remove_files
  expect_k3s_gone
  systemctl daemon-reload
  for unit in $(marker_list units); do systemctl -q reset-failed "$unit" 2>/dev/null || true; done
  for unit in $(marker_list idle); do timeout 30 systemctl stop "$unit" || true; done
  purge_packages
  restore_sysctls
  [ "${problems:-0}" -eq 0 ] || fail "not everything could be removed (above); the marker stays, so that this can be run again"
  rm -rf /etc/hybrid-k3s
  say "$NODE_NAME: the host is as it was before it joined"
}

main "$@" </dev/null
