# SPDX-License-Identifier: MIT
"""libvirt: names and XML of volumes and domains, the connection, storage, the machine, guests."""
