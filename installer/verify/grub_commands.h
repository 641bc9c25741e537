/* SPDX-License-Identifier: MIT */
/*
 * grub_commands — the commands of a boot menu: entries, search, linux, initrd, tests.
 *
 * Pure. Semantics: GRUB manual, "Command-line and menu entry commands". A command that is not
 * listed here is refused, because it could start something else. Which entry starts by itself is
 * decided by grub_cfg.
 *
 * Tested by: tests/unit/test_grub_cfg.c, tests/loop/boot_menus.sh, tests/fuzz/grub_cfg.c.
 */
#pragma once

#include "verify/grub_entry.h"
#include "verify/grub_script.h"

#define GRUB_ENTRIES_MAX 512

/* Devices that search has found, as the variables hold them: kind, then label or UUID. */
#define GRUB_DEVICE_LABEL  "label:"
#define GRUB_DEVICE_UUID   "uuid:"
#define GRUB_DEVICE_PREFIX "prefix:"

struct grub_menu_item {
	char title[256];
	char id[256];
	bool submenu;
	bool restricted; /* --users, or no --unrestricted */
	unsigned line;
	struct grub_cursor body;
};

struct grub_menu {
	struct grub_script script;
	struct grub_menu_item items[GRUB_ENTRIES_MAX];
	size_t count;
	bool in_entry;		 /* the body of the chosen entry runs */
	const char *environment; /* grubenv; NULL if there is none */
	struct grub_entry entry; /* of the chosen entry */
};

/* The callback of struct grub_script; userdata is the struct grub_menu. */
int grub_commands_run(struct grub_script *script, const struct grub_command *command,
	void *userdata, struct error *err) WARN_UNUSED;
