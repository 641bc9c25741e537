# SPDX-License-Identifier: MIT
"""What a libvirt host says that it can run.

Pure. Format: libvirt's page "Driver capabilities XML format".
"""

from __future__ import annotations

import xml.etree.ElementTree as tree

from host.base.architectures import X86_64, Architecture
from host.libvirt.xml import parse


def has_domains(text: str, kind: str, architecture: Architecture = X86_64) -> bool:
    """Whether the XML of a host's capabilities offers domains of the type, kvm or qemu, for that
    architecture."""
    for arch in parse(text).findall(f"guest/arch[@name='{architecture.name}']"):
        if any(domain.get("type") == kind for domain in arch.findall("domain")):
            return True
    return False


def host_cpu(text: str) -> str:
    """The host's processor in the XML of its capabilities, as XML."""
    cpu = parse(text).find("host/cpu")
    return "<cpu/>" if cpu is None else tree.tostring(cpu, encoding="unicode")


def has_virtualisation(text: str) -> bool:
    """Whether a processor in XML, with the features of its model, is one of Intel's or AMD's that can run
    virtual machines."""
    features = {feature.get("name") for feature in parse(text).findall("feature")}
    return bool(features & {"vmx", "svm"})
