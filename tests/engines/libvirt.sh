#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libvirt.sh — proves that first-run installs by a real libvirtd, here and over ssh, two guests at once,
# that a killed run leaves nothing that the next one does not remove, and that the owner can log in.
# Modules: host/libvirt, host/hypervisors
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=libvirtd.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/libvirtd.lib.sh"
enter_namespace "$@"
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

# begin VOLUME [OPTION]… — first-run in the background: its output is in the file VOLUME.said. With one
# processor the emulator spends less.
begin() {
	"$TOP/qemu/first-run" --hypervisor libvirt --pool vms --disk "$1" --size 2G --iso "$ISO" \
		--key key.pub --network user --cores 1 "${@:2}" >"$1.said" 2>&1 </dev/null &
	tool=$!
}

# ends STATUS VOLUME [OPTION]… — first-run ends with this status.
ends() {
	local status=0
	begin "${@:2}"
	wait "$tool" || status=$?
	cat "$2.said"
	[[ $status == "$1" ]]
}

# reaches VOLUME STAGE — its run has come to the stage, or has ended.
reaches() {
	grep -q "% $2:" "$1.said" || ! kill -0 "$tool"
}

no_domain_runs() {
	[[ -z $(virsh -q list --name | xargs) ]]
}

a_killed_run_publishes_nothing() {
	begin web.qcow2
	await 200 reaches web.qcow2 disks
	[[ $(virsh -q list --name | xargs) == web-install ]]
	kill -KILL "$tool"
	wait "$tool" || true
	await 60 no_domain_runs
	[[ $(volumes) == 'web.qcow2.installing web.qcow2.installing-iso web.qcow2.installing-keys' ]]
}

# Another program's volume has the guest's name by now.
a_volume_that_is_not_ours_stays() {
	virsh -q vol-create-as vms web.qcow2 1M >/dev/null
	ends 2 web.qcow2
	grep -F 'the volume web.qcow2 exists already in the pool vms' web.qcow2.said
	[[ $(volumes) == web.qcow2 ]]
}

# As a run leaves it that was killed while the server copied: the markers say that the volume is incomplete.
# A second guest is installed at the same time, over ssh.
the_next_calls_install() {
	local web name status=0
	for name in web.qcow2.{publishing,"publishing-$(printf web.qcow2 | sha256sum | head -c 8)",installing}; do
		virsh -q vol-create-as vms "$name" 1M >/dev/null
	done
	begin web.qcow2 --start
	web=$tool
	begin shop.img --define --connect "$remote"
	wait "$tool" || status=$?
	wait "$web" || status=$?
	((status == 0)) || { tail -n 20 ./*.said ./*.log /var/log/libvirt/qemu/*.log && return 1; }
	jq -es 'map(.code == 0 and .channels == {serial: "successful", port: "successful"}) | all' \
		web.qcow2.verdict.json shop.img.verdict.json
}

only_whole_volumes_have_names() {
	[[ $(volumes) == 'shop.img web.qcow2' ]]
	[[ $(stat -c %a pool/web.qcow2) == 600 && $(mark_state pool/shop.img) == 2 ]]
	e2fsck -fn "pool/shop.img?offset=$(root_offset pool/shop.img)"
	[[ ! $(find . -maxdepth 1 -name '.*.lock') && ! $(find "$TMPDIR" -mindepth 1) ]]
}

domains_are_defined() {
	[[ $(virsh -q list --name | xargs) == web ]]
	[[ $(virsh -q list --name --inactive --persistent | xargs) == shop ]]
	virsh define --validate shop.img.xml
}

run_guest() {
	"$TOP/qemu/run-guest" --hypervisor libvirt --pool vms "$@"
}

# The domain that first-run has started is started again, by run-guest, before its kernel has begun.
start_web() {
	virsh -q destroy web
	"$TOP/qemu/run-guest" --hypervisor libvirt --pool vms web.qcow2 --log web.console >web.run 2>&1 </dev/null &
	guest=$!
}

has_login() {
	port=${port:-$(forward_ssh web)}
	ssh -n -p "$port" -i key -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=6 \
		-o UserKnownHostsFile="$SCRATCH/web.qcow2.known_hosts" root@127.0.0.1 "${@:-true}"
}

the_owner_logs_in() {
	await 200 has_login || { cat web.run web.console && return 1; }
	[[ $(has_login findmnt -no SOURCE,FSTYPE /) == '/dev/vda3 ext4' ]]
}

run_guest_knows_its_state() {
	[[ $(run_guest web.qcow2 --status --json | jq -c '[.domain, .runs]') == '["web",true]' ]]
	local status=0
	run_guest shop.img --status || status=$?
	((status == 3))
	run_guest other.img --name web --stop || status=$?
	((status == 2))
	run_guest shop.img --stop
}

the_guest_powered_off() {
	cat web.run
	((ended == 0))
	grep -aF 'reboot: Power down' web.console
	no_domain_runs
}

refusals_leave_everything() {
	local before
	before=$(virsh -q list --all)
	ends 2 web.qcow2
	ends 2 new.qcow2 --start --name web
	grep -F 'has a domain web already' new.qcow2.said
	ends 2 new.qcow2 --pool none
	grep -F 'has no storage pool none' new.qcow2.said
	ends 2 new.qcow2 --network network=none
	grep -F 'has no network none' new.qcow2.said
	ends 2 new.qcow2 --connect test:///default
	ends 80 new.qcow2 --connect 'qemu+unix:///system?socket=/nonexistent'
	ends 2 new.qcow2 --existing --size=
	grep -F 'the pool vms has no volume new.qcow2' new.qcow2.said
	[[ $(volumes) == 'shop.img web.qcow2' && $(virsh -q list --all) == "$before" ]]
}

# libvirt has no error code for that.
copy_onto_a_volume() {
	PYTHONPATH=$TOP/qemu python3 -B - <<-'END'
		from host.libvirt.connection import Connection
		from host.libvirt.pool import Pool, VolumeExists
		with Connection("qemu:///system") as connection:
		    try:
		        Pool(connection, "vms").copy("web.qcow2", "shop.img", "raw")
		    except VolumeExists as error:
		        print("exists:", error, error.__cause__)
	END
}

refused_copies_leave_everything() {
	[[ $(copy_onto_a_volume) == 'exists: shop.img '* && $(volumes) == 'shop.img web.qcow2' ]]
}

a_failed_installation_leaves_nothing() {
	ends 14 small.img --size 64M
	[[ $(volumes) == 'shop.img web.qcow2' && $(jq .code small.img.verdict.json) == 14 ]]
}

cd "$SCRATCH"
mkdir tmp
export TMPDIR=$SCRATCH/tmp
unset RUNTIME_DIRECTORY XDG_RUNTIME_DIR
ssh-keygen -q -t ed25519 -N '' -C tester -f key
start_libvirtd vms
remote=$(make_ssh_host)
run_case 'a killed run ends its domain and publishes nothing' a_killed_run_publishes_nothing
run_case 'a volume that another program made stays' a_volume_that_is_not_ours_stays
run_case 'the next call installs, and at the same time another one over ssh' the_next_calls_install
enough
run_case 'only whole volumes have their final names, and nothing else is left' only_whole_volumes_have_names
run_case 'one guest runs, the other one is defined' domains_are_defined
start_web
run_case 'the owner logs in to the guest that run-guest has started' the_owner_logs_in
run_case 'run-guest knows which guest runs' run_guest_knows_its_state
press_the_power_button
run_case 'a signal to run-guest presses the power button' the_guest_powered_off
run_case 'what is refused changes nothing' refusals_leave_everything
run_case 'libvirtd refuses to copy onto a volume, and that is recognised' refused_copies_leave_everything
run_case 'a failed installation leaves nothing' a_failed_installation_leaves_nothing
