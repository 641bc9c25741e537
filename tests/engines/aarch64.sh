#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# aarch64.sh — proves that first-run installs a guest of 64-bit ARM by a real libvirtd, and that the domain which it
# defines starts the guest by UEFI, which powers off when its power button is pressed
# Modules: host/libvirt
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=libvirtd.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/libvirtd.lib.sh"
enter_namespace "$@"
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

first_run_installs() {
	"$TOP/qemu/first-run" --hypervisor libvirt --pool vms --disk web.qcow2 --size 2G --key key.pub --cores 1 \
		--iso "$TOP/build/aarch64/guest-installer.iso" --define
	[[ $(volumes) == web.qcow2 && $(virsh -q list --name --inactive --persistent | xargs) == web ]]
}

the_domain_is_valid() {
	virsh define --validate web.qcow2.xml
	virsh dumpxml web | grep -E "<type arch='aarch64' machine='virt[-0-9.]*'>hvm</type>"
}

start_web() {
	"$TOP/qemu/run-guest" --hypervisor libvirt --pool vms web.qcow2 --log web.console >web.run 2>&1 </dev/null &
	guest=$!
}

it_starts() {
	await 200 grep -aqs 'Server listening on 0.0.0.0' web.console || { cat web.run web.console && return 1; }
}

it_powered_off() {
	cat web.run
	((ended == 0))
	grep -aF 'reboot: Power down' web.console
}

start_libvirtd vms
cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case 'first-run installs a guest of 64-bit ARM by libvirt' first_run_installs
enough
run_case 'the domain that it has defined is valid, and for that architecture' the_domain_is_valid
start_web
run_case 'the domain starts the guest' it_starts
press_the_power_button
run_case 'the power button ends it' it_powered_off
