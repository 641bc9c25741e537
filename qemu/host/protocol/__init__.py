# SPDX-License-Identifier: MIT
"""The protocol between installer and host: verdict, progress, deadlines, records, an ISO's area."""
