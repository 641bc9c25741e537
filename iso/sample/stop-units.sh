#!/bin/bash
# SPDX-License-Identifier: MIT
# Imitates systemd's shutdown.target: ends all processes and unmounts all file systems.

export PATH=@utillinux@/bin:@busybox@/bin

echo 'sample guest: shutting down'
kill -TERM -1
for ((tries = 30; tries > 0; tries--)); do
	# Kernel threads and PID 1 aside, only this script is to be left.
	left=0
	for exe in /proc/[0-9]*/exe; do
		pid=${exe#/proc/}
		pid=${pid%/exe}
		[[ $pid == 1 || $pid == "$$" ]] || ! readlink "$exe" >/dev/null || left=1
	done
	((left)) || break
	sleep 0.1
done
kill -KILL -1
sync
swapoff -a
umount -a -r -t nosysfs,noproc,nodevtmpfs,notmpfs,nodevpts
mount -o remount,ro /
