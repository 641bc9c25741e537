# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/loop/login.lib.sh — an installed guest, and two answers to the question whether its owner
# can log in: login_check's, and that of the guest's own sshd
#
# Source it after tests/loop/effects.lib.sh. The guest is the sample, installed onto an image file.
# shellcheck source=tests/changed_cache.lib.sh
. "$TOP/tests/changed_cache.lib.sh"

# These files start a program under ASan several hundred times, and the search for leaks doubles the time of
# each. The unit tests and the other loop tests have it.
[[ ${LONG-} ]] || export ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}

LOGIN=$SCRATCH/login
ROOT=$SCRATCH/root
GUEST_INSTALLER=$TOP/build/asan/guest-installer

# find_system — the sample's store path, once it is built.
find_system() {
	SYSTEM=$(readlink -f "$TOP/build/sample-direct")
}

build_login() {
	build_sanitized "$LOGIN" "$TOP/tests/loop/login.c"
}

# install_sample IMAGE CACHE OPTION… — with another manifest if $manifest names one; the verdict and the log go to the file `said`.
install_sample() {
	local image=$1 cache=$2
	shift 2
	rm -f "$image"
	truncate -s 1600M "$image"
	"$GUEST_INSTALLER" install --cache "$cache" --disk "$image" --layout direct \
		--manifest "${manifest:-$TOP/build/guest-direct.json}" \
		--set "trusted-keys=$(cat "$SIGNING_KEY.pub")" "$@" >said 2>&1
}

# mount_guest IMAGE — on $ROOT; unmounted at the end of the test.
mount_guest() {
	mkdir -p "$ROOT"
	mount -o loop,offset=1048576 "$1" "$ROOT"
}

unmount_guest() {
	while umount -R "$ROOT" 2>/dev/null; do :; done
}

# our_answer USER KEYS — prints login_check's sentence or the port; fails if the owner is locked out.
our_answer() {
	"$LOGIN" check "$ROOT" "$SYSTEM" "$1" "$2"
}

# real_login USER KEY [KNOWN_HOSTS] — logs in through the guest's own sshd, which serves this one
# connection on its standard input, and runs `true`. With KNOWN_HOSTS the server has to be in it.
real_login() {
	local sshd
	sshd=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$SYSTEM/etc/systemd/system/sshd.service")
	# shellcheck disable=SC2016
	unshare -m bash -euc '
		root=$1 system=$2 sshd=$3 user=$4 key=$5 known=$6
		mount --bind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/run"
		ln -s "$system" "$root/run/current-system"
		mkdir "$root/run/sshd"
		timeout 20 ssh -F none -o "ProxyCommand=chroot $root $sshd -i -f /etc/ssh/sshd_config" \
			-o StrictHostKeyChecking="$([[ $known == /dev/null ]] && echo no || echo yes)" \
			-o UserKnownHostsFile="$known" -o GlobalKnownHostsFile=/dev/null -o BatchMode=yes \
			-o IdentitiesOnly=yes -i "$key" "$user@guest" "echo let in"
	' bash "$ROOT" "$SYSTEM" "$sshd" "$1" "$2" "${3:-/dev/null}" | grep -Fx 'let in'
}
