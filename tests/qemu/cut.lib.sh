# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/qemu/cut.lib.sh — interrupted installs: recorded, replayed up to any request, and killed
#
# Source it after machine.lib.sh. Needs what `make asan` builds.

REPLAY=$SCRATCH/replay

build_replay() {
	build_sanitized "$REPLAY" "$TOP/tests/qemu/replay.c"
}

# empty_disk FILE
empty_disk() {
	rm -f "$1"
	truncate -s 2G "$1"
}

# record_install LOG [BASE [QEMU ARGUMENT]…] — a whole install of an empty disk, or of a copy of BASE, with the
# settings in `keys`; logs every write and flush. The disk is the file `recorded`.
record_install() {
	local arguments
	empty_disk recorded
	[[ ! ${2-} ]] || cp --sparse=always "$2" recorded
	: >"$1"
	mapfile -t arguments < <(key_drive keys)
	arguments+=("${@:3}")
	run_installer console "${arguments[@]}" -blockdev "driver=file,node-name=disk,filename=recorded$(past_the_page_cache)" \
		-blockdev "driver=file,node-name=log,filename=$(qemu_quote "$1")" \
		-blockdev driver=blklogwrites,node-name=logged,file=disk,log=log \
		-device virtio-blk-pci,drive=logged
	expect_verdict console INSTALL_SUCCESSFUL
}

# disk_at LOG POSITION IMAGE [SEED] — the disk after POSITION requests; with a seed, only some of
# the requests since the last flush are applied.
disk_at() {
	empty_disk "$3"
	if (($# > 3)); then
		"$REPLAY" cut "$1" "$3" "$2" "$4"
	else
		"$REPLAY" apply "$1" "$3" 0 "$2"
	fi
}

# window NUMBER — the position from which on the disk can be started, for the first, second or third time; what
# `sweep` of replay.c has printed is in the file `windows`.
window() {
	sed -n 's/^open //p' windows | sed -n "$1p"
}

# judge_states LOG BASE GUEST [OPTION]… — no state in which a power cut may leave the disk breaks a promise,
# from BASE to `recorded`. The counts are in the file `states`, names of states to start in `starts`.
judge_states() {
	python3 "$TOP/tests/qemu/prefixes" judge "${@:4}" "$1" "$2" recorded "$REPLAY" "$TOP/build/$3.json" | tee states
}

# write_state LOG BASE STATE IMAGE
write_state() {
	python3 "$TOP/tests/qemu/prefixes" write "$@"
}

# count_states — what judge_states has judged, as a sentence.
count_states() {
	sed -n 's/^\([a-z -]*\) \([0-9]*\)$/\2 \1/p' states | paste -sd, | sed 's/,/, /g'
}

# print_states NAME — the counts, as a comment of the test's output.
print_states() {
	echo "# $1: $(count_states)"
}

# partition IMAGE OFFSET SIZE FILE — copies this part of the image; OFFSET and SIZE in MiB.
partition() {
	rm -f "$4"
	dd if="$1" of="$4" bs=1M skip="$2" count="$3" conv=sparse status=none
}

# expect_whole IMAGE GUEST ROOT — the guest is complete after e2fsck has replayed the journal: store,
# registration, profile and keys. ROOT is the offset of its partition in MiB.
expect_whole() {
	local path system
	partition "$1" "$3" 2048 root
	e2fsck -fp root || (($? == 1))
	rm -rf tree && mkdir tree
	debugfs -R 'rdump /nix /root /etc tree' root 2>messages
	system=$(readlink "$TOP/build/sample-$2")
	nix-store -qR "$system" | sort >paths
	(($(wc -l <paths) > 10))
	while read -r path; do
		diff -r --no-dereference "$path" "tree$path"
	done <paths
	sqlite3 tree/nix/var/nix/db/db.sqlite 'select path from ValidPaths order by path' |
		LC_ALL=C sort | diff <(LC_ALL=C sort paths) -
	[[ $(readlink tree/nix/var/nix/profiles/system-1-link) == "$system" ]]
	cmp key.pub tree/root/.ssh/authorized_keys
	[[ -e tree/etc/NIXOS && -e tree/etc/passwd ]]
	chmod -R u+w tree && rm -rf tree root
}

# expect_taken IMAGE GUEST — the installer would choose this disk.
expect_taken() {
	"$REPLAY" ask "$1" "$TOP/build/$2.json"
}

# The first sector is empty, so no firmware boots the disk.
expect_no_first_sector() {
	cmp -n 512 "$1" /dev/zero
}

# kill_at FILE PATTERN RUN ARGUMENT… — has RUN (run_machine or run_installer) start a machine, and
# kills QEMU as soon as FILE has a line like this. The machine's console goes to the file `console`.
kill_at() {
	local file=$1 pattern=$2 run=$3 machine
	shift 3
	rm -f pid console
	: >"$file"
	"$run" console "$@" -pidfile pid &
	machine=$!
	"${tied[@]}" timeout 1200 grep -aEm 1 -- "$pattern" \
		< <("${tied[@]}" tail -F -n +1 -s 0.05 --pid="$machine" "$file" 2>"$SCRATCH/tail") || {
		echo "no '$pattern' in $file:" && cat console console.messages
		end_child "$machine"
		return 1
	}
	kill -KILL "$(cat pid)"
	wait "$machine" || true
	expect_successes console 0
}
