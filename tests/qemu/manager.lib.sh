# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/qemu/manager.lib.sh — the distribution's systemd as a service manager for tests
#
# Source it after tests/tap.lib.sh and qemu/lib.sh. It needs root, and no machine: systemd is PID 1 of
# namespaces (systemd-init), with a network, devices and control groups of its own, and only the
# units that it is given. What $MANAGER/usr and $MANAGER/etc have is added to /usr and /etc of this machine.

MANAGER=$SCRATCH/manager
UNIT=guest- # what the name of a guest's unit begins with
GROUP=${SCRATCH##*/}

# start_manager — with the units in $MANAGER/units.
start_manager() {
	local name
	mkdir -p "$MANAGER"/{units,host/tree,lib}
	for name in sysinit basic shutdown network multi-user; do
		printf '[Unit]\nDefaultDependencies=no\n' >"$MANAGER/units/$name.target"
	done
	printf 'Wants=journal.service\nAfter=journal.service\n' >>"$MANAGER/units/basic.target"
	printf '[Unit]\nDefaultDependencies=no\n[Service]\nType=notify\nExecStart=%s\n' \
		/lib/systemd/systemd-journald >"$MANAGER/units/journal.service"
	"${tied[@]}" unshare --mount "$TOP/tests/qemu/systemd-init" "$MANAGER" "$TOP" "$GROUP" \
		>"$MANAGER/messages" 2>&1 </dev/null &
	manager=$!
	at_exit end_manager
	await 60 manager_runs || { cat "$MANAGER/messages" && return 1; }
}

manager_runs() {
	pid1=$(pgrep -P "$manager") && [[ $(within systemctl is-system-running) == running ]]
}

# within COMMAND… — in the manager's namespaces.
within() {
	timeout --kill-after=5 900 nsenter --target "$pid1" --mount --pid --net --ipc --uts -- "$@"
}

# property UNIT NAME — one of a unit's properties.
property() {
	within systemctl show --value --property="$2" "$1"
}

# expect GUEST PROPERTY VALUE
expect() {
	local value
	value=$(property "$UNIT$1" "$2")
	[[ $value == "$3" ]] && return
	echo "$2 of $UNIT$1 is '$value', not '$3'" && return 1
}

# is GUEST PROPERTY PATTERN
# shellcheck disable=SC2053 # it is meant as one
is() { [[ $(property "$UNIT$1" "$2") == $3 ]]; }

# journal GUEST — the output of its service.
journal() { within journalctl --quiet --no-pager --output=cat --unit="$UNIT$1"; }

# start GUEST… — returns when they are ready; prints their output if they fail.
start() {
	within systemctl start "${@/#/$UNIT}" && return
	local name
	for name; do journal "$name" | tail -n 50; done
	return 1
}

# All processes end with their PID 1; the control groups can be removed then.
# shellcheck disable=SC2016 # the inner shell expands it
end_manager() {
	kill -KILL "$manager" 2>/dev/null || true
	wait "$manager" 2>/dev/null || true
	await 30 unshare --mount bash -c 'mount -t cgroup2 groups "$1" &&
		find "$1/$2" -depth -type d -exec rmdir {} + 2>/dev/null' - "$MANAGER/groups" "$GROUP"
}
