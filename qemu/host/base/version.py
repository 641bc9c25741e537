# SPDX-License-Identifier: MIT
"""The version of the host tools, which is that of the Makefile."""

VERSION = "0.1.0"
