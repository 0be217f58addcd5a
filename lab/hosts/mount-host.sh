#!/bin/sh
# Usage: mount-host.sh STATE_DIR NAME ROOT_FILE_SYSTEM <settings
# Puts the host NAME's file system together: the shared root file system, the lab's common files above it, the host's own on top; then
# its own settings, where they are not there yet. Runs inside the lab's namespaces. Settings, on standard input, one a line:
#   host-keys                the SSH host keys that the lab made for it; without, the host has none
#   files DIRECTORY          a tree of files that goes over the host's
#   user NAME sudo|plain     a user that the operator's key opens
#   without PACKAGE          a Debian package that this host does not have
set -eu

state=$1
name=$2
root_file_system=$3
host=$state/hosts/$name
root=$host/root

authorize() {
  mkdir -p "$root$1/.ssh"
  chmod 0700 "$root$1/.ssh"
  cp "$state/ssh/operator.pub" "$root$1/.ssh/authorized_keys"
  chmod 0600 "$root$1/.ssh/authorized_keys"
}

add_user() {
  if [ "$1" = root ]; then
    authorize /root
    return
  fi
  chroot "$root" useradd --create-home --shell /bin/bash "$1"
  authorize "/home/$1"
  chroot "$root" chown -R "$1:$1" "/home/$1/.ssh"
  if [ "$2" = sudo ]; then
    echo "$1 ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$1"
    chmod 0440 "$root/etc/sudoers.d/$1"
  fi
}

install_host() {
  echo "$name" >"$root/etc/hostname"
  # As Debian's installer does; sudo asks for its host's own name.
  echo "127.0.1.1 $name" >>"$root/etc/hosts"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  while read -r verb first second; do
    case $verb in
      host-keys) cp "$state/ssh/hosts/$name"/ssh_host_* "$root/etc/ssh/" ;;
      files) cp -R "$first/." "$root/" ;;
      user) add_user "$first" "$second" ;;
      # sudo will not go where root has no password, unless told so.
      without) SUDO_FORCE_REMOVE=yes chroot "$root" dpkg --purge "$first" >/dev/null ;;
    esac
  done
}

mkdir -p "$host/upper" "$host/work" "$root"
mountpoint -q "$root" ||
  mount -t overlay -o "lowerdir=$state/hosts/common:$root_file_system,upperdir=$host/upper,workdir=$host/work" overlay "$root"
if [ ! -d "$host/var-lib" ]; then
  cp -a "$root/var/lib" "$host/var-lib.new"
  mount --bind "$host/var-lib.new" "$root/var/lib"
  install_host
  umount "$root/var/lib"
  mv "$host/var-lib.new" "$host/var-lib"
fi
