/* SPDX-License-Identifier: MIT */
/*
 * grub_cfg — the entry of a grub.cfg that starts by itself, and the files that it boots.
 *
 * Pure. The text is interpreted as GRUB does on the first boot: variables, conditions, functions,
 * submenus. The choice follows GRUB 2.06, grub-core/normal/menu.c. What is not understood is
 * refused, with its line. Whether the files exist is decided by the caller.
 *
 * Tested by: tests/unit/test_grub_cfg.c, tests/loop/boot_menus.sh, tests/fuzz/grub_cfg.c.
 */
#pragma once

#include "base/error.h"
#include "verify/grub_entry.h"

struct grub_cfg_settings {
	const char *platform;	 /* $grub_platform: "pc" or "efi" */
	const char *cpu;	 /* $grub_cpu */
	const char *environment; /* the text of grubenv; NULL if there is none */
};

/* The entry that boots when no key is pressed. -EINVAL with a sentence where there is none, where
 * the menu waits for ever (no timeout, or one below zero), where the entry asks for a password or
 * loads no kernel, or where a command is not understood. */
int grub_cfg_default(const char *text, const struct grub_cfg_settings *settings,
	struct grub_entry *ret, struct error *err) WARN_UNUSED;
