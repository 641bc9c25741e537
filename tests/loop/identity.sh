#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# identity.sh — proves that what makes a guest this one guest is there before its activation runs, and
# afterwards: further files with modes and owners
#
# Modules: guest/extra_files.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"
# shellcheck source=tests/loop/login.lib.sh
. "$(dirname "$0")/login.lib.sh"

# installs OPTION… — with success; the guest is mounted on $ROOT.
installs() {
	unmount_guest
	install_sample guest.img "${cache:-$TOP/build/cache}" --key ed.pub "$@" || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	mount_guest guest.img
}

# refuses CODE PATTERN OPTION…
refuses() {
	local code=$1 pattern=$2 status=0
	shift 2
	unmount_guest
	install_sample guest.img "${cache:-$TOP/build/cache}" --key ed.pub "$@" || status=$?
	[[ $status == "$code" ]] && grep -Eq "^INSTALL_FAILED code=$code .*$pattern" said && return
	echo "status $status, expected $code:" && cat said && return 1
}

# is_file PATH ACCESS CONTENT — a regular file of the guest, with mode, owner and group as stat prints
# them, has this content.
is_file() {
	stat -c '%F %a %u:%g' "$ROOT$1" | tee found
	grep -Fx "regular file $2" found
	cmp "$ROOT$1" "$3"
}

# with_activation TEXT — a cache of the sample whose activation script ends with TEXT.
with_activation() {
	rm -rf cache
	change "$SYSTEM" append_activation "$1"
}

append_activation() { printf '%s\n' "$1" >>activate; }

files_are_there_before_activation() {
	with_activation 'cp -a /var/lib/secrets/age.txt /var/lib/seen
		[[ ! -e /home/alice ]] || touch /var/lib/home-was-made
		mkdir -p /home/alice && chmod 0700 /home/alice'
	cache=$PWD/cache installs --file "/var/lib/secrets/age.txt=age.txt:0600:17:42" \
		--file /home/alice/note=age.txt:0400:1000:100 --file /etc/plain=age.txt
	is_file /var/lib/seen '600 17:42' age.txt
	is_file /var/lib/secrets/age.txt '600 17:42' age.txt
	is_file /home/alice/note '400 1000:100' age.txt
	is_file /etc/plain '644 0:0' age.txt
	[[ ! -e $ROOT/var/lib/home-was-made && $(stat -c %a "$ROOT/home/alice") == 700 ]]
}

files_survive_activation() {
	with_activation 'ln -sfn static/os-release /etc/linked
		chmod 0666 /etc/opened; chown 5:6 /etc/owned; echo more >>/etc/written; rm /etc/removed'
	cache=$PWD/cache installs --file /etc/linked=age.txt:0600 --file /etc/opened=age.txt:0600 \
		--file /etc/owned=age.txt:0600 --file /etc/written=age.txt:0600 \
		--file /etc/removed=age.txt:0600
	local name
	for name in linked opened owned written removed; do
		is_file "/etc/$name" '600 0:0' age.txt
	done
}

# The boot loader's program runs last, and could still change them.
changed_files_fail_verification() {
	rm -rf cache
	change "$SYSTEM" sed -i "2i $1" bin/switch-to-configuration
	cache=$PWD/cache refuses 41 "$2" --file /etc/secret=age.txt:0600
}

nothing_of_a_file_is_logged() {
	if grep -rF "$(cat age.txt)" said; then return 1; fi
}

without_a_key_drive_its_files_are_refused() {
	refuses 2 'age.txt is to be read from the key drive, but there is no key drive' \
		--file /etc/a=drive:age.txt:0600
	refuses 2 'what lies there is gone when the guest boots' --file /var/run/secret=age.txt
}

need_root
cd "$SCRATCH"
"$TOP/iso/make-cache"
find_system
at_exit unmount_guest
ssh-keygen -q -t ed25519 -N '' -C owner -f ed
echo "AGE-SECRET-KEY-$RANDOM$RANDOM" >age.txt

run_case "files are there before activation, with modes and owners, and leave homes to it" files_are_there_before_activation
run_case "nothing of a file is logged" nothing_of_a_file_is_logged
run_case "files that activation changes are written again" files_survive_activation
run_case "a mode that is changed later fails verification" changed_files_fail_verification \
	'chmod 0640 /etc/secret' '/etc/secret has mode 0640 and owner 0:0 instead of 0600 and 0:0'
run_case "a file of the key drive needs one, and a file in memory is refused" without_a_key_drive_its_files_are_refused
