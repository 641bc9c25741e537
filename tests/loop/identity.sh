#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# identity.sh — proves that what makes a guest this one guest is there before its activation runs, and
# afterwards: further files with modes and owners, given SSH host keys, and the host name
#
# Modules: guest/extra_files, guest/given_host_keys, guest/host_keys, guest/host_name,
# guest/target_file, input/host_key_file, input/host_key_sources.
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

# holds_pair FOLDER TYPE FILE — the guest has this key pair there.
holds_pair() {
	is_file "$1/ssh_host_$2_key" '600 0:0' "$3"
	is_file "$1/ssh_host_$2_key.pub" '644 0:0' "$3.pub"
}

# has_pair FOLDER TYPE FILE — it has it, and the result was reported.
has_pair() {
	holds_pair "$@"
	grep -F "INSTALL_RESULT ssh-host-key=$(cut -d ' ' -f 1,2 "$3.pub")" said
	grep -F "$(ssh-keygen -l -f "$3.pub" | cut -d ' ' -f 2)" said
}

# What sops-nix and agenix do: they read the private key while the system is activated. The program
# is the guest's own.
host_keys_are_there_before_activation() {
	with_activation "grep ':/bin/sh$' /etc/passwd >/var/lib/temporary || true; $SYSTEM/sw/bin/ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/var/lib/seen"
	cache=$PWD/cache installs --host-key host/ssh_host_ed25519_key
	cmp <(cut -d ' ' -f 1,2 "$ROOT/var/lib/seen") <(cut -d ' ' -f 1,2 host/ssh_host_ed25519_key.pub)
	has_pair /etc/ssh ed25519 host/ssh_host_ed25519_key
	[[ -e $ROOT/var/lib/temporary && ! -s $ROOT/var/lib/temporary ]]
}

# The guest's server shows the given key to its client.
the_server_has_the_given_key() {
	cut -d ' ' -f 1,2 host/ssh_host_ed25519_key.pub | sed 's/^/guest /' >known_hosts
	real_login root ed known_hosts
	ssh-keygen -q -t ed25519 -N '' -f stranger
	cut -d ' ' -f 1,2 stranger.pub | sed 's/^/guest /' >known_hosts
	if real_login root ed known_hosts; then return 1; fi
}

# RSA and ECDSA, one under another name, one with the line ends of DOS and without a last newline;
# the kind that is not given is made.
keys_of_all_types_are_taken_and_the_others_are_made() {
	mkdir -p dos
	sed 's/$/\r/' host/ssh_host_ecdsa_key | head -c -2 >dos/ssh_host_ecdsa_key
	installs --host-key web.rsa --host-key dos/ssh_host_ecdsa_key
	holds_pair /etc/ssh rsa web.rsa
	holds_pair /etc/ssh ecdsa host/ssh_host_ecdsa_key
	ssh-keygen -y -f "$ROOT/etc/ssh/ssh_host_ed25519_key"
	# Only what the server will show is reported.
	[[ $(grep '^INSTALL_RESULT ssh-host-key=' said | cut -d = -f 2 | cut -d ' ' -f 1) == ssh-ed25519 ]]
	grep 'warning: the guest has no SSH server that uses the given host key /etc/ssh/ssh_host_rsa_key' said
}

a_key_goes_where_the_server_looks() {
	rm -rf cache
	change "$ETC" sed -i '1i HostKey /persist/keys/ssh_host_ed25519_key' etc/ssh/sshd_config
	cache=$PWD/cache installs --host-key host/ssh_host_ed25519_key
	has_pair /persist/keys ed25519 host/ssh_host_ed25519_key
	[[ ! -e $ROOT/etc/ssh/ssh_host_ed25519_key ]]
	if grep -F 'uses the given host key' said; then return 1; fi
}

keys_survive_activation() {
	with_activation 'chmod 0644 /etc/ssh/ssh_host_ed25519_key; rm /etc/ssh/ssh_host_ed25519_key.pub'
	cache=$PWD/cache installs --host-key host/ssh_host_ed25519_key
	has_pair /etc/ssh ed25519 host/ssh_host_ed25519_key
	with_activation 'ln -sfn static/os-release /etc/ssh/ssh_host_ed25519_key'
	cache=$PWD/cache refuses 2 'makes a link of /etc/ssh/ssh_host_ed25519_key' \
		--host-key host/ssh_host_ed25519_key
}

changed_keys_fail_verification() {
	rm -rf cache
	change "$SYSTEM" sed -i "2i $1" bin/switch-to-configuration
	cache=$PWD/cache refuses 41 "$2" --host-key host/ssh_host_ed25519_key
}

keys_that_no_server_could_use_are_refused() {
	ssh-keygen -q -t ed25519 -N secret -f locked
	refuses 20 'locked is encrypted with a passphrase' --host-key locked
	refuses 20 'ed.pub is a public key' --host-key ed.pub
	ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f pem
	refuses 20 'pem is a private key in PEM form' --host-key pem
	grep -v "$(sed -n 3p host/ssh_host_ed25519_key)" host/ssh_host_ed25519_key >short
	refuses 20 'short is damaged or cut off' --host-key short
	refuses 20 'no SSH host key was found on a key drive' --set host-keys=drive
	refuses 20 'Two host keys are given for ssh_host_ed25519_key' --host-key ed \
		--host-key host/ssh_host_ed25519_key
	[[ $(stat -c %b guest.img) == 0 ]]
}

# A key of which only a program that calculates with it can see that it is none.
the_guests_own_program_decides() {
	python3 - host/ssh_host_ecdsa_key other-secret <<-'END'
		import base64, sys
		lines = open(sys.argv[1]).read().splitlines()
		key = bytearray(base64.b64decode("".join(lines[1:-1])))
		at = bytes(key).rindex(b"nistp256") + 8  # the point with its length, then the private number
		at += 4 + int.from_bytes(key[at : at + 4], "big")
		at += 4 + int.from_bytes(key[at : at + 4], "big")
		key[at - 1] ^= 1  # the last byte of the private number
		open(sys.argv[2], "w").write("\n".join([lines[0], base64.b64encode(key).decode(), lines[-1], ""]))
	END
	refuses 20 "The guest's ssh-keygen does not take the host key ssh_host_ecdsa_key" \
		--host-key other-secret
}

nothing_of_a_key_is_logged() {
	local line
	while read -r line; do
		if [[ $line != -* ]] && grep -F "$line" said; then return 1; fi
	done <host/ssh_host_ed25519_key
}

# The host name is read while the system is activated.
a_name_that_is_left_open_is_given() {
	rm -rf cache
	change "$ETC" rm etc/hostname
	change "$SYSTEM" append_activation 'cp -L /etc/hostname /var/lib/seen'
	cache=$PWD/cache installs --set hostname=web-7
	echo web-7 >name
	is_file /etc/hostname '644 0:0' name
	cmp "$ROOT/var/lib/seen" name
}

a_name_that_is_fixed_is_kept() {
	local fixed
	fixed=$(cat "$SYSTEM/etc/hostname")
	installs --set hostname=web-7
	grep "warning: the guest keeps its host name $fixed, and hostname = web-7 is not used" said
	[[ $(readlink "$ROOT/etc/hostname") == /etc/static/hostname ]]
}

a_name_that_is_changed_later_fails_verification() {
	rm -rf cache
	change "$ETC" rm etc/hostname
	change "$SYSTEM" sed -i '2i echo other >/etc/hostname' bin/switch-to-configuration
	cache=$PWD/cache refuses 41 'holds "other" instead of the host name web-7' --set hostname=web-7
}

need_root
cd "$SCRATCH"
"$TOP/iso/make-cache"
find_system
at_exit unmount_guest
ssh-keygen -q -t ed25519 -N '' -C owner -f ed
ETC=$(dirname "$(readlink -f "$SYSTEM/etc")")
mkdir host
for type in ed25519 ecdsa; do
	ssh-keygen -q -t "$type" -N '' -C "$type of the guest" -f "host/ssh_host_${type}_key"
done
ssh-keygen -q -t rsa -b 2048 -N '' -C '' -f web.rsa
sed -i 's/ $//' web.rsa.pub
echo "AGE-SECRET-KEY-$RANDOM$RANDOM" >age.txt

run_case "files are there before activation, with modes and owners, and leave homes to it" files_are_there_before_activation
run_case "nothing of a file is logged" nothing_of_a_file_is_logged
run_case "files that activation changes are written again" files_survive_activation
run_case "a mode that is changed later fails verification" changed_files_fail_verification \
	'chmod 0640 /etc/secret' '/etc/secret has mode 0640 and owner 0:0 instead of 0600 and 0:0'
run_case "a file of the key drive needs one, and a file in memory is refused" without_a_key_drive_its_files_are_refused
run_case "a given host key is there before activation" host_keys_are_there_before_activation
run_case "nothing of a host key is logged" nothing_of_a_key_is_logged
run_case "the guest's server identifies itself by the given key" the_server_has_the_given_key
run_case "host keys of all types are taken, and the others are made" keys_of_all_types_are_taken_and_the_others_are_made
run_case "a host key goes where the server looks for it" a_key_goes_where_the_server_looks
run_case "host keys that activation changes are written again, and a link is refused" keys_survive_activation
run_case "a host key that is changed later fails verification" changed_keys_fail_verification \
	"echo >>/etc/ssh/ssh_host_ed25519_key" 'is not the host key that was given'
run_case "host keys that no server could use are refused before the first write" keys_that_no_server_could_use_are_refused
run_case "the guest's ssh-keygen has the last word" the_guests_own_program_decides
run_case "a host name that the guest leaves open is given" a_name_that_is_left_open_is_given
run_case "a host name that the guest fixes is kept, with a warning" a_name_that_is_fixed_is_kept
run_case "a host name that is changed later fails verification" a_name_that_is_changed_later_fails_verification
