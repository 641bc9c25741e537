#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# own_kernel.sh — proves that one command makes a guest, boots it with a kernel that is not on its disk,
# gives it modules, disks and a folder, and returns the result of a script in it. The guest is the copy of an
# image; services.sh proves that run-guest installs one from an ISO.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=kernels.lib.sh
source "$TOP/tests/qemu/kernels.lib.sh"
# shellcheck source=../image/guest.lib.sh
source "$TOP/tests/image/guest.lib.sh"

write_project() {
	cat >.guest <<-END
		guest = guest.qcow2
		from = image.raw
		key = key.pub
		size = 2G

		kernel = $kernel
		initrd = initrd
		modules = $modules
		append = loglevel=5
		disk = 64M
		disk = 3M
		disk = scratch.img
		share = folder:work
		snapshot = yes

		run = script
		identity = key
		boot-timeout = 600
	END
	cat >script <<-'END'
		#!/bin/sh
		uname -r
		cat /proc/cmdline >&2
		for disk in b c d; do
			echo "$(cat /sys/block/vd$disk/size) $(cat /sys/block/vd$disk/serial)"
		done
		insmod "/lib/modules/$(uname -r)/kernel/drivers/block/loop.ko" && ls -d /sys/module/loop
		cat /mnt/work/question && echo 42 >/mnt/work/answer
		echo written >/etc/written && echo written >/dev/vdd && sync
		exit 7
	END
	mkdir folder
	echo 'six by nine?' >folder/question
	truncate -s 5M scratch.img
}

one_word() {
	status=0
	"$TOP/qemu/run-guest" "$@" >said 2>messages </dev/null || status=$?
	cat messages
}

one_word_makes_the_guest_and_runs_the_script() {
	one_word
	[[ $status == 7 ]]
	diff said - <<-END
		$release
		131072 disk1
		6144 disk2
		10240 disk3
		/sys/module/loop
		six by nine?
	END
	[[ $(cat folder/answer) == 42 ]]
	grep -E 'first-run makes it' messages
	grep -E 'shared by virtiofs' messages
	grep -E '^init=/nix/store/[^ ]*/init .* loglevel=5$' messages
}

# Two boots that differ in the kernel only.
both_kernels_run_and_the_disk_stays_as_it_is() {
	local before
	before=$(sha256sum guest.qcow2)
	printf '#!/bin/sh\nuname -r\n' >short
	one_word guest.qcow2 --firmware uefi --snapshot --run short --identity key --boot-timeout 600
	[[ $status == 0 && $(cat said) == "$(cat installed)" ]]
	one_word --run short
	[[ $status == 0 && $(cat said) == "$release" ]]
	[[ $(sha256sum guest.qcow2) == "$before" ]]
	if [[ -s scratch.img ]] && tr -d '\0' <scratch.img | grep -q .; then return 1; fi
}

a_panic_ends_the_run_with_81() {
	printf '#!/bin/sh\necho 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 600\n' >crash
	one_word --run crash
	[[ $status == 81 ]]
	grep -F 'sysrq: Trigger a crash' messages
}

a_kernel_that_finds_no_root_is_81_with_its_words() {
	one_word --run script --initrd none --boot-timeout 100
	[[ $status == 81 ]]
	grep -F 'VFS: Unable to mount root fs' messages
}

# A daemon with a folder by 9p and a second card.
start_with_tap() {
	make_initrd "$modules/lib/modules/$release" initrd-9p 9p 9pnet_virtio
	ip tuntap add dev "$tap" mode tap
	ip address add "$network.1/24" dev "$tap"
	ip link set "$tap" up
	one_word guest.qcow2 --daemon --snapshot --log console --kernel "$kernel" --initrd initrd-9p \
		--share folder:work:ro --tap "$tap" --address "$network.2/24"
	[[ $status == 0 ]]
	grep -E 'shared by 9p' said
}

by_tap() {
	ssh -n -F /dev/null -i key -o BatchMode=yes -o IdentitiesOnly=yes -o LogLevel=ERROR \
		-o ConnectTimeout=6 -o UserKnownHostsFile=guest.qcow2.known_hosts \
		-o StrictHostKeyChecking=yes "root@$network.2" "$@"
}

the_guest_has_its_address_and_a_folder_that_it_cannot_write() {
	await 300 by_tap true || { tail -n 50 console && return 1; }
	[[ $(by_tap cat /mnt/work/question) == 'six by nine?' ]]
	by_tap grep -E "'^work /mnt/work 9p ro,'" /proc/mounts
	if by_tap touch /mnt/work/mine; then return 1; fi
	if by_tap mount -o remount,rw /mnt/work \&\& touch /mnt/work/mine; then return 1; fi
	[[ ! -e folder/mine ]]
}

it_stops_when_told_to() {
	"$TOP/qemu/run-guest" guest.qcow2 --status | grep running
	"$TOP/qemu/run-guest" guest.qcow2 --stop --stop-timeout 120
	grep -F 'reboot: Power down' console
	[[ $("$TOP/qemu/run-guest" guest.qcow2 --status) == stopped ]]
}

remove_tap() {
	"$TOP/qemu/run-guest" "$SCRATCH/guest.qcow2" --stop --stop-timeout 1 2>/dev/null
	ip link delete "$tap" 2>/dev/null
}

misfits_are_refused_before_the_start() {
	mkdir -p empty
	one_word --modules empty
	[[ $status == 2 ]]
	grep -F "no modules of the kernel's release $release" messages
	: >nothing
	one_word --kernel nothing
	[[ $status == 2 ]]
	grep -F 'is no kernel: which modules are its own?' messages
	truncate -s 10M blank.raw
	one_word blank.raw --kernel "$kernel"
	[[ $status == 80 ]]
	grep -F 'found no installed system' messages
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
ls "$TOP/build/guest-linux/lib/modules" >installed
# The ISO's kernel is another one of the distribution.
modules=$TOP/build/linux
kernel=$modules/bzImage
release=$(ls "$modules/lib/modules")
run_case "modules of another kernel go into an initrd" make_initrd "$modules/lib/modules/$release" initrd virtiofs
enough
write_project
run_case "an image is made" make_guest image.raw
run_case "one word makes the guest and runs the script" one_word_makes_the_guest_and_runs_the_script
enough
run_long "it boots with either kernel, and the disk stays as it is" \
	both_kernels_run_and_the_disk_stays_as_it_is
run_long "a panic ends the run with 81" a_panic_ends_the_run_with_81
run_case "a kernel that finds no root is 81 with its words" a_kernel_that_finds_no_root_is_81_with_its_words
run_case "misfits are refused before the start" misfits_are_refused_before_the_start
tap=gi$$ network=10.213.$((RANDOM % 256))
at_exit remove_tap
run_case "a daemon starts with a card on the host's interface" start_with_tap
run_case "the guest has its address, and a folder that it cannot write" \
	the_guest_has_its_address_and_a_folder_that_it_cannot_write
run_case "it stops when told to" it_stops_when_told_to
