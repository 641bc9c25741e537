#!/bin/sh
# SPDX-License-Identifier: MIT
# Imitates systemd-logind's answer to the ACPI power button.

exec @busybox@/bin/poweroff
