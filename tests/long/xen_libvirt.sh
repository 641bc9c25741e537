#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# xen_libvirt.sh — proves with the real Xen and libvirt's driver for it (xen:///system) that a run which is
# killed leaves its domain, that the next one goes on and installs, and that the defined domain runs the guest
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/../xen/dom0.lib.sh"

share=$SCRATCH/share

prepare() {
	make_guests "$share"
	make_guests_disk "$share" guests
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /tmp/guests
export LIBVIRT_DEFAULT_URI=xen:///system

# The emulated processor lacks VME, which each of libvirt's processor models has, and libvirt refuses to start
# where no model fits. Its driver for QEMU is not wanted here, and lacks its user.
start_libvirtd() {
	local map=/usr/share/libvirt/cpu_map
	cat >"$map/x86_emulated.xml" <<'XML'
<cpus><model name='emulated'><decode host='on' guest='off'/><feature name='fpu'/></model></cpus>
XML
	sed -i "s|<include filename='x86_486.xml'/>|&<include filename='x86_emulated.xml'/>|" "$map/index.xml"
	rm /usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so
	mkdir -p /run/libvirt /var/log/libvirt /var/lib/libvirt pool
	libvirtd -d
	retry 60 python3 -c 'import libvirt; libvirt.open()'
	python3 - <<'PYTHON'
import libvirt
text = "<pool type='dir'><name>default</name><target><path>/tmp/guests/pool</path></target></pool>"
libvirt.open().storagePoolDefineXML(text).create()
PYTHON
}

first_run=(/share/tools/qemu/first-run --hypervisor libvirt --disk web.img --size 2G --iso installer.iso --key key.pub
	--memory 384M --cores 1 --network bridge=xenbr0 --timeout 5400 --stage-timeout 2700 --define)

is_killed() {
	local run
	"${first_run[@]}" &
	run=$! # the program itself, and no shell around it
	retry 3000 grep -aq '^INSTALL_PROGRESS' web.img.log
	kill -KILL "$run"
	wait "$run" || true
	xl domid web-install
	[[ ! -e pool/web.img && -e pool/web.img.installing ]]
}

goes_on() {
	"${first_run[@]}"
	! xl domid web-install
	[[ $(ls pool) == web.img ]]
}

# The domain's serial console is libvirt's; run-guest follows it to the end of the domain.
runs() {
	local address= mac
	mac=$(sed -n "s/.*<mac address='\(.*\)'.*/\1/p" /etc/libvirt/libxl/web.xml)
	/share/tools/qemu/run-guest web.img --hypervisor libvirt --daemon
	retry 3000 find_address "$mac"
	retry 3000 try_login web.img.known_hosts web
	log_in "$address" web.img.known_hosts 'cat /sys/hypervisor/guest_type; readlink /run/booted-system'
	timeout 300 /share/tools/qemu/run-guest web.img --hypervisor libvirt --stop
	retry 60 gone web
}

network_up
step libvirtd start_libvirtd
step killed is_killed
step goes-on goes_on
step runs runs
cp ./*.log /var/log/libvirt/libvirtd.log /share/
END
}

cd "$SCRATCH"
run_case "dom0 runs the script to its end" hvm_run prepare 3000 "$share"
run_case "libvirtd offers xen:///system" step_passed "$share" libvirtd
run_case "a killed run leaves its domain and publishes nothing" step_passed "$share" killed
run_case "the next run destroys that domain, installs and publishes" step_passed "$share" goes-on
run_case "the defined domain runs the guest and lets its owner in" step_passed "$share" runs
steps_took "$share"
