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

# run_once UNIT — runs a unit that is needed before others, with the credentials that it sets and loads.
run_once() {
	local credential command
	export CREDENTIALS_DIRECTORY=/run/credentials/${1##*/}
	mkdir -p "$CREDENTIALS_DIRECTORY"
	while read -r credential; do
		printf %s "${credential#*:}" >"$CREDENTIALS_DIRECTORY/${credential%%:*}"
	done < <(commands "$1" SetCredential)
	while read -r credential; do
		[[ ! -e /etc/credstore/$credential ]] ||
			cp "/etc/credstore/$credential" "$CREDENTIALS_DIRECTORY/"
	done < <(commands "$1" LoadCredential)
	while read -r command; do
		# shellcheck disable=SC2086 # split into words, as systemd does
		$command
	done < <(commands "$1" ExecStartPre && commands "$1" ExecStart)
	unset CREDENTIALS_DIRECTORY
}

if [[ -d /etc/systemd/system/sysinit.target.wants ]]; then
	for unit in /etc/systemd/system/sysinit.target.wants/*.service; do
		run_once "$unit"
	done
fi
for unit in /etc/systemd/system/multi-user.target.wants/*.service; do
	echo "starting ${unit##*/}"
	run "$unit" </dev/null &
done
