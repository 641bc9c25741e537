/* SPDX-License-Identifier: MIT */
/*
 * embedded_word — compares what is embedded in the ISO with what the kernel's command line
 * promises.
 *
 * Pure. The tool qemu/iso writes the word guest-installer.embedded=SHA256, with the checksum of the
 * area, into the boot menus of the ISO and into the command line of a netboot. The boot loader
 * reads it by the firmware's drivers, so it arrives where the kernel has no driver for the ISO's
 * drive, or where the installer finds another ISO. Settings that are lost must not become an
 * install with other ones. embedded_source reads the area.
 *
 * Tested by: tests/unit/test_embedded_word.c, tests/qemu/customized_iso.sh,
 * tests/fuzz/command_line.c.
 */
#pragma once

#include "base/error.h"
#include "input/embedded.h"

/* 0 if the command line has no such word, or the area that was read is the promised one. embedded:
 * NULL if nothing is embedded in what was read. no_medium: why no ISO is mounted, code 0 if one is.
 * -ENOENT with the code of no_medium if that is the reason; -EBADMSG with EXIT_CONFIGURATION for
 * another area and another word. */
int embedded_word_check(const char *command_line, const struct embedded *embedded,
	const struct error *no_medium, struct error *err) WARN_UNUSED;
