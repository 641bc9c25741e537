#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# debian_service.sh — proves what the unit guest@ of the Debian packages does under a real systemd, with all of its
# hardening and its dynamic user: a guest starts, powers off when it is stopped, and starts again; and a start that
# fails says why in the journal
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=manager.lib.sh
source "$TOP/tests/qemu/manager.lib.sh"
UNIT=guest@

# The files of both packages (tests/build/deb.sh proves that they are these), without their making.
install_files() {
	mkdir -p "$MANAGER"/{units,etc/guest-installer}
	make -s -C "$TOP" install DESTDIR="$MANAGER" PREFIX=/usr
	cp "$TOP/release/debian/guest-installer-host.guest@.service" "$MANAGER/units/guest@.service"
}

# configure GUEST OPTION… — as the package's example says.
configure() {
	echo "OPTIONS=\"${*:2}\"" >"$MANAGER/etc/guest-installer/$1.conf"
	cp key.pub "$MANAGER/etc/guest-installer/$1.pub"
}

# A dynamic user's folder is below /var/lib/private.
configure_guests() {
	local guests=$MANAGER/lib/private/guests
	mkdir -p "$guests/standin" "$MANAGER/host"
	chmod 700 "$MANAGER/lib/private"
	make_standin standin.raw 'guest is up\n' button
	qemu-img convert -q -O qcow2 standin.raw "$guests/standin/disk.qcow2"
	configure standin --ssh-port 2201
	make_standin "$MANAGER/host/refused.iso" 'INSTALL_FAILED code=12 stage=target not blank\n' off
	configure refused --iso /run/test/refused.iso
	configure absent --iso /run/test/absent.iso
	ln "$ISO" "$MANAGER/host/guest-installer.iso" 2>/dev/null || cp "$ISO" "$MANAGER/host/guest-installer.iso"
	configure own --iso /run/test/guest-installer.iso --size 2G --ssh-port 2202
	configure keyless
	rm "$MANAGER/etc/guest-installer/keyless.pub"
}

standin_starts_stops_and_starts() {
	local round
	for round in 1 2; do
		start standin
		expect standin ActiveState active
		is standin StatusText 'ssh -p 2201 *root@127.0.0.1'
		[[ $(within stat -c %a /var/lib/guests/standin/) == 700 ]]
		within pgrep -u guest-standin qemu
		within systemctl stop guest@standin
		expect standin Result success
		expect standin ExecMainStatus 0
		if within pgrep -u guest-standin; then return 1; fi
	done
}

# fails GUEST STATUS LINE — the start fails, is not repeated, and the journal has LINE.
fails() {
	if within systemctl start "guest@$1"; then return 1; fi
	expect "$1" ActiveState failed
	expect "$1" ExecMainStatus "$2"
	expect "$1" NRestarts 0
	journal "$1" | grep -F "$3"
}

# is_refused GUEST — systemd does not try to start it.
is_refused() {
	if within systemctl start "guest@$1" 2>said; then return 1; fi
	grep -F "Assertion failed on job for guest@$1.service" said
	expect "$1" AssertResult no
}

failures_say_why() {
	fails refused 12 'target: not blank'
	fails absent 2 'cannot read the ISO /run/test/absent.iso'
}

guests_without_files_are_refused() {
	is_refused unknown
	is_refused keyless
}

# enter COMMAND — logs in to the guest, and accepts only the host key that was recorded.
enter() {
	within ssh -n -i "$SCRATCH/key" -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes \
		-o UserKnownHostsFile=/var/lib/guests/own/disk.qcow2.known_hosts -o StrictHostKeyChecking=yes \
		-o LogLevel=ERROR -o ConnectTimeout=60 -p 2202 root@127.0.0.1 "$@"
}

own_is_installed_stopped_and_started() {
	local disk=/var/lib/guests/own/disk.qcow2 round
	for round in 1 2; do
		start own
		within jq -e '.code == 0' "$disk.verdict.json"
		await 600 enter true
		[[ $round == 1 ]] || enter 'cat /root/here'
		enter 'echo "before the stop" >/root/here'
		within systemctl stop guest@own
		expect own Result success
		expect own ExecMainStatus 0
		(($(journal own | grep -ac 'reboot: Power down') == round))
		[[ $(within stat -c %y "$disk.verdict.json") == "${written-}" || $round == 1 ]]
		written=$(within stat -c %y "$disk.verdict.json")
	done
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the files of the Debian packages are installed" install_files
run_case "guests are configured as their example says" configure_guests
enough
start_manager
run_case "a guest starts, powers off when it is stopped, and starts again" standin_starts_stops_and_starts
run_case "a start that fails says why in the journal, and is not repeated" failures_say_why
run_case "a guest without configuration or key is not started" guests_without_files_are_refused
run_long "a real guest is installed, powers off, and is only started the next time" own_is_installed_stopped_and_started
