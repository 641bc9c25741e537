#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# first_run_from.sh — proves that first-run makes a guest of an image without a machine: under the names and with
# the records of an install; that a kill at any step publishes nothing, and the next call finishes; that the
# program's refusals reach the user; and that the guest boots and lets its owner in
#
# Modules: clone_image, image/image_identity, format/partition_table, format/fat, format/swap.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"
# shellcheck source=clone.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/clone.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

# The tools as a package has them, where an ordinary user can read them.
install_tools() {
	mkdir -p "$SCRATCH/package/build"
	cp -r "$TOP/qemu" "$TOP/VERSION" "$SCRATCH/package"
	export PYTHONPYCACHEPREFIX=$SCRATCH/pycache
	python3 -m compileall -q "$SCRATCH/package/qemu/host"
	cp "$GUEST_INSTALLER" "$SCRATCH/package/build"
}

# from IMAGE DISK OPTION… — first-run, by an ordinary user.
from() {
	XDG_RUNTIME_DIR=$SCRATCH/tmp as_nobody "${traced[@]}" "$SCRATCH/package/qemu/first-run" --from "$1" --disk "$2" --key second.pub \
		"${@:3}" >printed 2>&1
}
traced=()

# from_refused CODE PATTERN FROM OPTION… — with the program's sentence; neither a disk nor a temporary file stays.
from_refused() {
	local status=0
	from "$3" out/refused.img "${@:4}" || status=$?
	if ((status != $1)) || ! grep -E "^first-run: .*$2" printed; then
		echo "status $status, expected $1: $2" && cat printed && return 1
	fi
	[[ ! -e out/refused.img ]]
	nothing_stays out/refused.img
}

# nothing_stays DISK — no temporary name, lock or folder.
nothing_stays() {
	[[ ! $(find out -name ".${1##*/}*") && ! $(ls -A "$SCRATCH/tmp") ]]
}

a_larger_disk_is_copied() {
	from out/gpt.img out/web.raw --size 2500M || { cat printed && return 1; }
	[[ $(tail -n 1 printed) == "copied: $PWD/out/web.raw (log: $PWD/out/web.raw.log)" ]]
	cp out/web.raw.log said
	all_are_new out/gpt.img out/web.raw 8
	sfdisk -V out/web.raw
	sfdisk --json out/web.raw | jq -e '.partitiontable.lastlba > 5100000'
	esp_is_clean out/web.raw
	owner_is_second out/web.raw "$GPT_OFFSET"
	nothing_stays out/web.raw
}

# The same files as of an install, with the same owner and mode.
its_records_are_those_of_an_install() {
	[[ $(stat -c '%a %U %n' out/web.raw*) == "$(printf '600 nobody %s\n' out/web.raw{,.known_hosts,.log,.verdict.json})" ]]
	jq -e --arg from "$PWD/out/gpt.img" '.code == 0 and .text == "copied" and .source == $from and
		.accel == "none" and .channels.serial == "successful"' out/web.raw.verdict.json
	[[ $(cat out/web.raw.known_hosts) == "* $(reported ssh-host-key)" ]]
}

a_qcow2_is_made_with_a_host_key_and_a_file() {
	ssh-keygen -q -t ed25519 -N '' -C given -f given
	chmod 644 given
	echo 'node 2' >node
	from out/first.img out/web.qcow2 --host-key given --file /etc/node=node:0640:0:30000 --json ||
		{ cat printed && return 1; }
	jq -se --arg from "$PWD/out/first.img" '.[0].event == "started" and .[0].source == $from and
		.[-1].event == "finished" and .[-1].text == "copied"' printed
	qemu-img convert -O raw out/web.qcow2 plain.img
	file_in plain.img "$OFFSET" /etc/node | cmp - node
	file_in plain.img "$OFFSET" /etc/ssh/ssh_host_ed25519_key | cmp - given
	rm plain.img out/web.qcow2*
}

two_disks_are_copied() {
	made pygrub out/root.img --size 1200M --boot-output out/boot.img
	from_refused 2 'name its boot disk' out/root.img
	from out/root.img out/root2.img --from-boot out/boot.img --boot-disk out/boot2.img || { cat printed && return 1; }
	e2fsck -fn out/root2.img
	e2fsck -fn out/boot2.img
	[[ $(blkid -p -o value -s UUID out/boot.img) != "$(blkid -p -o value -s UUID out/boot2.img)" ]]
	file_in out/root2.img 0 /root/.ssh/authorized_keys | cmp - second.pub
	rm out/root* out/boot*
}

# shellcheck disable=SC2046 # store paths have no blanks
refusals_reach_the_user() {
	from_refused 2 'missing.img cannot be read: No such file' out/missing.img
	truncate -s 1200M out/blank.img
	from_refused 2 'blank.img holds no guest in a layout' out/blank.img
	from_refused 14 'say a size that is no smaller.*--size sets the size' out/first.img --size 100M
	from_refused 2 'manifest is set, but the copy of an image has what the image has' out/first.img --set manifest=/x
	echo x >'a b'
	from_refused 2 'has a blank in its path' out/first.img --file '/etc/x=a b'
	cp --sparse=always out/first.img out/grub.img
	dd if="$(find $(nix-store -qR "$TOP/build/sample-bios") -name boot.img)" of=out/grub.img bs=440 count=1 conv=notrunc status=none
	from_refused 2 'GRUB finds its root by the UUID' out/grub.img
	rm out/blank.img out/grub.img
	jq -e '.code == 2 and (.text | contains("GRUB"))' out/refused.img.verdict.json
}

# QEMU locks the image that it has open.
an_image_in_use_is_refused() {
	mkfifo hold
	qemu-io -f raw out/first.img <hold >opened &
	exec {hold}>hold
	echo length >&"$hold"
	await 60 grep -q GiB opened
	from_refused 2 'is in use by another program: shut its guest down first' out/first.img
	exec {hold}>&-
	wait $!
}

# is_whole DISK — a copy that may have its name.
is_whole() {
	e2fsck -fn "$1?offset=$OFFSET" && file_in "$1" "$OFFSET" /root/.ssh/authorized_keys | cmp - second.pub
}

# killed CALLS STEP — first-run alone is killed at the STEPth of these system calls; the kernel ends its child. The
# call begins with what the one before has left. Fails when it was not killed.
killed() {
	local status=0
	traced=(strace -qq -o out/trace -e trace="$1" -e inject="$1:signal=KILL:when=$2")
	from out/first.img out/killed.img || status=$?
	((status == 137))
}

# kill_at_each CALLS FIRST — up to the step that is not reached. A disk has its name only when it is whole, and the
# next call then says so.
kill_at_each() {
	local step=$2
	while killed "$1" "$step"; do
		if [[ -e out/killed.img ]]; then
			is_whole out/killed.img
			rm out/killed.img
		fi
		step=$((step + 1))
	done
	traced=()
	((step > $2))
	cat printed
	[[ $(tail -n 1 printed) == copied:* ]]
	is_whole out/killed.img
	nothing_stays out/killed.img
	rm out/killed.img*
}

# Such a copy has no /etc/passwd before it is started.
a_copy_is_published_when_it_has_booted() {
	from out/gpt.img out/proved.raw --firmware uefi --prove-boot || { cat printed && return 1; }
	grep -F 'the installed disk boots and lets root in' printed
	rm out/proved.raw*
}

# The host key that was reported before the first boot is the one that the guest shows.
it_is_the_guest_that_was_reported() {
	cp out/own.raw.log said
	in_guest cat /etc/ssh/ssh_host_ed25519_key.pub | grep -Fx "$(reported ssh-host-key)"
	in_guest findmnt -no UUID / | grep -Fx "$(reported root-uuid)"
}

prepare_images
install_tools
for sample in direct pygrub systemd-boot; do manifest_of "$sample"; done
ssh-keygen -q -t ed25519 -N '' -C second -f second
made direct out/first.img --size 1200M
made systemd-boot out/gpt.img --size 2G --set swap=64M
run_case "a GPT disk with swap is copied to a larger one" a_larger_disk_is_copied
run_case "its records are those of an install" its_records_are_those_of_an_install
run_case "a qcow2 is made, with a given host key and a file" a_qcow2_is_made_with_a_host_key_and_a_file
run_case "the two disks of a guest of pygrub are copied" two_disks_are_copied
run_case "what the program refuses is refused with its code and sentence" refusals_reach_the_user
run_case "an image that a guest has open is refused" an_image_in_use_is_refused
run_case "a kill where the disk gets its name publishes a whole disk or none" kill_at_each link,unlink 5
run_long "a kill at any change of a file does, too" kill_at_each link,unlink,rename,mkdir,fsync,openat 1
run_long "a copy whose start is to be proved is started, and lets its owner in" a_copy_is_published_when_it_has_booted
mv second key
mv second.pub key.pub
start_guest out/own.raw --firmware uefi --from out/gpt.img --key key.pub
run_case "run-guest makes a copy, which boots by UEFI and lets its own owner in" guest_lets_in
run_case "it is the guest that was reported" it_is_the_guest_that_was_reported
press_the_power_button
run_case "the power button ended it" guest_ended_well
