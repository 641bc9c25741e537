# SPDX-License-Identifier: MIT
"""What every tool of the host uses: exit codes, deadlines, processes, locks, sockets, streams."""
