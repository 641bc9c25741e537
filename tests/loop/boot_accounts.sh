#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# boot_accounts.sh — proves that a guest whose /etc is mounted and whose accounts are created at boot is
# installed, with the keys where its owner's account will look; that real systemd-sysusers and the
# guest's own sshd, run as at boot, let the owner in; and that each way to lock the owner out is refused
#
# Modules: plan/boot_accounts, guest/etc_view, guest/nixos, verify_command.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"
# shellcheck source=tests/loop/login.lib.sh
. "$(dirname "$0")/login.lib.sh"

# install_overlay OPTION… — the guest overlay, with the manifest $manifest; the output goes to `said`.
install_overlay() {
	manifest=${manifest:-$TOP/build/guest-overlay.json} install_sample guest.img \
		"${cache:-$TOP/build/cache}" --key key.pub --set "keys-user=${user:-operator}" "$@"
}

installs() {
	install_overlay "$@" || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
}

# refuses CODE PATTERN OPTION…
refuses() {
	local code=$1 pattern=$2 status=0
	shift 2
	install_overlay "$@" || status=$?
	[[ $status == "$code" ]] && grep -Eq "^INSTALL_FAILED code=$code .*$pattern" said && return
	echo "status $status, expected $code:" && cat said && return 1
}

# refuses_early — before the first write.
refuses_early() {
	refuses "$@"
	[[ $(stat -c %b guest.img) == 0 ]]
}

is_installed() {
	echo hello >motd
	installs --file "/etc/motd=$PWD/motd"
	grep -Fx 'INSTALL_RESULT ssh-host-keys=first-boot' said
	if grep -F 'INSTALL_RESULT ssh-host-key=' said; then return 1; fi
}

the_key_waits_for_its_owner() {
	local name
	mount_guest guest.img
	[[ $(stat -c '%u:%g %a' "$ROOT"/home/operator{,/.ssh,/.ssh/authorized_keys}) == $'1000:1000 700\n1000:1000 700\n1000:1000 600' ]]
	cmp key.pub "$ROOT/home/operator/.ssh/authorized_keys"
	[[ $(<"$ROOT/.rw-etc/upper/motd") == hello ]]
	for name in "$ROOT"/{etc,.rw-etc/upper}/{passwd,shadow,machine-id,ssh/ssh_host_ed25519_key}; do
		[[ ! -e $name && ! -L $name ]] || { echo "$name is there" && return 1; }
	done
	unmount_guest
}

# As the initrd mounts /etc.
mount_etc() {
	mount -o loop,ro "$ROOT$(readlink "$ROOT$SYSTEM/etc-metadata-image")" "$ROOT/etc"
	mount -t overlay -o "lowerdir=$ROOT/etc,upperdir=$ROOT/.rw-etc/upper,workdir=$ROOT/.rw-etc/work" \
		overlay "$ROOT/etc"
}

# create_accounts — as the unit does: with a credential for each account that has a password.
create_accounts() {
	local unit=$ROOT$SYSTEM/etc/systemd/system/systemd-sysusers.service line
	mkdir -p "$ROOT/run/credentials"
	while read -r line; do
		printf %s "${line#*:}" >"$ROOT/run/credentials/${line%%:*}"
	done < <(sed -n 's/^SetCredential=//p' "$unit")
	env CREDENTIALS_DIRECTORY=/run/credentials chroot "$ROOT" "$SYSTEM/sw/bin/systemd-sysusers"
	mount --bind /dev "$ROOT/dev"
	chroot "$ROOT" "$SYSTEM/sw/bin/ssh-keygen" -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
}

the_owner_is_let_in_after_sysusers() {
	mount_guest guest.img
	mount_etc
	create_accounts
	grep '^operator:x:1000:1000:' "$ROOT/etc/passwd"
	real_login operator key
}

# Its accounts are there now, in the writable layer.
the_command_verify_reads_it() {
	unmount_guest
	"$GUEST_INSTALLER" verify --set keys-user=operator guest.img | tee said
	grep -E '^host key: ssh-ed25519 ' said
}

# Before the first boot only root is known without the manifest.
the_command_verify_says_what_it_cannot_know() {
	user=root installs
	"$GUEST_INSTALLER" verify guest.img
	if "$GUEST_INSTALLER" verify --set keys-user=operator guest.img 2>said; then return 1; fi
	grep -F 'creates its accounts at its first boot' said
}

# Nothing has to install a boot loader that the guest does not have.
needs_no_switch_to_configuration() {
	rm -rf cache
	change "$SYSTEM" rm -r bin
	cache=$PWD/cache installs
	grep -F 'boot loader: the guest has none' said
}

# manifest_with FILTER — another manifest for the same system.
manifest_with() {
	jq "$1" "$TOP/build/guest-overlay.json" >"$PWD/changed.json"
}

another_manifest_is_refused() {
	manifest_with "$1"
	manifest=$PWD/changed.json refuses 41 "$2"
}

config_is_refused() {
	rm -rf cache
	change "$(dirname "$(readlink -f "$SYSTEM/etc")")" sed -i "1i $1" etc/ssh/sshd_config
	cache=$PWD/cache refuses 41 "$2"
}

an_unknown_account_is_refused() {
	user=alice refuses_early 2 'has no user alice .*it has root, operator, sshd'
}

numbers_are_needed() {
	manifest_with 'del(.users[] | select(.name == "operator").uid)'
	manifest=$PWD/changed.json refuses_early 2 'chooses the numbers of operator at boot.*users.users.operator.uid'
}

need_root
cd "$SCRATCH"
at_exit unmount_guest
"$TOP/iso/make-cache"
SYSTEM=$(readlink -f "$TOP/build/sample-overlay")
ssh-keygen -q -t ed25519 -N '' -C owner -f key

run_case "the guest is installed, and its host keys are left to its first boot" is_installed
run_case "the key belongs to the account that will be created" the_key_waits_for_its_owner
run_case "real sysusers creates the account, and the guest's sshd lets its owner in" the_owner_is_let_in_after_sysusers
run_case "the command verify reads it after the first boot" the_command_verify_reads_it
run_case "before, it says what it cannot know" the_command_verify_says_what_it_cannot_know
run_case "without a boot loader no switch-to-configuration is needed" needs_no_switch_to_configuration
run_case "out: no such account" an_unknown_account_is_refused
run_case "out: an account whose numbers are not known" numbers_are_needed
run_case "early: host keys that nothing can make yet" refuses_early 2 'host-keys = generate.*first boot' --set host-keys=generate
run_case "out: AllowUsers names another" config_is_refused 'AllowUsers root' AllowUsers
run_case "out: a group that the account is not in" config_is_refused 'AllowGroups wheel' AllowGroups
run_case "out: a shell that is not in the guest" another_manifest_is_refused \
	'(.users[] | select(.name == "operator").shell) = "/bin/zsh"' 'is no program of the guest'
run_case "out: an account without a password, and sshd without PAM" another_manifest_is_refused \
	'(.users[] | select(.name == "operator").locked) = true' 'is locked'
run_case "out: no user for the server's separated process" another_manifest_is_refused \
	'del(.users[] | select(.name == "sshd"))' 'Privilege separation user'
