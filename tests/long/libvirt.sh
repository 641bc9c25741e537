#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libvirt.sh — proves that first-run under libvirt, killed at random moments, never leaves a volume
# published that is not whole, and that the next call installs; that a domain which another client destroys
# is 80; that run-guest makes a guest by UEFI if there is none; and that an ordinary user installs by
# qemu:///session.
# KILLS=N sets the number of kills, SEED=N chooses other moments.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../engines/libvirtd.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../engines/libvirtd.lib.sh"
enter_namespace "$@"
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

KILLS=${KILLS:-8}
RANDOM=${SEED:-1}

begin() {
	"$TOP/qemu/first-run" --hypervisor libvirt --pool vms --disk web.img --size 2G --iso "$ISO" \
		--key key.pub --cores 1 --define >said 2>&1 </dev/null &
	tool=$!
}

no_domain_runs() {
	[[ -z $(virsh -q list --name | xargs) ]]
}

# A volume with its final name, and without the marker, is that of a whole installation, with its domain.
published_is_whole() {
	[[ $(mark_state pool/web.img) == 2 ]]
	e2fsck -fn "pool/web.img?offset=$(root_offset pool/web.img)"
	[[ $(virsh -q list --all --name | xargs) == web ]]
}

remove_guest() {
	virsh -q undefine web
	virsh -q vol-delete web.img vms
}

# Writes the duration of an install, in hundredths of a second, to the file `takes`.
measure() {
	local start=${EPOCHREALTIME/./}
	begin
	wait "$tool" || { cat said && return 1; }
	echo $(((${EPOCHREALTIME/./} - start) / 10000)) >takes
	published_is_whole
	remove_guest
}

kill_once() {
	local status=0
	begin
	"${tied[@]}" timeout "$(printf '%d.%02d' $(($1 / 100)) $(($1 % 100)))" tail -f --pid="$tool" /dev/null || true
	kill -KILL "$tool" || true
	wait "$tool" || status=$?
	await 60 no_domain_runs
	echo "after $1: $status, $(volumes)"
	[[ $status == 0 || $status == 137 ]]
	if [[ " $(volumes) " == *' web.img '* && " $(volumes) " != *' web.img.publishing '* ]]; then
		published_is_whole
		remove_guest
	fi
}

kills_are_survived() {
	local number
	for ((number = 0; number < KILLS; number++)); do
		kill_once $(((RANDOM << 15 | RANDOM) % $(cat takes)))
	done
}

# The server still copies when first-run is killed.
a_kill_while_publishing_is_survived() {
	begin
	await 300 test -e pool/web.img.publishing
	kill -KILL "$tool"
	wait "$tool" || true
	[[ $(volumes) == *web.img.publishing* ]]
}

next_call_installs() {
	begin
	wait "$tool" || { cat said && return 1; }
	published_is_whole
	[[ $(volumes) == web.img && ! $(find . -maxdepth 1 -name '.web*') && ! $(find "$TMPDIR" -mindepth 1) ]]
	remove_guest
}

another_client_may_destroy_the_domain() {
	local status=0
	begin
	await 200 grep -q '% disks:' said
	virsh -q destroy web-install
	wait "$tool" || status=$?
	cat said
	[[ $status == 80 && -z $(volumes) ]]
	grep -F 'was destroyed on qemu:///system by another client' said
}

run_guest_makes_it() {
	"$TOP/qemu/run-guest" --hypervisor libvirt --pool vms uefi --firmware uefi --size 2G --iso "$ISO" \
		--key key.pub --network user --daemon >said 2>&1 || { cat said && return 1; }
	port=$(forward_ssh uefi)
	await 300 has_login
	"$TOP/qemu/run-guest" --hypervisor libvirt --pool vms uefi --stop
	no_domain_runs
}

has_login() {
	ssh -n -p "$port" -i key -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=6 \
		-o UserKnownHostsFile="$SCRATCH/uefi.known_hosts" root@127.0.0.1 test -d /sys/firmware/efi
}

# The home of an ordinary user: a short path, because libvirt makes sockets below it.
HOME_OF_USER=/run/libvirt/user

# as_user COMMAND… — as that user, with a session daemon of its own, which libvirt starts.
as_user() {
	setpriv --reuid libvirt-qemu --regid libvirt-qemu --clear-groups env -i "PATH=$PATH" "HOME=$HOME_OF_USER" \
		"XDG_RUNTIME_DIR=$HOME_OF_USER/run" "TMPDIR=$HOME_OF_USER/run" "$@"
}

an_ordinary_user_installs_in_its_session() {
	local virsh=(as_user virsh -q -c qemu:///session)
	mkdir -p "$HOME_OF_USER/run" "$HOME_OF_USER/pool"
	cp key.pub "$HOME_OF_USER"
	chown -R libvirt-qemu:libvirt-qemu "$HOME_OF_USER"
	chmod 700 "$HOME_OF_USER/run"
	cd "$HOME_OF_USER"
	"${virsh[@]}" pool-create-as vms dir --target "$HOME_OF_USER/pool"
	as_user "$TOP/qemu/first-run" --hypervisor libvirt --connect qemu:///session --pool vms --disk mine.img \
		--size 2G --iso "$ISO" --key key.pub --network user --cores 1 --define
	[[ $("${virsh[@]}" list --name --inactive | xargs) == mine ]]
	[[ $(stat -c %U pool/mine.img) == libvirt-qemu && $(mark_state pool/mine.img) == 2 ]]
	if virsh -q list --all --name | grep -x mine; then return 1; fi
}

cd "$SCRATCH"
mkdir tmp
export TMPDIR=$SCRATCH/tmp
unset RUNTIME_DIRECTORY XDG_RUNTIME_DIR
ssh-keygen -q -t ed25519 -N '' -C tester -f key
start_libvirtd vms
run_case 'an install takes its time' measure
run_case "$KILLS kills are survived" kills_are_survived
run_case 'a kill while the server copies is survived' a_kill_while_publishing_is_survived
run_case 'the next call installs and leaves nothing over' next_call_installs
run_case 'a domain that another client destroys is 80' another_client_may_destroy_the_domain
run_case 'run-guest makes a guest that boots by UEFI' run_guest_makes_it
run_case 'an ordinary user installs by qemu:///session' an_ordinary_user_installs_in_its_session
