#!/bin/bash
# SPDX-License-Identifier: MIT
# Imitates systemd's start of multi-user.target: runs what its wanted services say.

export PATH=/run/current-system/sw/bin:/run/current-system/sw/sbin
export HOME=/root

# commands UNIT KEY — the command lines of one key; words without quotes only.
commands() {
	sed -n "s/^$2=//p" "$1"
}

# run UNIT — starts the service once and again whenever it ends.
run() {
	local command
	while read -r command; do
		# shellcheck disable=SC2086 # split into words, as systemd does
		$command
	done < <(commands "$1" ExecStartPre)
	command=$(commands "$1" ExecStart)
	while :; do
		# shellcheck disable=SC2086
		$command
		sleep 1
	done
}

for unit in /etc/systemd/system/multi-user.target.wants/*.service; do
	echo "starting ${unit##*/}"
	run "$unit" </dev/null &
done
