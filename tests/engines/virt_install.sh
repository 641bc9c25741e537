#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# virt_install.sh — proves that the commands and the XML of docs/engines/libvirt.md work as they stand there:
# the installed guest boots with the ISO attached, because its disk is first in the boot order; and that
# the installer answers libvirt's client of the guest agent. With LONG=1 also the commands of
# docs/engines/virt-manager.md and the domain of docs/engines/terraform.md.
#
# Modules: verdict/guest_agent_port.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=libvirtd.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/libvirtd.lib.sh"
enter_namespace "$@"
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# shellcheck source=../page.lib.sh
source "$TOP/tests/page.lib.sh"
ACCEL=tcg

# runs PAGE SECTION DOMAIN — the commands install, and print the verdict from the domain's log.
runs() {
	block "$1" "$2" | here >commands
	PATH=$(installed_names):$PATH bash -eux commands | tee printed
	tr -d '\r' <printed | grep '^INSTALL_SUCCESSFUL$'
}

the_commands_install() {
	runs docs/engines/libvirt.md virt-install
	grep -c '^virsh start web$' commands
}

# has_login DOMAIN [COMMAND]…
has_login() {
	port=${port:-$(forward_ssh "$1")}
	shift
	ssh -n -p "$port" -i key -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=6 \
		-o UserKnownHostsFile=known -o StrictHostKeyChecking=accept-new root@127.0.0.1 "${@:-true}"
}

the_guest_boots_with_the_iso_attached() {
	virsh domblklist web | grep guest-installer.iso
	lets_in web
}

# lets_in DOMAIN — the guest of the running domain accepts the owner's key. The domain is ended.
lets_in() {
	await 300 has_login "$1" || { tail -n 40 "$1.log" && return 1; }
	[[ $(has_login "$1" findmnt -no SOURCE /) == /dev/vda3 ]]
	virsh -q destroy "$1"
}

has_begun() {
	grep -aq '^INSTALL_PROGRESS' shop.log
}

the_xml_installs() {
	block docs/engines/libvirt.md 'Domain XML' | sed "s,type='kvm',type='qemu',; s,/srv/,$SCRATCH/," >shop.xml
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

virt_manager_installs() {
	runs docs/engines/virt-manager.md virt-install desk
	rm -f known
	virsh -q start desk
	lets_in desk
}

# As the provider makes it from docs/engines/terraform.md: the file says where each element comes from.
terraform_installs() {
	mkdir seed
	echo 'instance-id: cloud' >seed/meta-data
	printf '#cloud-config\nssh_authorized_keys: ["%s"]\nguest-installer: { on-success: reboot }\n' \
		"$(cat key.pub)" >seed/user-data
	xorriso -as mkisofs -quiet -V cidata -J -r -o pool/seed.iso seed 2>messages
	cp guest-installer.iso pool/
	virsh -q pool-refresh default >messages
	virsh -q vol-create-as default cloud.qcow2 2G --format qcow2
	sed "s,@LOG@,$SCRATCH/cloud.log,; s,type='kvm',type='qemu'," "$TOP/tests/engines/shapes/terraform.xml" >cloud.xml
	virsh define --validate cloud.xml
	virsh -q start cloud
	await 400 grep -aq '^INSTALL_SUCCESSFUL' cloud.log
	rm -f known
	lets_in cloud
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
cp "$TOP/build/guest-installer.iso" .
start_libvirtd default
run_case 'the commands for virt-install install a guest' the_commands_install
run_case 'it boots with the ISO attached, and its owner logs in' the_guest_boots_with_the_iso_attached
run_case 'the domain XML is valid and starts the installer' the_xml_installs
run_case 'the installer answers virsh on the port of the guest agent' the_installer_answers_virsh
run_long "virt-manager's library installs, and the owner logs in" virt_manager_installs
run_long "terraform's domain installs, restarts itself, and lets its owner in" terraform_installs
