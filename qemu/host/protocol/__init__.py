# SPDX-License-Identifier: MIT
"""The protocol between installer and host: verdict, progress, deadlines by stage, records."""
