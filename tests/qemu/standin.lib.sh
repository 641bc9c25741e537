# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/qemu/standin.lib.sh — a guest of a few sectors: prints a text on the serial console, then ends as told

# make_standin FILE.iso|FILE.raw TEXT ENDING — boots from a cdrom (.iso) or a disk (.raw) by BIOS.
# ENDING: off (power off), hang, button (power off when the power button is pressed), panic (tell QEMU's device
# pvpanic, then hang),
# dump (print the first sectors of both disks before TEXT, then power off).
make_standin() {
	local file=$1 text=$2 ending=$3 work
	work=$(mktemp -d)
	standin_source | as --32 --defsym "$ending=1" -o "$work/boot.o" -
	ld -m elf_i386 --oformat binary -Ttext 0x7c00 -e start -o "$work/code" "$work/boot.o"
	mkdir "$work/tree"
	: >"$work/tree/guest-installer.embedded" # what first-run knows an ISO of guest-installer by
	{
		cat "$work/code"
		printf '%b\0' "$text"
	} >"$work/tree/boot"
	if [[ $file == *.raw ]]; then
		truncate -s 510 "$work/tree/boot"
		printf '\x55\xaa' >>"$work/tree/boot"
		truncate -s 1M "$work/tree/boot"
		cp "$work/tree/boot" "$file"
	else
		write_standin_iso "$work/tree" "$file" >"$work/said" 2>&1 || { cat "$work/said" && return 1; }
	fi
	rm -rf "$work"
}

# write_standin_iso TREE FILE — of some 500 calls xorriso 1.5.4 crashes in one (SIGSEGV), and not in the
# next one.
write_standin_iso() {
	local attempt
	for attempt in 1 2 3; do
		rm -f "$2"
		xorriso -as mkisofs -quiet -o "$2" -b boot -no-emul-boot -boot-load-size 16 "$1" && return
		echo "attempt $attempt failed"
	done
	return 1
}

# Ports of QEMU's pc machine: COM1 at 0x3f8, ACPI's power management block at 0x600. Between two ticks of the
# BIOS's timer a machine that waits needs no processor.
standin_source() {
	cat <<'END'
.code16
.globl start
start:	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $0x7c00, %sp
	cld
.ifdef dump
sector:	mov $0x42, %ah
	mov drive, %dl
	mov $packet, %si
	int $0x13
	jc other
	mov $0xa000, %si
	mov $512, %cx
byte:	lodsb
	call put
	loop byte
	incl number
	cmpl $128, number
	jb sector
other:	movl $0, number
	incb drive
	cmpb $0x82, drive
	jb sector
	mov $10, %al
	call put
.endif
	mov $message, %si
next:	lodsb
	test %al, %al
	jz end
	call put
	jmp next
end:
.ifdef panic
	mov $0x505, %dx
	mov $1, %al
	out %al, %dx
halt:	hlt
	jmp halt
.endif
.ifdef hang
	sti
	hlt
	jmp end
.endif
.ifdef button
	mov $0x602, %dx
	mov $0x100, %ax
	out %ax, %dx
	mov $0x600, %dx
	sti
wait:	hlt
	in %dx, %ax
	test $0x100, %ax
	jz wait
.endif
	mov $0x604, %dx
	mov $0x2000, %ax
	out %ax, %dx
stop:	jmp stop

put:	mov %al, %ah
full:	mov $0x3fd, %dx
	in %dx, %al
	test $0x20, %al
	jz full
	mov %ah, %al
	mov $0x3f8, %dx
	out %al, %dx
	ret

drive:	.byte 0x80
packet:	.byte 16, 0
	.word 1, 0xa000, 0
number:	.long 0, 0
message:
END
}

# port_says COMMAND — what COMMAND prints comes over the virtio-serial port, too: QEMU inherits that
# socket, and a program in its place uses it before it becomes QEMU.
port_says() {
	mkdir -p bin
	cat >bin/qemu-system-x86_64 <<-END
		#!/bin/bash
		[[ "\$*" =~ id=events,fd=([0-9]+) ]]
		{ $1; } >&"\${BASH_REMATCH[1]}" &
		exec $(command -v qemu-system-x86_64) "\$@"
	END
	chmod +x bin/qemu-system-x86_64
}

# With strict boot order the BIOS shows the stand-in no disk but the cdrom.
standin_writes() {
	mkdir -p bin
	# shellcheck disable=SC2016 # expanded by the program
	printf '#!/bin/bash\nexec %s "${@/strict=on,/}"\n' "$(command -v qemu-system-x86_64)" \
		>bin/qemu-system-x86_64
	chmod +x bin/qemu-system-x86_64
}
