# SPDX-License-Identifier: MIT
"""The XML of volumes and domains.

Pure. Formats: libvirt's pages "Storage pool and volume XML format" and "Domain XML format". The tree is
made by ElementTree, so no value can become anything else than a value.
"""

from __future__ import annotations

import xml.etree.ElementTree as tree
from dataclasses import dataclass
from typing import Optional
from xml.etree.ElementTree import Element, SubElement

from host.base.architectures import X86_64, Architecture
from host.base.codes import Code, Failure

NAMESPACE = "urn:guest-installer:domain"
PORT = "org.guest-installer.0"
EMULATED_ARM = "cortex-a72"
tree.register_namespace("gi", NAMESPACE)


@dataclass(frozen=True)
class Source:
    """A volume as a domain's disk. `serial` is empty for what the installer finds by its content.
    `expendable` is a volume that a failed installation removes. `path` is the volume's on the server,
    and `is_device` says whether that is a block device."""

    pool: str
    volume: str
    format: str
    serial: str = ""
    expendable: bool = False
    path: str = ""
    is_device: bool = False


@dataclass(frozen=True)
class Domain:
    """What the domain that installs and the one that runs the guest have in common. `kind` is kvm, qemu
    (emulation) or xen; `owner` is empty, or says which host destroys the domain of a killed run; `network` is
    that of first-run's option; memory is in bytes."""

    name: str
    uuid: str
    kind: str
    memory: int
    cores: int
    firmware: str
    network: str
    disks: tuple[Source, ...]
    owner: str = ""
    architecture: Architecture = X86_64


def volume(name: str, format: str, size_bytes: int, pool_is_of_files: bool) -> str:
    """A new volume that takes no room yet, for its owner alone."""
    top = Element("volume")
    add_text(top, "name", name)
    add_text(top, "capacity", str(size_bytes), unit="bytes")
    add_text(top, "allocation", "0", unit="bytes")
    if pool_is_of_files:
        target = SubElement(top, "target")
        SubElement(target, "format", type=format)
        add_text(SubElement(target, "permissions"), "mode", "0600")
    return render(top)


def read_volume_format(text: str) -> str:
    """The format in the XML of a volume that exists."""
    found = parse(text).find("target/format")
    name = found.get("type", "") if found is not None else ""
    return name if name in ("qcow2", "qed", "vmdk", "vdi", "vpc") else "raw"


def read_pool_type(text: str) -> str:
    """The type in the XML of a pool."""
    return parse(text).get("type", "")


def read_pool_path(text: str) -> str:
    """The folder that the volumes in the XML of a pool have on the server."""
    return (parse(text).findtext("target/path") or "").rstrip("/")


def install_domain(domain: Domain, iso: Source, keys: Source) -> str:
    """The domain that boots the ISO. Its end, however it comes, is the domain's: it is transient."""
    top = _domain(domain, restarts=False)
    devices = _devices(domain, top)
    for number, source in enumerate(domain.disks):
        cache = "unsafe" if source.expendable else "writeback"
        _virtio_disk(devices, source, number, {"error_policy": "report", "cache": cache})
    SubElement(_virtio_disk(devices, keys, len(domain.disks), {}), "readonly")
    SubElement(devices, "controller", type="scsi", model="virtio-scsi")
    cdrom = SubElement(devices, "disk", type="volume", device="cdrom")
    _source(cdrom, iso, {})
    SubElement(cdrom, "target", dev="sda", bus="scsi")
    SubElement(cdrom, "readonly")
    SubElement(cdrom, "boot", order="1")
    channel = SubElement(devices, "channel", type="unix")
    SubElement(channel, "target", type="virtio", name=PORT)
    return render(top)


def guest_domain(domain: Domain) -> str:
    """The persistent domain that boots the installed disk."""
    top = _domain(domain, restarts=True)
    devices = _devices(domain, top)
    for number, source in enumerate(domain.disks):
        disk = _virtio_disk(devices, source, number, {})
        if number == 0:
            SubElement(disk, "boot", order="1")
    return render(top)


def start(domain: Domain, *, restarts: bool) -> Element:
    """A domain as every driver of libvirt has it, without its machine and devices."""
    top = Element("domain", type=domain.kind)
    add_text(top, "name", domain.name)
    add_text(top, "uuid", domain.uuid)
    metadata = SubElement(top, "metadata")
    guest = domain.disks[0]
    entry = SubElement(metadata, f"{{{NAMESPACE}}}guest", pool=guest.pool, volume=guest.volume)
    if domain.owner:
        entry.set("owner", domain.owner)
    add_text(top, "memory", str(domain.memory), unit="bytes")
    add_text(top, "vcpu", str(domain.cores))
    add_text(top, "on_poweroff", "destroy")
    add_text(top, "on_reboot", "restart" if restarts else "destroy")
    add_text(top, "on_crash", "destroy")
    return top


def _domain(domain: Domain, *, restarts: bool) -> Element:
    top = start(domain, restarts=restarts)
    system = SubElement(top, "os", {"firmware": "efi"} if domain.firmware == "uefi" else {})
    row = domain.architecture
    # For x86-64 libvirt has a default; there is none for machines of 64-bit ARM.
    machine = {} if row.has_bios else {"machine": row.machine}
    add_text(system, "type", "hvm", arch=row.name, **machine)
    if domain.firmware == "uefi":
        # Without it libvirt prefers a firmware with Secure Boot, which boots no unsigned system.
        loader = SubElement(system, "firmware")
        SubElement(loader, "feature", enabled="no", name="secure-boot")
    features = SubElement(top, "features")
    SubElement(features, "acpi")
    if row.has_bios:
        SubElement(features, "apic")
    if domain.kind == "kvm" or row.has_bios:
        SubElement(top, "cpu", mode="host-passthrough" if domain.kind == "kvm" else "maximum")
    else:
        # libvirt cannot ask for pauth-impdef, without which the largest processor is slow.
        add_text(SubElement(top, "cpu", mode="custom", match="exact"), "model", EMULATED_ARM)
    return top


def _devices(domain: Domain, top: Element) -> Element:
    devices = SubElement(top, "devices")
    add_serial_port(devices)
    card = add_network_card(devices, domain.network)
    if card is not None:
        SubElement(card, "model", type="virtio")
    rng = SubElement(devices, "rng", model="virtio")
    add_text(rng, "backend", "/dev/urandom", model="random")
    SubElement(SubElement(devices, "video"), "model", type="none")
    return devices


def add_serial_port(devices: Element) -> None:
    """The first serial port, which is the console."""
    serial = SubElement(devices, "serial", type="pty")
    SubElement(serial, "target", port="0")
    console = SubElement(devices, "console", type="pty")
    SubElement(console, "target", type="serial", port="0")


def add_network_card(devices: Element, network: str) -> Optional[Element]:
    """The card that first-run's option --network asks for."""
    kind, _, name = network.partition("=")
    if kind == "none":
        return None
    card = SubElement(devices, "interface", type=kind)
    if kind != "user":
        SubElement(card, "source", {kind: name})
    return card


def _virtio_disk(devices: Element, source: Source, number: int, options: dict[str, str]) -> Element:
    disk = SubElement(devices, "disk", type="volume", device="disk")
    _source(disk, source, {"discard": "unmap", **options})
    SubElement(disk, "target", dev=f"vd{chr(ord('a') + number)}", bus="virtio")
    if source.serial:
        add_text(disk, "serial", source.serial)
    return disk


def _source(disk: Element, source: Source, options: dict[str, str]) -> None:
    SubElement(disk, "driver", {"name": "qemu", "type": source.format, **options})
    SubElement(disk, "source", pool=source.pool, volume=source.volume)


def add_text(parent: Element, name: str, text: str, **attributes: str) -> None:
    """An element with a text."""
    SubElement(parent, name, attributes).text = text


def render(top: Element) -> str:
    """The tree as text."""
    tree.indent(top)
    return tree.tostring(top, encoding="unicode") + "\n"


def parse(text: str) -> Element:
    """The XML that libvirt returned."""
    try:
        return tree.fromstring(text)
    except tree.ParseError as error:
        raise Failure(Code.EMULATOR, f"libvirt returned XML that is none: {error}") from error


def _find_entry(text: str) -> Optional[Element]:
    return parse(text).find(f"metadata/{{{NAMESPACE}}}guest")


def find_volume(text: str) -> Optional[tuple[str, str]]:
    """Pool and volume of the guest that a domain's XML names; None for a domain that is not ours."""
    found = _find_entry(text)
    if found is None:
        return None
    return found.get("pool", ""), found.get("volume", "")


def find_owner(text: str) -> str:
    """Who destroys this domain when its run was killed; empty where libvirt does that."""
    found = _find_entry(text)
    return found.get("owner", "") if found is not None else ""
