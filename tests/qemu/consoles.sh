#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# consoles.sh — proves that a machine without a serial port has every line on its paravirtual console and
# the verdict on its screen, though the ISO's command line names a serial port; and that the installer
# answers a client of the QEMU guest agent while it runs
#
# Modules: verdict/console, verdict/channels, verdict/guest_agent_port.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# The firmware sets the text mode of the screen, so the packed kernel starts. QEMU stays when the machine has
# powered itself off, and the screen with it.
ends_with_a_screen() {
	local client
	truncate -s 64M disk
	mapfile -t arguments < <(disk disk && port "file,path=events")
	"$TOP/tests/qemu/agent-client" agent 240 guest-ping guest-info guest-exec >replies 2>&1 &
	client=$!
	"${tied[@]}" qemu-system-x86_64 -accel "$ACCEL" -cpu max -m 512 -nodefaults -vga std -display none \
		-no-reboot -no-shutdown -kernel "$boot/vmlinuz" -initrd "$boot/initrd.img" \
		-append "$(cat "$boot/command-line") mitigations=off" -device virtio-rng-pci "${arguments[@]}" \
		-chardev file,id=console,path=console -device virtconsole,chardev=console \
		-chardev socket,id=agent,path=agent,server=on,wait=off \
		-device virtserialport,chardev=agent,name=org.qemu.guest_agent.0 \
		-qmp unix:monitor,server=on,wait=off </dev/null >messages 2>&1 &
	await 60 test -S monitor
	"$TOP/tests/patient" 240 "$TOP/tests/qemu/screen" "$PWD/monitor" 240 >screen
	wait "$client"
}

hvc0_has_every_line() {
	tr -d '\r' <console | grep -a '^INSTALL_' >lines
	jq -r 'if .event == "progress" then "INSTALL_PROGRESS \(.stage) \(.percent) \(.text)"
		elif .event == "result" then "INSTALL_RESULT \(.key)=\(.value)"
		elif .event == "failed" then "INSTALL_FAILED code=\(.code) stage=\(.stage) \(.text)"
		else empty end' events | diff lines -
	grep -x 'INSTALL_PROGRESS start 0 waiting for the devices' lines
	tail -n 1 lines | grep -E '^INSTALL_FAILED code=20 stage=keys '
}

# A line that is longer than a row continues in the next one.
the_screen_shows_the_verdict() {
	cat screen
	tr -d ' \n' <screen | grep -F "$(tail -n 1 lines | tr -d ' ')"
}

a_client_sees_the_installer() {
	cat replies
	[[ $(sed -n 1p replies) == '{"return":{}}' ]]
	sed -n 2p replies | jq -e '.return | (.version | startswith("guest-installer ")) and
		([.supported_commands[] | select(.enabled) | .name] |
		sort == ["guest-info", "guest-ping", "guest-sync", "guest-sync-delimited"])'
	sed -n 3p replies | jq -e '.error.class == "CommandNotFound"'
}

cd "$SCRATCH"
take_boot_files
run_case 'a machine with a screen and hvc0 alone ends' ends_with_a_screen
enough
run_case 'hvc0 has every line from the first one' hvc0_has_every_line
run_case 'the screen shows the verdict' the_screen_shows_the_verdict
run_case "a client of the guest agent sees the installer, and can do nothing else" a_client_sees_the_installer
