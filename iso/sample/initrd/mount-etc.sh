#!/bin/sh
# SPDX-License-Identifier: MIT
# mount-etc ROOT — imitates what the initrd of nixpkgs does for an overlay on /etc: it finds the system
# of the kernel command line below ROOT, and mounts its metadata image and the overlay

busybox=/bin/busybox
root=$1
system=
for option in $($busybox cat /proc/cmdline); do
	case $option in
	init=*) system=${option#init=} && system=${system%/init} ;;
	esac
done
[ -L "$root$system/etc-metadata-image" ] || exit 0

image=$($busybox readlink "$root$system/etc-metadata-image")
content=$($busybox readlink "$root$system/etc-basedir")
$busybox mkdir -p /etc-metadata "$root/etc"
options=@etcMode@
if [ "$options" = rw ]; then
	$busybox mkdir -p "$root/.rw-etc/upper" "$root/.rw-etc/work"
	options=rw,upperdir=$root/.rw-etc/upper,workdir=$root/.rw-etc/work
fi
$busybox mount -t erofs -o loop,ro,nodev,nosuid "$root$image" /etc-metadata || exit 1
# Kernels before 6.5 know no layer that has content alone (lowerdir=A::B).
exec $busybox mount -t overlay \
	-o "nodev,nosuid,lowerdir=/etc-metadata:$root$content,redirect_dir=on,metacopy=on,$options" \
	overlay "$root/etc"
