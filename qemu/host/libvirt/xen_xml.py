# SPDX-License-Identifier: MIT
"""The XML of domains under libvirt's driver for Xen (libxl).

Pure. That driver takes no volumes of pools but only paths, and has no virtio and no order of single devices.
Installer and guest run in HVM domains, whose kernels take Xen's own disks instead of the emulated ones.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from host.libvirt import xml
from host.libvirt.xml import Domain, Source
from host.xen.domain import DISK_NAMES, KEYS_NAME

# The cdrom has to be an IDE drive, because the firmware boots from it. xvdc would be the same one.
CDROM_NAME = "hdc"


def install_domain(domain: Domain, iso: Source, keys: Source) -> str:
    """The domain that boots the ISO. Its end, however it comes, is the domain's: it is transient."""
    top, devices = _domain(domain, boots_from="cdrom", restarts=False)
    # QEMU's xen-disk refuses a read-only node; the installer mounts the drive for reading only.
    _disk(devices, keys, KEYS_NAME)
    cdrom = _disk(devices, iso, CDROM_NAME, device="cdrom", bus="ide")
    SubElement(cdrom, "readonly")
    return xml.render(top)


def guest_domain(domain: Domain) -> str:
    """The persistent domain that boots the installed disk."""
    top, _ = _domain(domain, boots_from="hd", restarts=True)
    return xml.render(top)


def _domain(domain: Domain, *, boots_from: str, restarts: bool) -> tuple[Element, Element]:
    top = xml.start(domain, restarts=restarts)
    system = SubElement(top, "os")
    xml.add_text(system, "type", "hvm", arch="x86_64", machine="xenfv")
    SubElement(system, "boot", dev=boots_from)
    features = SubElement(top, "features")
    for feature in ("acpi", "apic", "pae"):
        SubElement(features, feature)
    devices = SubElement(top, "devices")
    xml.add_serial_port(devices)
    xml.add_network_card(devices, domain.network)
    for source, name in zip(domain.disks, DISK_NAMES):
        _disk(devices, source, name)
    return top, devices


def _disk(
    devices: Element, source: Source, name: str, *, device: str = "disk", bus: str = "xen"
) -> Element:
    kind, attribute = ("block", "dev") if source.is_device else ("file", "file")
    disk = SubElement(devices, "disk", type=kind, device=device)
    SubElement(disk, "driver", name="qemu", type=source.format)
    SubElement(disk, "source", {attribute: source.path})
    SubElement(disk, "target", dev=name, bus=bus)
    return disk
