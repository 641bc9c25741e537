#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# crash.sh — proves that an install that is interrupted at any moment reports no success and leaves
# a disk that boots no incomplete guest, and that the next run takes and finishes; that no power cut, whatever it loses
# of what was not flushed, leaves a disk that can be started with a guest that is not complete. With LONG=1 it
# kills the machine in two more places. tests/long/every_prefix.sh judges every state, and of more guests.
#
# Modules: init/supervise, format/partition, format/disk_transaction.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=cut.lib.sh
source "$TOP/tests/qemu/cut.lib.sh"

ROOT_MIB=514

# The program checks every position that touches the table or the mark, and every 64th of the others
# (tests/long/cuts.sh: each), and prints where the disk could be booted and where not.
every_cut_is_taken_again() {
	empty_disk swept
	"$REPLAY" sweep log swept "$TOP/build/guest.json" 64 | tee windows
	[[ $(cut -d' ' -f1 windows | xargs) == 'open shut open shut open requests asked bytes' ]]
	cmp swept recorded
}

no_state_breaks_a_promise() {
	empty_disk empty
	judge_states log empty guest --every 128 --ask-every 4
}

# The disk is that of the killed machine: whatever its install had written has to go before the new mark.
no_state_of_the_next_run_does() {
	judge_states next before guest --every 256 --ask-every 4 --samples 1
}

# The partition table exists for a moment, so that the kernel reads it.
nothing_can_start_when_the_table_is_written() {
	disk_at log "$(window 1)" cut
	cmp -n 440 cut /dev/zero
	partition cut 2 512 esp
	[[ -z $(blkid -p -o value -s TYPE esp) ]]
}

# The disk can be booted while the guest's boot loader installer runs.
guest_is_whole_before_it_can_start() {
	disk_at log "$(window 2)" cut
	cmp -n 440 cut /dev/zero
	expect_whole cut gpt "$ROOT_MIB"
}

guest_is_whole_when_it_is_let_go() {
	disk_at log "$(window 3)" cut
	[[ $(mark_state cut) == 1 ]]
	expect_whole cut gpt "$ROOT_MIB"
}

# QEMU stops the machine before the first write to the first sector.
killed_between_mark_and_table() {
	mkfifo qmp.in qmp.out
	"${tied[@]}" timeout 1200 tee qmp.in <<<'{"execute": "qmp_capabilities"}' >sent &
	"${tied[@]}" timeout 1200 cat qmp.out >events &
	kill_at events '"STOP"' run_installer "${keys[@]}" -chardev pipe,id=qmp,path=qmp -mon chardev=qmp,mode=control \
		-blockdev driver=blkdebug,node-name=target,image.driver=file,image.filename=disk,inject-error.0.event=none,inject-error.0.iotype=write,inject-error.0.sector=0 \
		-device virtio-blk-pci,drive=target,werror=stop
	[[ $(mark_state disk) == 1 ]]
	expect_no_first_sector disk
	expect_taken disk guest
}

killed_in() {
	kill_at console "^INSTALL_PROGRESS $1" run_installer "${disk[@]}" "${keys[@]}"
	[[ $(mark_state disk) == 1 ]]
	expect_taken disk guest
}

killed_while_copying() {
	killed_in 'copy [0-9]+ [1-9][0-9]+ of'
	expect_no_first_sector disk
}

killed_while_activating() {
	killed_in activation
	expect_no_first_sector disk
}

next_run_finishes_it() {
	cp --sparse=always disk before
	record_install next before
	expect_successes console 1
	[[ $(mark_state recorded) == 2 ]]
	sfdisk --verify recorded
	expect_whole recorded gpt "$ROOT_MIB"
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
# shellcheck disable=SC2119 # no settings
give_keys
take_boot_files
empty_disk disk
mapfile -t keys < <(key_drive keys)
mapfile -t disk < <(disk disk)
run_case "the program that replays can be built" build_replay
run_case "an install can be recorded" record_install log
run_case "wherever it is cut, the next run takes the disk" every_cut_is_taken_again
run_case "no state breaks a promise" no_state_breaks_a_promise
print_states "first install"
run_case "nothing can start when the table is written" nothing_can_start_when_the_table_is_written
run_case "the guest is whole before anything can start" guest_is_whole_before_it_can_start
run_case "the guest is whole when it is let go" guest_is_whole_when_it_is_let_go
run_long "killed between mark and table, the disk is taken" killed_between_mark_and_table
run_long "killed while copying, it is" killed_while_copying
run_case "killed while activating, the disk is taken" killed_while_activating
run_case "the next run finishes it" next_run_finishes_it
run_case "no state of that run breaks a promise" no_state_of_the_next_run_does
print_states "next install"
