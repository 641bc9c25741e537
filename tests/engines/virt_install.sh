#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# virt_install.sh — proves that the commands and the XML of docs/engines/libvirt.md work as they stand there:
# the installed guest boots with the ISO attached, because its disk is first in the boot order; and that
# the installer answers libvirt's client of the guest agent.
#
# Modules: verdict/guest_agent_port.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=libvirtd.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/libvirtd.lib.sh"
enter_namespace "$@"
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# block SECTION — the indented text of the document's section. Only emulation works everywhere.
block() {
	sed -n "/^## $1\$/,/^## /s/^    //p" "$TOP/docs/engines/libvirt.md"
}

# The commands, with this machine's names: emulated processors, and a small disk.
the_commands_install() {
	block virt-install | sed "s,~/.ssh/id_ed25519.pub,key.pub,; s,size=8,size=2,; s,virt-install,& --virt-type qemu," \
		>commands
	grep -c '^virsh start web$' commands
	PATH=$TOP/keys:$PATH bash -eux commands | tee printed
	tr -d '\r' <printed | grep '^INSTALL_SUCCESSFUL$'
}

has_login() {
	port=${port:-$(forward_ssh web)}
	ssh -n -p "$port" -i key -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=6 \
		-o UserKnownHostsFile=known -o StrictHostKeyChecking=accept-new root@127.0.0.1 "${@:-true}"
}

the_guest_boots_with_the_iso_attached() {
	virsh domblklist web | grep guest-installer.iso
	await 200 has_login || { tail -n 40 web.log && return 1; }
	[[ $(has_login findmnt -no SOURCE /) == /dev/vda3 ]]
	virsh -q destroy web
}

has_begun() {
	grep -aq '^INSTALL_PROGRESS' shop.log
}

the_xml_installs() {
	block 'Domain XML' | sed "s,type='kvm',type='qemu',; s,/srv/,$SCRATCH/," >shop.xml
	virsh -q vol-create-as default shop.qcow2 2G --format qcow2
	virsh define --validate shop.xml
	virsh start shop
	await 100 has_begun
}

answers() {
	virsh qemu-agent-command shop "{\"execute\":\"$1\"}" >reply 2>&1
}

# The installation runs on meanwhile. libvirt itself sends guest-sync first.
the_installer_answers_virsh() {
	await 100 answers guest-ping || { cat reply && return 1; }
	grep -Fx '{"return":{}}' reply
	answers guest-info
	grep -F '"version":"guest-installer ' reply
	if answers guest-shutdown; then return 1; fi
	grep -F 'does not have this command' reply
	virsh -q destroy shop
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
cp "$TOP/build/guest-installer.iso" .
start_libvirtd default
run_case 'the commands for virt-install install a guest' the_commands_install
run_case 'it boots with the ISO attached, and its owner logs in' the_guest_boots_with_the_iso_attached
run_case 'the domain XML is valid and starts the installer' the_xml_installs
run_case 'the installer answers virsh on the port of the guest agent' the_installer_answers_virsh
