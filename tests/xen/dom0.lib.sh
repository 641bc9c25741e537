# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/xen/dom0.lib.sh — runs a script in a Xen dom0, which is itself an emulated machine
#
# Xen runs where no hardware virtualisation is: QEMU emulates AMD's, nested page tables included.
# `max` as CPU crashes dom0 (SMAP), EPYC breaks HVM guests (RDTSCP), two processors are slower, and
# with a clock that counts instructions (-icount) about one HVM guest in four hung or died.

# shellcheck source=tests/tap.lib.sh
. "$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/tap.lib.sh"
# shellcheck source=qemu/lib.sh
. "$TOP/qemu/lib.sh"

# A dom0 without a pulse for so long stands still; it has one every five seconds of its own time
# (dom0-init), which passes more slowly on a busy machine.
STILL_SECONDS=180

# dom0_run SECONDS SHARE — boots dom0 with the folder SHARE as /share and the disk SHARE/guests.disk, and
# runs /share/script there; at most SECONDS in which QEMU had a processor. Returns the script's exit
# status, 124 when the seconds have passed, and 125 if the script never ended.
# Its output is in SHARE/output, dom0's and Xen's console in SHARE/console.
dom0_run() {
	local seconds=$1 share=$2 dom0 status=0
	local xen='dom0_mem=1536M,max:1536M dom0_max_vcpus=1 console=com1 com1=115200,8n1 noreboot spec-ctrl=no xpti=no'
	local linux='console=hvc0 mitigations=off norandmaps loglevel=4 panic=-1'
	dom0=$("$TOP/tests/xen/dom0")
	rm -f "$share"/{output,status,started,ended}
	touch "$share/pulse"
	"${tied[@]}" "$TOP/tests/patient" "$seconds" "${tied[@]}" \
		qemu-system-x86_64 -no-user-config -nodefaults -display none -no-reboot \
		-accel tcg -machine pc -cpu qemu64,+svm,+npt -smp 1 -m 3584 \
		-kernel "$dom0/xen" -append "$xen" \
		-initrd "$dom0/vmlinuz ${linux//,/,,},$dom0/initrd.img" \
		-drive "file=$dom0/root.img,if=virtio,format=raw,snapshot=on,cache=unsafe" \
		-drive "file=$share/guests.disk,if=virtio,format=raw,cache=unsafe" \
		-virtfs "local,path=$share,mount_tag=share,security_model=none,multidevs=remap" \
		-device virtio-rng-pci -serial "file:$share/console" </dev/null &
	wait_while_beating $! "$share/pulse" || status=$?
	if ((status == 124)); then
		echo "dom0 had the processor for $seconds s and did not end its script"
		return 124
	elif [[ ! -s $share/status ]]; then
		echo "dom0 never ended its script (QEMU: $status); the end of its console:"
		tail -n 30 "$share/console" 2>/dev/null || true
		return 125
	fi
	return "$(<"$share/status")"
}

# wait_while_beating PID PULSE — waits for the child PID, whose status it returns; ends it, and
# returns 125, when the file PULSE has become too old.
wait_while_beating() {
	local pid=$1 pulse=$2 status
	while
		status=0
		wait_deadline "$pid" 10 || status=$?
		kill -0 "$pid" 2>/dev/null
	do
		(($(date +%s) - $(stat -c %Y "$pulse") > STILL_SECONDS)) || continue
		echo "dom0 has had no pulse for $STILL_SECONDS s"
		end_child "$pid"
		return 125
	done
	return "$status"
}

# hvm_run PREPARE SECONDS SHARE — has PREPARE make the folder SHARE and runs its script, which starts
# HVM domains; three times at most. QEMU 7.2's emulation of SVM breaks such a domain now and then: it
# jumps to a wrong address, and then ends silently or faults in a loop. Only that is tried again; an
# attempt that is too slow fails.
hvm_run() {
	local prepare=$1 seconds=$2 share=$3 status
	for attempts in 1 2 3; do
		rm -rf "$share"
		"$prepare"
		status=0
		dom0_run "$seconds" "$share" || status=$?
		if ((status == 124)) || ! emulation_broke "$share"; then break; fi
		echo "attempt $attempts: the emulation broke in '$(tail -n 1 "$share/output")'"
	done
	echo "$attempts" >"$share/attempts"
	return "$status"
}

# emulation_broke SHARE — dom0 stood still, or a domain died or said nothing (80, 81), or a deadline
# passed (83) for a domain whose kernel had faulted or had not begun to install.
emulation_broke() {
	[[ -s $1/status ]] || return 0
	! grep -qx '8[01]' "$1"/steps/*.status || return 0
	grep -qx 83 "$1"/steps/*.status || return 1
	grep -aqE 'BUG: |Oops|general protection fault|double fault|invalid opcode|Kernel panic' "$1"/*.log 2>/dev/null ||
		! grep -aqs '^INSTALL_PROGRESS' "$1"/*.log
}

# make_share FOLDER — a folder for dom0 with the host tools and a key to log in.
make_share() {
	mkdir -p "$1/tools"
	cp -r "$TOP/qemu" "$TOP/keys" "$1/tools/"
	# Here no processor is emulated. The tools leave no compiled modules behind; dom0 has the same Python.
	env -u PYTHONPYCACHEPREFIX python3 -m compileall -q "$1/tools/qemu"
	cp "$TOP/tests/xen/steps.lib.sh" "$1/steps.lib.sh"
	ssh-keygen -q -t ed25519 -N '' -C test -f "$1/key"
}

# make_guests SHARE — that folder, and a new folder guests with the lean ISO and the key that logs in.
make_guests() {
	make_share "$1"
	rm -rf guests
	mkdir guests
	cp "$TOP/build/guest-installer.iso" guests/installer.iso
	cp "$1/key.pub" guests/
}

# make_guests_disk SHARE FOLDER — the disk that dom0 mounts as /guests, with the files of FOLDER. Guests'
# disks lie there: on the shared folder (9p) reading a blank one takes minutes.
make_guests_disk() {
	rm -f "$1/guests.disk"
	truncate -s 8G "$1/guests.disk"
	mke2fs -q -t ext4 -O ^has_journal -d "$2" "$1/guests.disk"
}

# open_guests_disk SHARE — mounts that disk, read-only, after dom0 has ended; its folder is in `guests`.
open_guests_disk() {
	guests=$1/guests
	mkdir -p "$guests"
	mount -o ro,loop "$1/guests.disk" "$guests"
	at_exit close_guests_disk
}

close_guests_disk() {
	umount "$guests"
}

# step_passed SHARE NAME — shows what the step said in dom0, and fails as it did.
step_passed() {
	local status
	status=$(cat "$1/steps/$2.status" 2>/dev/null) || {
		echo "dom0 never came to step $2; the end of its console:"
		tail -n 30 "$1/console"
		return 1
	}
	cat "$1/steps/$2"
	echo "step $2: status $status, $(<"$1/steps/$2.seconds") s"
	return "$status"
}

# steps_took SHARE — a comment with what each step took, and Xen's own start and end.
steps_took() {
	local file
	[[ ! -s $1/attempts ]] || echo "# attempts: $(<"$1/attempts")"
	[[ -s $1/ended ]] || return 0
	echo "# seconds by dom0's clock: ready $(<"$1/started"), ended $(<"$1/ended")"
	for file in "$1"/steps/*.seconds; do
		echo "# $(basename "$file" .seconds) $(<"$file")"
	done
}
