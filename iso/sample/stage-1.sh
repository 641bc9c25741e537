#!/bin/sh
# SPDX-License-Identifier: MIT
# Imitates nixpkgs' stage-1-init.sh: finds the root file system and starts stage 2.

busybox=/bin/busybox

fail() {
	echo "stage 1: $1"
	$busybox sleep 2
	$busybox poweroff -f
}

echo
echo '<<< sample guest, stage 1 >>>'
echo
for dir in proc:proc sys:sysfs dev:devtmpfs; do
	$busybox mount -t "${dir#*:}" "${dir#*:}" "/${dir%:*}"
done

while read -r module; do
	# Drivers of machines that this is not one of say ENODEV.
	$busybox insmod "/lib/modules/$module" 2>/dev/null
done </lib/modules/order

stage2=
root=LABEL=nixos
for option in $($busybox cat /proc/cmdline); do
	case $option in
	init=*) stage2=${option#init=} ;;
	root=*) root=${option#root=} ;;
	esac
done

tries=100
device=
while [ -z "$device" ] && [ "$tries" -gt 0 ]; do
	case $root in
	*=*) device=$($busybox findfs "$root" 2>/dev/null) ;;
	*) [ ! -b "$root" ] || device=$root ;;
	esac
	[ -n "$device" ] || $busybox sleep 0.1
	tries=$((tries - 1))
done
[ -n "$device" ] || fail "no file system $root"

$busybox mount -t ext4 "$device" /mnt-root || fail "cannot mount $device"
[ -x "/mnt-root$stage2" ] || fail "stage 2 init script (/mnt-root$stage2) not found"
/bin/mount-etc /mnt-root || fail 'cannot mount /etc'
for dir in proc sys dev; do
	$busybox mkdir -p "/mnt-root/$dir"
	$busybox mount --move "/$dir" "/mnt-root/$dir"
done
exec $busybox switch_root /mnt-root "$stage2"
