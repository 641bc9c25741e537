#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# http_boot.sh — proves that a machine without a medium installs by HTTP boot of the UEFI firmware: it loads
# iPXE from nginx, which loads the folder that the tool iso extracts
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

HOST=10.1.0.1

# The whole network is this test's.
if [[ ! ${HTTP_BOOT_NETWORK-} ]]; then
	HTTP_BOOT_NETWORK=1 exec unshare --net "$0" "$@"
fi

network_up() {
	ip link set lo up
	ip tuntap add tap0 mode tap
	ip addr add "$HOST/24" dev tap0
	ip link set tap0 up
}

extracts() {
	ssh-keygen -q -t ed25519 -N '' -C tester -f key
	"$TOP/qemu/iso" customize --key key.pub --set manifest=file:///medium/guest-direct.json "$ISO" iso
	"$TOP/qemu/iso" extract --url "http://$HOST" iso served
	cp /boot/ipxe.efi served/
}

# nginx reads as another user.
serve() {
	chmod 755 "$SCRATCH" && chmod 644 served/initrd.img
	cat >nginx.conf <<-END
		daemon off;
		pid nginx.pid;
		error_log stderr;
		events {}
		http {
			access_log access.log;
			server {
				listen $HOST:80;
				root $PWD/served;
			}
		}
	END
	nginx -p "$PWD" -c nginx.conf 2>nginx.log &
	servers+=($!)
	# The firmware asks with the architecture 16, "x86-64 UEFI HTTP" (RFC 5970, IANA's registry), and takes an
	# offer that names the class HTTPClient (UEFI 2.10, 24.7.3).
	dnsmasq --keep-in-foreground --interface=tap0 --bind-interfaces --port=0 --user=root --pid-file= \
		--dhcp-leasefile="$PWD/leases" --dhcp-range=10.1.0.2,10.1.0.99 \
		--dhcp-match=set:http,option:client-arch,16 --dhcp-option-force=tag:http,60,HTTPClient \
		--dhcp-userclass=set:ipxe,iPXE --dhcp-boot="tag:http,http://$HOST/ipxe.efi" \
		--dhcp-boot="tag:ipxe,http://$HOST/boot.ipxe" 2>dnsmasq.log &
	servers+=($!)
}

# Without the card's own ROM, which is iPXE, and without the firmware's PXE.
installs() {
	local target firmware
	truncate -s 2G disk
	mapfile -t target < <(disk disk)
	mapfile -t firmware < <(uefi_drives fresh)
	run_machine console 900 "${target[@]}" "${firmware[@]}" -boot n -m 1G \
		-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n \
		-fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n \
		-device virtio-net-pci,netdev=net,bootindex=0,romfile= \
		-netdev tap,id=net,ifname=tap0,script=no,downscript=no
	expect_verdict console INSTALL_SUCCESSFUL
}

firmware_and_installer_asked_nginx() {
	grep 'GET /ipxe.efi .*UefiHttpBoot' access.log
	grep 'GET /boot.ipxe .*iPXE' access.log
	grep 'GET /cache/nar/.*guest-installer' access.log
}

servers=()
end_servers() {
	local server
	for server in "${servers[@]}"; do end_child "$server"; done
}

cd "$SCRATCH"
at_exit end_servers
network_up
run_case "a folder is extracted from an ISO" extracts
enough
serve
run_case "a machine without a medium installs by UEFI's HTTP boot" installs
run_case "firmware, iPXE and installer got everything from nginx" firmware_and_installer_asked_nginx
