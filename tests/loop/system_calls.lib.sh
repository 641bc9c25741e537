# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/loop/system_calls.lib.sh — lets system calls fail, one in each install on an image file (layouts direct and
# pygrub) or in each image that an ordinary user makes (layout image), and judges what comes of it
#
# Needs what `make build iso` builds. inject.c lists and fails the calls, which it numbers for each file.
# On one processor an install has one worker, so that the numbers are the same in each install.
# Images in memory take half of the time: an install waits for its disk.
if (($(df --output=avail /dev/shm 2>/dev/null | tail -n 1) > 4 << 20)); then export TMPDIR=/dev/shm; fi
# shellcheck source=tests/image/image.lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../image/image.lib.sh"

INJECT=$SCRATCH/inject
# Seconds in which each install has to end.
readonly IN_TIME=60
export NIX_CONFIG='build-users-group =
experimental-features = nix-command'

build_inject() {
	"${CC:-gcc}" -std=gnu11 -Wall -Wextra -Wmissing-prototypes -Werror -g -O1 -D_GNU_SOURCE= \
		-o "$INJECT" "$TOP"/tests/loop/inject{,_call}.c
}

# unmount_all — what a judge that failed has left in the folders of the workers.
unmount_all() {
	local folder
	for folder in "$SCRATCH"/*/mnt; do
		! mountpoint -q "$folder" || umount "$folder"
	done
}
at_exit unmount_all

# enter_worker LAYOUT NUMBER — a folder of its own with the key. `install` is the command, `user` what starts it
# and the injector as the right user, `disk` what an install writes to, `offset` that of its root file system, `images`
# are the arguments of verify, and `processor` is where all of it runs.
enter_worker() {
	local manifest=$BUILT/guest-$1.json
	layout=$1 disk=nixos.img offset=1048576 images=(nixos.img) processor=$(($2 % $(nproc)))
	mkdir -p "$SCRATCH/$1-$2/mnt"
	cd "$SCRATCH/$1-$2"
	cp "$SCRATCH/key.pub" .
	user=() install=("$GUEST_INSTALLER" install --disk nixos.img)
	case $1 in
	pygrub)
		offset=0
		install+=(--boot-disk boot.img)
		images+=(--boot-disk boot.img)
		;;
	image)
		manifest=$SCRATCH/systemd-boot.json disk=raw.img offset=$((514 * 1048576))
		user=(as_nobody env "TMPDIR=$PWD/tmp")
		install=("$GUEST_INSTALLER" image --size 1600M --format qcow2 --seed "$SEED")
		mkdir -p tmp
		chown 65534:65534 . tmp
		;;
	esac
	install+=(--cache "$CACHE" --key key.pub --manifest "$manifest" --set "timeout=$IN_TIME"
		--set "trusted-keys=$(sample_key)")
	[[ $1 != image ]] || install+=(nixos.img)
}

# An image is made anew; an install takes a disk that is there.
new_images() {
	rm -f nixos.img boot.img
	if [[ $layout == image ]]; then
		rm -rf tmp/*
		return
	fi
	truncate -s 1600M nixos.img
	[[ $layout == direct ]] || truncate -s 64M boot.img
}

# list_calls FILE — the calls of an install that nothing disturbs: role, name, object, number, faults. Its image is kept.
list_calls() {
	new_images
	"${user[@]}" taskset -c "$processor" "$INJECT" list "$1" "${install[@]}" >said 2>&1 || { cat said && return 1; }
	(($(wc -l <"$1") > 1000))
	[[ $layout != image ]] || cp nixos.img whole.img
}

# list_faults FAULTS CALLS — one line for each call and each of its faults among these letters. The command image
# reads kernel and initrd by some 9,000 calls, one for each block of the ext4: after the first 200 every sixteenth counts.
list_faults() {
	local step=1
	[[ $layout != image ]] || step=16
	awk -F'\t' -v OFS='\t' -v wanted="$1" -v step="$step" '$4 <= 200 || $4 % step == 0 {
		for (i = 1; i <= length($5); i++)
			if (index(wanted, substr($5, i, 1)))
				print $1, $2, $3, $4, substr($5, i, 1)
	}' "$2"
}

# sample COUNT SEED — of the lines of list_faults on standard input: that many, no two of one role, name,
# object and fault, because a loop over one file has hundreds of alike calls.
sample() {
	awk -F'\t' -v count="$1" -v seed="$2" 'BEGIN { srand(seed) }
		{ key = $1 FS $2 FS $3 FS $5; if (rand() * ++seen[key] < 1) chosen[key] = $0 }
		END { for (key in chosen) print rand() "\t" chosen[key] }' | sort -n | cut -f2- | sed -n "1,${1}p"
}

# is_good — the disk that was reported as installed is: by e2fsck, debugfs and the command verify.
is_good() {
	e2fsck -fn "$disk?offset=$offset" >judged 2>&1 || { cat judged && echo "e2fsck finds the root damaged" && return 1; }
	[[ ! -e boot.img ]] || e2fsck -fn boot.img >judged 2>&1 || { cat judged && return 1; }
	debugfs -R 'cat /root/.ssh/authorized_keys' "$disk?offset=$offset" 2>judged | cmp - key.pub || return 1
	# This needs a kernel with vfat for the images.
	[[ $layout == image ]] || "$GUEST_INSTALLER" verify "${images[@]}" >judged 2>&1 || { cat judged && return 1; }
}

# has_all_bytes — Nix finds the content of every store path unchanged.
has_all_bytes() {
	mount -o "loop,offset=$offset" "$disk" mnt || return 1
	nix-store --store "$PWD/mnt" --verify --check-contents >judged 2>&1
	umount mnt
	! grep -E 'missing|modified|error' judged
}

# nothing_left — neither a process, nor a loop device, nor a mount, nor a temporary file.
nothing_left() {
	local image
	! grep left report || return 1
	if [[ $layout == image && $(find . -name '.?*' -type f -o -path './tmp/*' | tee left) ]]; then
		grep -q 'cannot remove ' said || { cat left && return 1; }
	fi
	for image in nixos.img boot.img; do
		[[ ! -e $image || -z $(losetup -j "$image") ]] || { losetup -j "$image" && return 1; }
	done
	! grep -F " /run/guest-installer" /proc/self/mountinfo
}

# has_verdict STATUS ROLE NAME — the last line is the verdict of this code with a sentence; after it an image may
# complain of temporary files. If the parent could not print or had not begun, the status alone tells.
has_verdict() {
	local last
	last=$(grep -v ' cannot remove ' said | tail -n 1)
	case $2.$3 in parent.write | parent.sendto) return 0 ;; esac
	if [[ $1 == 0 ]]; then
		[[ $last == INSTALL_SUCCESSFUL ]]
	elif [[ $last != "INSTALL_FAILED "* && $2 == parent ]]; then
		grep -Eq '^guest-installer: .+: .+' said
	else
		grep -Eq "^INSTALL_FAILED code=$1 stage=[a-z]+ .*[A-Za-z0-9]+.* .+" <<<"$last"
	fi
}

# next_run_finishes — an image that was written to is taken by the next run. What was to be made anew is not there.
next_run_finishes() {
	if [[ $layout == image ]]; then
		[[ ! -e nixos.img ]]
		return
	fi
	[[ $(stat -c %b nixos.img) != 0 ]] || return 0
	"${install[@]}" >said.next 2>&1 || { tail -n 1 said.next && return 1; }
	is_good
}

# judge ROLE NAME OBJECT NUMBER FAULT — an install in which this call fails.
judge() {
	local status=0
	new_images
	rm -f report
	"${user[@]}" taskset -c "$processor" "$TOP/tests/patient" $((2 * IN_TIME)) \
		"$INJECT" fail report "$@" "${install[@]}" >said 2>&1 || status=$?
	# Of the codes, 60 is a timeout; 124 and above are no codes of the installer.
	((status < 60)) || { tail -n 3 said && echo "status $status" && return 1; }
	has_verdict "$status" "$1" "$2" || { tail -n 3 said && echo "status $status without its verdict" && return 1; }
	nothing_left || return 1
	if [[ $status != 0 ]]; then
		next_run_finishes
	elif [[ $layout == image ]]; then
		cmp nixos.img whole.img
	else
		is_good && { [[ $5 == N ]] || has_all_bytes; }
	fi
}

# judge_all FILE — every line of it. Prints those that are not in order, and counts.
judge_all() {
	local role name object number fault bad=0 all=0 unmet=0
	while IFS=$'\t' read -r role name object number fault; do
		judge "$role" "$name" "$object" "$number" "$fault" >complaint 2>&1 </dev/null || {
			echo "when $role $name $object number $number fails with $fault:"
			sed 's/^/    /' complaint
			bad=$((bad + 1))
		}
		grep -q met report || { echo "$role $name $object number $number did not come" && unmet=$((unmet + 1)); }
		all=$((all + 1))
	done <"$1"
	echo "$all faults, $bad complaints, $unmet did not come"
	# The order of the threads makes a few calls come or not.
	((bad == 0 && unmet * 20 <= all))
}

# record_calls FIGURE — what every_call has judged, added up over its workers.
record_calls() {
	local calls faults
	calls=$(wc -l <"$(printf '%s\n' "$SCRATCH"/*-0/calls)")
	faults=$(cat "$SCRATCH"/*/faults | wc -l)
	figure "$1" "$calls calls, $faults faults"
}

# every_call LAYOUT FAULTS — judges all calls with these faults. Half of the time of an install is waiting for its
# disk, so two installs share a processor.
every_call() {
	local count number worker workers=() failed=0
	count=$((2 * $(nproc)))
	for ((number = 0; number < count; number++)); do
		(
			enter_worker "$1" "$number"
			list_calls calls
			list_faults "$2" calls | awk -v count="$count" -v number="$number" 'NR % count == number' >faults
			judge_all faults
		) &
		workers+=($!)
	done
	for worker in "${workers[@]}"; do
		wait "$worker" || failed=1
	done
	return "$failed"
}

# prepare_calls — what every file needs before its first case.
prepare_calls() {
	((UID)) || "$TOP/iso/make-cache"
	prepare_images
	manifest_of systemd-boot
	run_case "the injector can be built" build_inject
}
