# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2119,SC2154 # variables shared with the test files
# tests/qemu/installed.lib.sh — checks an installed guest by SSH, and its disk from the host
#
# Source it after machine.lib.sh. `guest` is the process of the running guest; its files are in $SCRATCH.

at_exit end_guest
guest=
# The EFI system partition's number; 1 for 64-bit ARM, whose machines need none for a BIOS.
ESP_NUMBER=2
# What a GPT takes at the start of a disk: 2 sectors and 16 KiB.
TABLE_BYTES=17408

end_guest() {
	[[ ! $guest ]] || end_child "$guest"
	guest=
}

# start_guest DISK [OPTION]… — boots the disk alone. Do not call it in run_case: the guest would end with
# the subshell.
start_guest() {
	rm -f "$SCRATCH/channel"
	"${tied[@]}" "$TOP/qemu/run-guest" "$1" --cores 1 --log "$SCRATCH/guest.console" "${@:2}" \
		>"$SCRATCH/guest.out" 2>"$SCRATCH/guest.messages" </dev/null &
	guest=$!
}

# ssh accepts only the host key that the installer reported, once identity_is_its_own has recorded it.
# All commands share one connection: a key exchange takes a second in an emulated guest.
in_guest() {
	ssh -n -p "$(sed -n 's/^ssh -p \([0-9]*\) .*/\1/p' "$SCRATCH/guest.out")" -i "$SCRATCH/key" \
		-F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR \
		-o UserKnownHostsFile="$SCRATCH/known_hosts" -o StrictHostKeyChecking=accept-new \
		-o ControlMaster=auto -o ControlPersist=yes -o ControlPath="$SCRATCH/channel" \
		-o ConnectTimeout=6 -o ServerAliveInterval=10 "${guest_user:-root}@127.0.0.1" "$@"
}

has_login() {
	! kill -0 "$guest" 2>/dev/null || in_guest true 2>"$SCRATCH/ssh"
}

guest_lets_in() {
	if await 200 has_login && kill -0 "$guest"; then return; fi
	tail -n 40 "$SCRATCH/ssh" "$SCRATCH"/guest.*
	return 1
}

# Its SSH server may end before it has answered, which is 255. Whether it obeyed, await_guest tells.
guest_takes_poweroff() {
	local answer=0
	in_guest poweroff || answer=$?
	((answer == 0 || answer == 255))
}

guest_is_gone() {
	! kill -0 "$guest" 2>/dev/null
}

# await_guest — leaves in `ended` how run-guest ended, 124 if it did not in a minute. Do not call
# it in run_case: a subshell cannot wait for the guest.
await_guest() {
	ended=124
	if await 60 guest_is_gone; then
		ended=0
		wait "$guest" || ended=$?
	fi
	end_guest
}

guest_ended_well() {
	((ended == 0)) && grep -F 'reboot: Power down' "$SCRATCH/guest.console" && return
	echo "run-guest: $ended" && tail -n 40 "$SCRATCH"/guest.* && return 1
}

# run-guest asks the guest to end by its power button. Do not call it in run_case, as await_guest.
press_the_power_button() {
	kill -TERM "$guest" || true
	await_guest
}

closure() {
	nix-store -qR "$BUILT/sample-$1" | sort
}

# GRUB adds BOOT_IMAGE to the kernel's command line.
was_booted_by_grub() {
	local line
	line=$(in_guest cat /proc/cmdline)
	echo "$line"
	[[ $line == BOOT_IMAGE=* && $line == *" init=$(readlink "$BUILT/sample-$1")/init "* ]]
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /') == "$2 ext4" ]]
}

store_is_whole() {
	local output
	output=$(in_guest nix-store --verify --check-contents 2>&1)
	echo "$output"
	if grep -vE '^(reading the Nix store|checking path existence|checking link hashes|checking store hashes)\.*$' \
		<<<"$output"; then return 1; fi
	[[ $(in_guest 'ls /nix/store' | sed 's,^,/nix/store/,' | grep -v '/\.links$' | sort) == "$(closure "$1")" ]]
}

# Type, mode, owner, group, modification time and name of every file, as in the store of the build.
entries_are_those_of_the_source() {
	local list="xargs -0 stat -c '%f %u %g %Y %n'"
	# shellcheck disable=SC2046 # store paths have no blanks
	find $(closure "$1") -print0 | xargs -0 stat -c '%f %u %g %Y %n' | sort >expected
	in_guest "find $(closure "$1" | tr '\n' ' ') -print0 | $list" | sort >found
	(($(wc -l <expected) > 500))
	diff expected found
	[[ $(in_guest 'stat -c "%a %u %g" /nix/store') == '1775 0 30000' ]]
}

closure_survives_a_garbage_collection() {
	local system before
	system=$(readlink "$BUILT/sample-$1")
	before=$(in_guest nix-store -qR "$system" | sort)
	[[ $before == "$(closure "$1")" ]]
	in_guest nix-collect-garbage -d 2>&1 | tee collected
	grep -E '^0 store paths deleted' collected
	[[ $(in_guest nix-store -qR "$system" | sort) == "$before" ]]
	[[ $(in_guest 'ls -d /nix/store/*' | sort) == "$before" ]]
	[[ $(in_guest readlink /nix/var/nix/profiles/system) == system-1-link ]]
	[[ $(in_guest readlink /nix/var/nix/profiles/system-1-link) == "$system" ]]
}

# Hashes, sizes and references are those in the database of the Nix that built the guest.
registration_is_that_of_the_source() {
	local paths system query
	paths=$(closure "$1" | tr '\n' ' ')
	system=$(readlink "$BUILT/sample-$1")
	for query in "--hash $paths" "--size $paths" "--graph $system"; do
		# shellcheck disable=SC2086 # split into words here as in the guest
		nix-store -q $query | sort >expected
		in_guest "nix-store -q $query" | sort | diff expected -
	done
	# No signature covers a deriver, so none is registered: its line is empty.
	# shellcheck disable=SC2086
	nix-store --dump-db $paths | sed 's/.*\.drv$//' | sort >expected
	in_guest nix-store --dump-db | sort | diff expected -
}

keys_and_log_are_private() {
	[[ $(in_guest 'stat -c "%F %a %u:%g %s" /etc/NIXOS') == "regular empty file 644 0:0 0" ]]
	[[ $(in_guest 'stat -c "%F %a %u:%g" /root/.ssh') == "directory 700 0:0" ]]
	[[ $(in_guest 'stat -c "%F %a %u:%g" /root/.ssh/authorized_keys') == "regular file 600 0:0" ]]
	in_guest cat /root/.ssh/authorized_keys | cmp - "$SCRATCH/key.pub"
	[[ $(in_guest 'stat -c "%F %a %u:%g" /var/log/guest-installer.log') == "regular file 600 0:0" ]]
	in_guest cat /var/log/guest-installer.log | grep -F 'switch-to-configuration: '
}

# identity_is_its_own IMAGE CONSOLE — before its first boot a guest has no machine-id, which copies
# would share, and only the host key that its sshd is configured with. in_guest accepts only that key
# from now on.
identity_is_its_own() {
	local at
	at="$1?offset=$(root_offset "$1")"
	debugfs -R 'ls -p /etc' "$at" >etc 2>messages
	grep -E '/NIXOS/' etc
	if grep -E '/(machine-id|ssh_host_[^/]*)/' etc; then return 1; fi
	debugfs -R 'ls -p /etc/ssh' "$at" 2>messages | grep -F ssh_host_ | tee ssh
	[[ $(cut -d / -f 3-6 ssh) == $'100600/0/0/ssh_host_ed25519_key\n100644/0/0/ssh_host_ed25519_key.pub' ]]
	debugfs -R 'cat /etc/ssh/ssh_host_ed25519_key' "$at" >host_key 2>messages
	chmod 600 host_key
	ssh-keygen -yf host_key >host_key.pub
	[[ "ssh-host-key=$(cut -d ' ' -f 1,2 host_key.pub)" == "$(result "$2" ssh-host-key)" ]]
	[[ "ssh-host-key-fingerprint=ssh-ed25519 $(ssh-keygen -lf host_key.pub | cut -d ' ' -f 2)" == "$(result "$2" ssh-host-key-fingerprint)" ]]
	printf '* %s\n' "$(cat host_key.pub)" >"$SCRATCH/known_hosts"
}

# result CONSOLE KEY — the reported result of that key, as key=value.
result() {
	tr -d '\r' <"$1" | sed -n "s/^INSTALL_RESULT \($2=\)/\1/p"
}

# disk_is_clean IMAGE — the file system is without errors and was unmounted: no journal to replay.
disk_is_clean() {
	local at
	at="$1?offset=$(root_offset "$1")"
	sfdisk --verify "$1" 2>&1 | tee verified
	grep -F 'No errors detected' verified
	e2fsck -fn "$at"
	dumpe2fs -h "$at" 2>&1 | tee header
	grep -E '^Filesystem state: +clean$' header
	if grep -F needs_recovery header; then return 1; fi
}

# esp_is_clean IMAGE — the EFI system partition is a sound FAT file system.
esp_is_clean() {
	local start size
	read -r start size < <(sfdisk --json "$1" | jq -r --argjson number "$ESP_NUMBER" '.partitiontable.partitions[$number - 1] | "\(.start) \(.size)"')
	dd if="$1" of=esp bs=512 skip="$start" count="$size" conv=sparse status=none
	fsck.vfat -n esp
	rm esp
}

# The firmware finds the loader by this name alone.
only_the_removable_path_is_there() {
	mdir -b -/ -i disk.raw@@2M ::/EFI | tr -d '\r' | grep -v '/$' | tee files
	[[ $(cat files) == ::/EFI/BOOT/BOOTX64.EFI ]]
}

# installer_leaves_it_alone IMAGE — an ISO that is still attached finds the installed disk and writes nothing.
installer_leaves_it_alone() {
	local arguments
	before=$(fingerprint "$1")
	take_boot_files
	[[ -d keys ]] || give_keys
	mapfile -t arguments < <(disk "$1" && key_drive keys)
	run_installer console "${arguments[@]}"
	expect_refusal console 13 target 'already installed.*[Dd]etach'
	expect_unchanged "$1"
}

# copy_for_the_guest IMAGE — a copy, copy.raw, in which the guest damages and verifies what the host's
# kernel need not be able to mount (FAT). It lacks its partition table until the guest has booted, because
# its file systems have the guest's labels. Table, installer and the module that it needs lie on the
# guest's own EFI system partition until then.
copy_for_the_guest() {
	cp --sparse=always "$1" copy.raw
	head -c "$TABLE_BYTES" "$1" >table
	dd if=/dev/zero of=copy.raw bs="$TABLE_BYTES" count=1 conv=notrunc status=none
	mcopy -i "$1@@2M" "$BUILT/guest-installer" table \
		"$BUILT"/guest-linux/lib/modules/*/kernel/drivers/block/loop.ko ::/
}

# the_guest_takes_the_copy [ESP] — once, in the guest that was started with `--disk copy.raw`. ESP is where
# its EFI system partition is mounted.
the_guest_takes_the_copy() {
	in_guest "mkdir -p /mnt /tmp/esp && cd ${1:-/boot} && mv guest-installer table loop.ko /tmp/ && cd / &&
		chmod +x /tmp/guest-installer && { grep '^loop ' /proc/modules || insmod /tmp/loop.ko; } &&
		dd if=/tmp/table of=/dev/vdb conv=notrunc && blockdev --rereadpt /dev/vdb &&
		mount /dev/vdb$ESP_NUMBER /mnt && cp -r /mnt/. /tmp/esp/ && umount /mnt"
}

# take_profile — the counters of coverage that the guest's copy of the installer has left (tests/coverage/run).
take_profile() {
	in_guest "cat $TOP/build/profiles/*.profraw" >"$TOP/build/machines/${SCRATCH##*/}.profraw"
}

# verified CODE SENTENCE COMMANDS — these change the copy's EFI system partition, the current folder;
# then verify ends with this code and such a sentence. What they changed is restored. The guest does it in one
# session; its status is 99 if a command beside verify fails.
verified() {
	local code=0 before=: after=:
	if [[ $3 != true ]]; then
		before="mount /dev/vdb$ESP_NUMBER /mnt && cd /mnt && $3 && cd / && umount /mnt"
		after="mount /dev/vdb$ESP_NUMBER /mnt && rm -rf /mnt/* && cp -r /tmp/esp/. /mnt/ && umount /mnt"
	fi
	in_guest "{ $before; } || exit 99; code=0; /tmp/guest-installer verify /dev/vdb 2>&1 || code=\$?
		{ $after; } || exit 99; exit \$code" >said || code=$?
	cat said
	[[ ! ${TEST_PATH-} ]] || take_profile
	[[ $code == "$1" ]] || { echo "verify ended with $code, not $1, after: $3" && return 1; }
	grep -E "$2" said
}
