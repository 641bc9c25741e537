# SPDX-License-Identifier: MIT
"""Installing a guest: options, disks, key drive, binary cache, the machine, the boot proof."""
