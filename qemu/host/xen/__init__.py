# SPDX-License-Identifier: MIT
"""Xen: domain files, and the domain that the installer runs in."""
