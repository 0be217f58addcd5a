#!/bin/sh
# Usage: build-rootfs.sh metal|cloud TARGET
# Makes the hosts' root file system, a Debian bookworm with systemd and sshd, in the folder TARGET (which must not exist yet): for metal
# hosts, or as a cloud's image, which has cloud-init too. Its content, packages included, is the cache's key: see root-file-system.ts.
set -eu

variant=$1
target=$2

# What the facts about booted hosts ask for, then what k3s would bring by itself and its stand-in takes from Debian. A host of the lab reaches no place
# that packages come from: what joining would install, it has.
packages="systemd,systemd-sysv,dbus,openssh-server,sudo,ca-certificates,curl,procps,kmod"
packages="$packages,iproute2,iputils-ping,iptables,nftables,ipset,conntrack,sqlite3"
packages="$packages,containerd,runc,containernetworking-plugins,etcd-server"
[ "$variant" != cloud ] || packages="$packages,cloud-init"

# Nothing in a host may wait for hardware, a console or the time of day; containerd and etcd are only there for k3s to start.
masked="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  getty.target console-getty.service systemd-logind.service systemd-networkd.service systemd-resolved.service
  systemd-timesyncd.service systemd-update-utmp.service systemd-pstore.service containerd.service etcd.service
  systemd-journal-catalog-update.service systemd-update-done.service systemd-boot-system-token.service
  remote-fs.target systemd-network-generator.service nftables.service ldconfig.service"

# Its own mount and process namespace: an interrupted build leaves nothing mounted and nothing running.
if [ "${3:-}" != inside ]; then
  exec unshare --mount --pid --fork --kill-child=KILL --mount-proc --propagation private "$0" "$variant" "$target" inside
fi

mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include="$packages" \
  --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$target"

for unit in $masked; do
  ln -sf /dev/null "$target/etc/systemd/system/$unit"
done
# Each host gets its own of these.
rm -f "$target"/etc/ssh/ssh_host_* "$target/etc/machine-id" "$target/etc/hostname" "$target/etc/resolv.conf"
rm -f "$target/var/lib/dbus/machine-id"
rm -rf "$target"/var/lib/apt/lists/* "$target"/var/cache/apt/*.bin "$target"/var/cache/apt/archives/*.deb
mkdir -p "$target/var/log/journal"
