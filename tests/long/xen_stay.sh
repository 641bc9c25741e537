#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# xen_stay.sh — proves with the real Xen that an HVM domain whose cdrom always comes first installs and starts
# its guest in one power-on, that each of five later starts starts the guest by kexec, and that a toolstack
# without soft reset gets no loop: the ISO then ejects its medium, and ends with 13 when that comes back, too
#
# Modules: plan/start_choice, init/kexec.
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/../xen/dom0.lib.sh"

share=$SCRATCH/share

prepare() {
	make_share "$share"
	rm -rf guests host
	mkdir guests
	ssh-keygen -q -t ed25519 -N '' -C host -f host
	echo "* $(cut -d ' ' -f 1,2 host.pub)" >"$share/known_hosts"
	"$TOP/qemu/iso" customize --set if-installed=boot --set on-success=kexec --key "$share/key.pub" \
		--host-key host "$TOP/build/guest-installer.iso" guests/stay.iso
	truncate -s 2G guests/stay.img
	make_guests_disk "$share" guests
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /tmp/guests

# domain FILE LINE… — the domain file of an install, with further lines, and with a clean reboot.
domain() {
	/share/tools/qemu/xen-domain install --name stay --disk stay.img --iso stay.iso --memory 384M \
		--bridge xenbr0 --mac 00:16:3e:00:00:05 --serial /tmp/serial --out "$1"
	sed -i '/^on_reboot/d' "$1"
	printf '%s\n' 'on_reboot = "restart"' "${@:2}" >>"$1"
	cat "$1"
}

# The device model writes the serial port's file anew after a soft reset; this one is the daemon's.
console=/var/log/xen/console/guest-stay.log

starts_by() {
	[[ $(tr -d '\r' <$console | grep -acx "INSTALL_RESULT start=$1") == "$2" ]]
}

# The domain has another name for a moment while it is reset softly, so nothing here asks for it.
lets_in() {
	log_in "$address" /share/known_hosts true 2>/dev/null
}

# The domain with this card is let in, in its own guest, and shut down. An install comes before the first one.
started() {
	local address=
	create_domain stay.xl
	retry 3000 find_address 00:16:3e:00:00:05
	retry 3000 lets_in
	timeout 600 xl shutdown -w stay
	retry 60 gone stay
	starts_by kexec "$1"
}

five_starts() {
	local count
	for count in 2 3 4 5 6; do
		started "$count"
	done
}

# xl destroys the domain and creates it again before each start, so only the verdict says that it has ended.
failed() {
	tr -d '\r' <$console | grep -aq '^INSTALL_FAILED'
}

comes_back() {
	create_domain no-reset.xl
	retry 3000 failed
	retry 60 gone stay
	starts_by kexec 7
	starts_by eject 1
	tr -d '\r' <$console | grep -aE '^INSTALL_(RESULT start|FAILED)' | tail -n 3
	tr -d '\r' <$console | grep -a '^INSTALL_FAILED code=13 .*with the medium ejected came back'
}

network_up
domain stay.xl
domain no-reset.xl 'on_soft_reset = "restart"'
step install started 1
step five-starts five_starts
step no-soft-reset comes_back
cp $console /share/
END
}

cd "$SCRATCH"
run_case "dom0 runs the script to its end" hvm_run prepare 3000 "$share"
run_case "an HVM domain installs and starts its guest by kexec" step_passed "$share" install
run_case "five more starts, each by kexec" step_passed "$share" five-starts
run_case "without soft reset the medium is ejected, and a start that comes back is 13" \
	step_passed "$share" no-soft-reset
steps_took "$share"
