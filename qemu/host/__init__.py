# SPDX-License-Identifier: MIT
"""The host's side: installing guests, running them, and what both need. Standard library only."""
