#!/bin/bash
# SPDX-License-Identifier: MIT
# Imitates nixpkgs' stage-2-init.sh: mounts, activates and hands over to PID 1 proper.

systemConfig=@systemConfig@
export PATH=@utillinux@/bin:@busybox@/bin HOME=/root

echo
echo '<<< sample guest, stage 2 >>>'
echo

# Imitates udev's storage rules: links by label and by UUID.
link_devices() {
	local device='' name value
	mkdir -p /dev/disk/by-label /dev/disk/by-uuid /dev/disk/by-partuuid
	while IFS='=' read -r name value; do
		case $name in
		DEVNAME) device=$value ;;
		LABEL | UUID | PARTUUID) ln -sfn "$device" "/dev/disk/by-${name,,}/$value" ;;
		esac
	done < <(blkid -c /dev/null -o export 2>/dev/null)
}

# Imitates systemd-fstab-generator: systemd.mount-extra=WHAT:WHERE:TYPE:OPTIONS.
mount_extra() {
	local what where type options
	IFS=: read -r what where type options <<<"$1"
	mkdir -p "$where"
	mount -t "$type" -o "$options" "$what" "$where" || echo "stage 2: cannot mount $what at $where"
}

# Imitates udev's link files: ifname=NAME:ADDRESS.
name_interface() {
	local card
	for card in /sys/class/net/*; do
		[[ $(cat "$card/address") != "${1#*:}" ]] || ip link set "${card##*/}" name "${1%%:*}"
	done
}

# Imitates systemd-network-generator: ip=ADDRESS::GATEWAY:MASK::INTERFACE:none.
set_address() {
	local address gateway mask interface
	IFS=: read -r address _ gateway mask _ interface _ <<<"$1"
	ip link set "$interface" up
	ip address add "$address/$mask" dev "$interface"
	[[ ! $gateway ]] || ip route add default via "$gateway" dev "$interface"
}

obey_command_line() {
	local word
	for word in $(</proc/cmdline); do
		case $word in
		systemd.mount-extra=*) mount_extra "${word#*=}" ;;
		ifname=*) name_interface "${word#*=}" ;;
		ip=*:none) set_address "${word#*=}" ;;
		esac
	done
}

# Imitates nixos-init and systemd-tmpfiles, in place of the activation script.
prepare_without_activation() {
	mkdir -p /bin /usr/bin /home /tmp /var/lib /var/log
	chmod 1777 /tmp
	ln -sfn /run /var/run
	ln -sfn "$systemConfig" /run/current-system
	ln -sfn /run/current-system/sw/bin/sh /bin/sh
	ln -sfn /run/current-system/sw/bin/env /usr/bin/env
}

mkdir -p /run /dev/pts /dev/shm
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
mount -t devpts -o gid=3,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm

chown 0:30000 /nix/store
chmod 1775 /nix/store

ln -sfn "$systemConfig" /run/booted-system
mkdir -p /nix/var/nix/gcroots
ln -sfn /run/booted-system /nix/var/nix/gcroots/booted-system
if [[ -e $systemConfig/activate ]]; then "$systemConfig/activate"; else prepare_without_activation; fi

link_devices
grep -qs efivarfs /proc/filesystems && [[ -d /sys/firmware/efi ]] &&
	mount -t efivarfs efivarfs /sys/firmware/efi/efivars
mount -a || echo 'stage 2: not everything in /etc/fstab could be mounted'
# A disk has a swap partition only if the installer was asked for one.
swapon -a -e
obey_command_line
hostname "$(cat /etc/hostname)"
# A hypervisor's shutdown request reaches user space through this command.
echo /run/current-system/sw/bin/poweroff >/proc/sys/kernel/poweroff_cmd
# BusyBox asks its name what to be.
exec -a init "$systemConfig/systemd/lib/systemd/systemd"
