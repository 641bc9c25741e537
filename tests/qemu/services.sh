#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# services.sh — proves what the services of the host module do under a real systemd, with all of their
# hardening: a guest is installed at its first start only, is ready when it runs, powers off when it
# is stopped; guests do not collide; and a refused install is not retried
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=manager.lib.sh
source "$TOP/tests/qemu/manager.lib.sh"

# The guests' services, as Nix makes them of the module.
write_units() {
	local file
	mkdir -p "$MANAGER/units" "$MANAGER/host/scripts"
	nix-instantiate --eval --strict --json "$TOP/tests/nix/hosted.nix" >units
	jq -r 'keys[] | select(startswith("guest-"))' units | while read -r file; do
		jq -rj --arg file "$file" '.[$file]' units |
			sed 's,^ExecStart=/bin/sh -e ,&/run/test/scripts/,' >"$MANAGER/host/scripts/$file"
	done
	mv "$MANAGER"/host/scripts/*.service "$MANAGER/units/"
}

# No udev runs here, so systemd would wait for devices for ever.
write_host() {
	mkdir -p "$MANAGER/host/tools/bin" "$MANAGER"/lib/{images,guests/{deaf,broken}}
	ln -s ../../tree/qemu/run-guest "$MANAGER/host/tools/bin/guest-installer-run-guest"
	cp key.pub "$MANAGER/host/"
	truncate -s 5M "$MANAGER/lib/images/50% full.img"
	chmod 666 "$MANAGER/lib/images/50% full.img"
	printf '[Unit]\nJobTimeoutSec=1\n' | tee "$MANAGER/units/dev-data.device" \
		>"$MANAGER/units/sys-subsystem-net-devices-vm\\x2dtwin.device"
	mkdir "$MANAGER/units/guest-fetching.service.d"
	printf '[Service]\nRestartSec=0\n' >"$MANAGER/units/guest-fetching.service.d/quick.conf"

	make_standin "$MANAGER/host/refused.iso" 'INSTALL_FAILED code=12 stage=target not blank\n' off
	make_standin "$MANAGER/host/fetching.iso" 'INSTALL_FAILED code=42 stage=closure no answer\n' off
	make_standin "$MANAGER/host/slow.iso" 'INSTALL_PROGRESS copy 42 at work\n' hang
	make_standin deaf.raw 'guest is up\n' hang
	make_standin broken.raw 'guest is up\n' button
	local name
	for name in deaf broken; do
		qemu-img convert -q -O qcow2 "$name.raw" "$MANAGER/lib/guests/$name/disk.qcow2"
	done
}

# A block device of the host, with the group of such devices.
make_device() {
	truncate -s 3M data
	loop=$(losetup --find --show data)
	mknod -m 660 "$MANAGER/device" b $((0x$(stat -c %t "$loop"))) $((0x$(stat -c %T "$loop")))
	chgrp disk "$MANAGER/device"
}

release_device() { losetup --detach "$loop"; }

refused_is_not_tried_again() {
	if start refused; then return 1; fi
	expect refused ActiveState failed
	expect refused ExecMainStatus 12
	expect refused NRestarts 0
	journal refused | grep -F 'target: not blank'
}

fetching_is_tried_again_but_not_for_ever() {
	within systemctl start --no-block guest-fetching
	await 120 is fetching ActiveState failed
	expect fetching NRestarts 5
	[[ $(journal fetching | grep -cF 'closure: no answer') == 5 ]]
}

slow_can_be_stopped() {
	within systemctl start --no-block guest-slow
	await 60 is slow StatusText 'installing: 42% copy'
	expect slow ActiveState activating
	within systemctl stop guest-slow
	expect slow ActiveState inactive
	expect slow Result success
	within ls -A /var/lib/guests/slow | sort >left
	diff left - <<<$'disk.qcow2.log\ndisk.qcow2.verdict.json'
}

deaf_is_ended() {
	start deaf
	within systemctl stop guest-deaf
	expect deaf ExecMainStatus 83
	expect deaf Result exit-code
	expect deaf NRestarts 0
}

broken_runs_again() {
	local qemu
	start broken
	qemu=$(within pgrep -u guest-broken qemu)
	within kill -KILL "$qemu"
	await 60 is broken NRestarts 1
	await 60 is broken ActiveState active
	within systemctl stop guest-broken
	expect broken Result success
}

# enter ARGUMENT… — logs in, and accepts only the host key that was recorded.
enter() {
	within ssh -n -i "$SCRATCH/key" -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes \
		-o UserKnownHostsFile=/var/lib/guests/web/disk.qcow2.known_hosts \
		-o StrictHostKeyChecking=yes -o LogLevel=ERROR -o ConnectTimeout=6 "$@" 2>ssh-messages
}

enter_web() { enter -p 2222 root@127.0.0.1 "$@"; }

# The card's address follows from the one that QEMU was given.
enter_twin() {
	local mac
	mac=$(within pgrep -u guest-twin -a qemu | grep -oE 'mac=52:54:00:[0-9a-f:]{8}')
	mac=${mac#mac=52:54:00:}
	enter "root@fe80::5054:ff:fe${mac%%:*}:$(tr -d : <<<"${mac#*:}")%vm-twin" "$@"
}

web_is_being_installed() {
	within systemctl start --no-block guest-web
	await 600 is web StatusText 'installing: * copy'
	expect web ActiveState activating
}

web_runs() {
	start web
	expect web ActiveState active
	is web StatusText 'ssh -p 2222 *root@127.0.0.1'
	within jq -e '.code == 0' /var/lib/guests/web/disk.qcow2.verdict.json
}

# expect_enter GUEST
expect_enter() {
	await 600 "enter_$1" true && return
	cat ssh-messages && journal "$1" | tail -n 50 && return 1
}

web_lets_its_owner_in() {
	expect_enter web
	[[ $(enter_web 'cat /sys/block/vdb/size /sys/block/vdc/size' | xargs) == '6144 10240' ]]
	enter_web 'echo written >/dev/vdb && echo written >/dev/vdc'
	[[ $(head -c 7 "$loop") == written ]]
	[[ $(head -c 7 "$MANAGER/lib/images/50% full.img") == written ]]
	within test -S /run/guests/web/vnc
	[[ $(within stat -c '%U %a' /run/guests/web) == 'guest-web 700' ]]
}

web_powers_off() {
	within systemctl stop guest-web
	expect web Result success
	expect web ExecMainStatus 0
	journal web | grep -a 'reboot: Power down'
	! within pgrep -u guest-web
}

both_start_at_once() {
	mkdir -p "$MANAGER/lib/guests/twin"
	cp "$MANAGER/lib/guests/web/disk.qcow2" "$MANAGER/lib/guests/twin/"
	within ip tuntap add vm-twin mode tap user guest-twin
	within ip link set vm-twin up
	sha256sum "$MANAGER"/lib/guests/web/*.json >verdict
	start web twin
	expect web ActiveState active
	expect twin StatusText 'it is on vm-twin'
	sha256sum --check verdict
	[[ ! -e $MANAGER/lib/guests/twin/disk.qcow2.log ]]
	expect_enter web
	expect_enter twin
}

both_stop_at_once() {
	within systemctl stop guest-web guest-twin
	expect web Result success
	expect twin Result success
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the module's services can be made" write_units
run_case "and what they need" write_host
enough
make_device
at_exit release_device
start_manager
run_case "a guest without a disk is installed, and says how far it is" web_is_being_installed
enough
run_case "what was refused is not tried again" refused_is_not_tried_again
run_case "a fetch that failed is tried again, but not for ever" fetching_is_tried_again_but_not_for_ever
run_case "a guest that is being installed can be stopped, and leaves no disk" slow_can_be_stopped
run_case "a guest deaf to its button is ended, and stays so" deaf_is_ended
run_case "a guest whose QEMU died runs again" broken_runs_again
run_case "the first guest is installed and ready when it runs" web_runs
enough
run_case "it lets its owner in, and has the disks that it was given" web_lets_its_owner_in
run_case "to stop it presses its power button, and waits" web_powers_off
run_long "two start at once, and none is installed again" both_start_at_once
run_long "both are stopped" both_stop_at_once
