#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# faults.sh — proves that a disk that fails or hangs, a killed child and a lack of memory end the
# install in time with the right code, and leave a disk that does not boot and that the next install takes
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the stand-in expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/cut.lib.sh
source "$TOP/tests/qemu/cut.lib.sh"

at_exit end_server
server=

# A sector that only one stage writes, or reads from the device: the first, the one of the mark, the
# first of the EFI file system's second MiB and of the root's second copy of its superblock, and the
# journal's header.
readonly TABLE=0 MARK=$((514 * 2048)) ESP=$((3 * 2048)) ROOT=$((642 * 2048)) JOURNAL=$((1026 * 2048))

# CODE STAGE SENTENCE, then what goes wrong: in the disk itself, from the start; from the moment of a
# line on the console; or in the installer. ONLY=TEXT runs those with this text.
faults=(
	"30 partition a flush fails: inject flush 5"
	"30 partition the first sector cannot be written: inject write 5 $TABLE"
	"30 partition there is no room for the first sector: inject write 28 $TABLE"
	"30 partition the mark cannot be written: inject write 5 $MARK"
	"31 format the EFI file system cannot be written: inject write 5 $ESP"
	"31 format the root file system cannot be written: inject write 5 $ROOT"
	"31 format there is no room for the root file system: inject write 28 $ROOT"
	"32 mount the journal cannot be read: inject read 5 $JOURNAL"
	"40 copy writing fails while copying: go_bad pwrite EIO ^INSTALL_PROGRESS.copy"
	"40 copy there is no room while copying: go_bad pwrite ENOSPC ^INSTALL_PROGRESS.copy"
	"50 (activation|bootloader) writing fails while activating: go_bad pwrite EIO ^INSTALL_PROGRESS.activation"
	"50 bootloader writing fails in the boot loader's programs: go_bad pwrite EIO ^INSTALL_PROGRESS.bootloader"
	"41 verify reading back fails: go_bad pread EIO ^INSTALL_PROGRESS.verify"
	"41 verify the last writes fail: go_bad pwrite EIO ^INSTALL_RESULT.cmdline"
	"1 format the child is killed: kill_child"
	"1 format there is no memory left: exhaust_memory"
	"60 copy the disk hangs while copying: hang ^INSTALL_PROGRESS.copy"
	"60 (activation|bootloader) the disk hangs while activating: hang ^INSTALL_PROGRESS.activation"
)

# inject REQUEST ERRNO [SECTOR] — QEMU fails every such request.
inject() {
	local rule=inject-error.0
	run_installer console -blockdev "driver=blkdebug,node-name=target,image.driver=file,image.filename=disk,$rule.event=none,$rule.iotype=$1,$rule.errno=$2${3:+,$rule.sector=$3}" \
		-device virtio-blk-pci,drive=target,werror=report,rerror=report "${keys[@]}"
}

end_server() {
	[[ $server ]] || return 0
	end_child "$server"
	server=
}

# serve REQUEST ERROR — the disk comes from a server that fails these requests once `trigger` exists.
serve() {
	rm -f trigger socket
	"${tied[@]}" nbdkit --foreground --exit-with-parent --unix "$PWD/socket" --filter=error file disk \
		"error-$1=$2" "error-$1-rate=100%" "error-$1-file=$PWD/trigger" 2>served &
	server=$!
	retry_until 10 test -S socket
}

# await_line PATTERN — waits until the console has a matching line or the machine has ended.
await_line() {
	"${tied[@]}" timeout 1200 grep -aEm 1 -- "$1" \
		< <("${tied[@]}" tail -F -n +1 -s 0.05 --pid="$machine" console 2>"$SCRATCH/tail")
}

# at_line PATTERN COMMAND QEMU-ARGUMENT… — starts the machine and runs COMMAND when the console has
# such a line.
at_line() {
	local pattern=$1 command=$2 machine
	shift 2
	rm -f console && : >console
	{ run_installer console "$@" "${keys[@]}" && exit "$status"; } &
	machine=$!
	await_line "$pattern" && "$command"
	status=0
	wait "$machine" || status=$?
}

go_bad() {
	serve "$1" "$2"
	at_line "$3" pull_trigger \
		-drive "file=nbd:unix:$PWD/socket,format=raw,if=virtio,werror=report,rerror=report"
	end_server
}

pull_trigger() {
	touch trigger
}

# hang PATTERN — at that line the disk becomes so slow that no request ends any more.
hang() {
	rm -f qmp.*
	mkfifo qmp.in qmp.out
	at_line "$1" slow_down -chardev pipe,id=qmp,path=qmp -mon chardev=qmp,mode=control \
		-object throttle-group,id=group -blockdev driver=file,node-name=file,filename=disk \
		-blockdev driver=throttle,node-name=target,throttle-group=group,file=file \
		-device virtio-blk-pci,drive=target
}

slow_down() {
	cat >qmp.in <<-'END'
		{"execute": "qmp_capabilities"}
		{"execute": "qom-set", "arguments": {"path": "/objects/group", "property": "limits",
		"value": {"bps-total": 1}}}
	END
}

# replace — mkfs.fat of the initramfs, by a script with these commands; then the machine runs.
replace() {
	replace_mkfs_fat initrd.img
	initrd=initrd.img run_installer console -drive file=disk,format=raw,if=virtio "${keys[@]}"
}

# Files in memory take all of it; the kernel does not kill their writer.
exhaust_memory() {
	replace <<-'SCRIPT'
		echo -1000 >/proc/self/oom_score_adj
		mount -t tmpfs -o size=100% tmpfs /mnt
		cat /dev/zero >/mnt/hog
	SCRIPT
}

kill_child() {
	replace <<-'SCRIPT'
		kill -KILL $PPID
	SCRIPT
}

meets() {
	local code stage command
	read -r code stage _ <<<"$1"
	read -ra command <<<"$2"
	empty_disk disk
	"${command[@]}"
	expect_refusal console "$code" "$stage" ''
	grep -aF 'Power down' console
	expect_taken disk guest
	# A disk that fails in these stages accepts no write to the boot sector any more.
	case $stage in
	partition | bootloader) cmp -n 440 disk /dev/zero ;;
	*) expect_no_first_sector disk ;;
	esac
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
give_keys 'timeout = 75'
take_boot_files
mapfile -t keys < <(key_drive keys)
run_case "the program that asks can be built" build_replay
for fault in "${faults[@]}"; do
	[[ $fault != *"${ONLY-}"* ]] || run_case "code ${fault%%: *}" meets "${fault%%: *}" "${fault#*: }"
done
figure faults "${#faults[@]} kinds"
