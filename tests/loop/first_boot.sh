#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# first_boot.sh — proves that a guest gets the lines by which it prints the verdict at its first boot, if it
# can obey them; and that real systemd and systemd-tmpfiles, with the unit of the distribution, print it once
# and remove the lines. install_gpt.sh boots such a guest.
#
# Modules: guest/first_boot.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"
# shellcheck source=tests/loop/login.lib.sh
. "$(dirname "$0")/login.lib.sh"
# shellcheck source=qemu/lib.sh
. "$TOP/qemu/lib.sh"
# shellcheck source=tests/qemu/manager.lib.sh
. "$TOP/tests/qemu/manager.lib.sh"

UNIT=systemd-tmpfiles-setup.service

# installs SAMPLE OPTION… — with success; the guest is mounted on $ROOT.
installs() {
	unmount_guest
	manifest=$TOP/build/guest-$1.json install_sample guest.img "$TOP/build/cache" --key key.pub "${@:2}" ||
		{ cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	mount_guest guest.img
}

# Its /etc is the writable layer of an overlay.
a_guest_gets_the_lines() {
	installs overlay
	[[ $(stat -c '%u:%g %a' "$ROOT/.rw-etc/upper/credstore"{,/tmpfiles.extra}) == $'0:0 700\n0:0 600' ]]
	cp "$ROOT/.rw-etc/upper/credstore/tmpfiles.extra" lines
	if grep -F 'first boot: the guest will not' said; then return 1; fi
}

the_setting_turns_it_off() {
	installs overlay --set first-boot-verdict=no
	[[ ! -e $ROOT/.rw-etc/upper/credstore ]]
}

a_file_of_the_guest_stays() {
	echo '# mine' >mine
	installs overlay --file "/etc/credstore/tmpfiles.extra=$PWD/mine"
	cmp mine "$ROOT/.rw-etc/upper/credstore/tmpfiles.extra"
	grep -F 'first boot: the guest will not print the verdict: it has a file /etc/credstore/tmpfiles.extra' said
}

a_guest_without_such_a_unit_is_left_without() {
	installs direct
	[[ ! -e $ROOT/etc/credstore ]]
	grep -F "first boot: the guest will not print the verdict: its $UNIT loads no credential" said
}

# Only the paths of the lines: the other rules of this machine are not to be carried out.
make_unit() {
	mkdir -p "$MANAGER/units"
	sed 's,--exclude-prefix=/dev,& --prefix=/run/guest-installer-console --prefix=/etc/credstore,' \
		"/lib/systemd/system/$UNIT" >"$MANAGER/units/$UNIT"
	grep -E '^ExecStart=systemd-tmpfiles .*--exclude-prefix=/dev --prefix=' "$MANAGER/units/$UNIT"
}

# boots — runs the unit as a boot does; the console is a file here.
boots() {
	within systemctl start "$UNIT"
	[[ $(property "$UNIT" Result) == success && $(property "$UNIT" ExecMainStatus) == 0 ]]
}

systemd_prints_the_verdict() {
	within sh -c 'mkdir -p -m 700 /etc/credstore && cat >/etc/credstore/tmpfiles.extra && : >/dev/console' <lines
	boots
	within cat /dev/console | tee console
	[[ $(grep -c '^INSTALL_SUCCESSFUL$' console) == 1 ]]
}

# A unit that remains active cannot be started again, so the program runs as a unit of another name.
the_next_boot_does_not() {
	within test ! -e /etc/credstore/tmpfiles.extra
	within sh -c 'rm /run/guest-installer-console && : >/dev/console'
	within cp "/run/systemd/system/$UNIT" /run/systemd/system/next-boot.service
	within systemctl daemon-reload
	within systemctl start next-boot.service
	[[ -z $(within cat /dev/console) ]]
}

need_root
cd "$SCRATCH"
at_exit unmount_guest
"$TOP/iso/make-cache"
ssh-keygen -q -t ed25519 -N '' -C owner -f key
run_case 'a guest gets the lines, which are for root alone' a_guest_gets_the_lines
run_case 'the setting turns it off' the_setting_turns_it_off
run_case "a file of the guest's own stays" a_file_of_the_guest_stays
run_case 'a guest whose unit loads no credential is left without' a_guest_without_such_a_unit_is_left_without
run_case "the distribution's unit is taken" make_unit
start_manager
run_case 'systemd prints the verdict on the console' systemd_prints_the_verdict
run_case 'the lines are gone then' the_next_boot_does_not
