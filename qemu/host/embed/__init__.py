# SPDX-License-Identifier: MIT
"""Settings, keys, files and a closure that are embedded in an ISO without making it again."""
