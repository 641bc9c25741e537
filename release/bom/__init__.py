# SPDX-License-Identifier: MIT
"""The software bill of materials of a release."""
