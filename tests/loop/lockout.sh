#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# lockout.sh — proves that an install ends with a code and a sentence for each way to lock the owner
# out of the guest, and succeeds for each harmless variation
# (login_check, account, chroot, extra_files, host_keys, sshd_run, sshd_login)
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"
# shellcheck source=tests/loop/login.lib.sh
. "$(dirname "$0")/login.lib.sh"

CASES=$TOP/tests/loop/authorized_keys

# installs PATTERN OPTION… — with success; a line of the log or the console is like the pattern.
installs() {
	local pattern=$1
	shift
	install_sample guest.img "${cache:-$TOP/build/cache}" "$@" || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	grep -Eq "$pattern" said || { cat said && return 1; }
}

# refuses CODE PATTERN OPTION…
refuses() {
	local code=$1 pattern=$2 status=0
	shift 2
	install_sample guest.img "${cache:-$TOP/build/cache}" "$@" || status=$?
	[[ $status == "$code" ]] && grep -Eq "^INSTALL_FAILED code=$code .*$pattern" said && return
	echo "status $status, expected $code:" && cat said && return 1
}

append_config() { printf '%b\n' "$1" >>etc/ssh/sshd_config; }

add_included_file() {
	mkdir etc/ssh/sshd_config.d
	echo 'PermitRootLogin no' >etc/ssh/sshd_config.d/10.conf
	sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' etc/ssh/sshd_config
}

edit_activation() { sed -i "$1" activate; }

# Keywords are put before those of the sample, because the first one counts.
prepend_config() {
	printf '%b\n' "$1" | cat - etc/ssh/sshd_config >longer
	cat longer >etc/ssh/sshd_config
	rm longer
}

config_refused() {
	rm -rf cache
	change "$ETC" prepend_config "$2"
	cache=$PWD/cache refuses 41 "$1" --key "${3:-ed}.pub"
}

config_installs() {
	rm -rf cache
	change "$ETC" prepend_config "$2"
	cache=$PWD/cache installs "$1" --key "${3:-ed}.pub"
}

blocks_count() {
	rm -rf cache
	change "$ETC" append_config 'Match all\n  PermitRootLogin no'
	cache=$PWD/cache refuses 41 'PermitRootLogin' --key ed.pub
}

included_file_counts() {
	rm -rf cache
	change "$ETC" add_included_file
	cache=$PWD/cache refuses 41 'PermitRootLogin' --key ed.pub
}

# activation_is CODE PATTERN SED — with an activation script edited; UsePAM is no in the sample.
activation_refused() {
	rm -rf cache
	change "$SYSTEM" edit_activation "$2"
	cache=$PWD/cache refuses 41 "$1" --key ed.pub
}

no_server() {
	rm -rf cache
	change "$(readlink -f "$SYSTEM/etc/systemd/system")" rm multi-user.target.wants/sshd.service
	cache=$PWD/cache refuses 41 'starts no SSH server' --key ed.pub
}

need_root
cd "$SCRATCH"
"$TOP/iso/make-cache"
find_system
ETC=$(dirname "$(readlink -f "$SYSTEM/etc")")
ssh-keygen -q -t ed25519 -N '' -C owner -f ed
ssh-keygen -q -t rsa -b 2048 -N '' -C owner -f rsa

run_case "harmless: nothing was changed, and the port is a result" installs 'ssh-port=22' --key ed.pub
run_case "out: PermitRootLogin no behind a comment" config_refused PermitRootLogin 'PermitRootLogin no # hardened'
run_case "out: Match all" blocks_count
run_case "out: an included file" included_file_counts
run_case "out: the key's type is not accepted" config_refused PubkeyAcceptedAlgorithms 'PubkeyAcceptedAlgorithms ssh-ed25519' rsa
run_case "harmless: another key's type is not accepted" config_installs INSTALL_SUCCESSFUL 'PubkeyAcceptedAlgorithms ssh-ed25519' ed
run_case "harmless: quotes and another port" config_installs 'ssh-port=2222' 'PubkeyAuthentication "yes"\nPort=2222'
run_case "out: sshd does not start" config_refused 'would not start.*PermitRotLogin' 'PermitRotLogin yes'
run_case "out: no server is started" no_server
run_case "out: a locked account without PAM" activation_refused 'is locked' "s/'root:\*:/'root:!:/"
run_case "out: an expired account" activation_refused 'has expired' "s/'root:\*:1::::::'/'root:*:1::::1:1:'/"
run_case "out: a shell that is not in the guest" activation_refused 'is no program of the guest' 's,^\tlocal shell=[^ ]*,\tlocal shell=/bin/zsh,'
run_case "out: no user for the server's separated process" activation_refused 'Privilege separation user' '/SSH privilege separation/d'
run_case "out: the only key is a certificate" refuses 20 'is a certificate' --key "$CASES/certificate-only.pub"
run_case "harmless: a certificate beside a good key" installs 'warning: .*is a certificate' --key ed.pub --key "$CASES/certificate-only.pub"
run_case "out: the only key has expired" refuses 20 'has expired' --key "$CASES/expired"
run_case "harmless: an old key beside a good one" installs 'warning: .*DSA' --key "$CASES/dss-among-good"
run_case "out: a key of a type that the guest's sshd does not know" refuses 41 PubkeyAcceptedAlgorithms --key "$CASES/mldsa44-ed25519-openssh.com.pub"
run_case "out: a file that is gone after the install" refuses 2 'TARGET not below /nix, /dev, /proc, /run' --key ed.pub --file /run/secret=ed.pub
run_case "out: keys-user is no user of the guest" refuses 20 'no user alice' --key ed.pub --set keys-user=alice
