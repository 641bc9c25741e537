# SPDX-License-Identifier: MIT
"""Running an installed guest: options, devices, a kernel from the host, a script by SSH."""
