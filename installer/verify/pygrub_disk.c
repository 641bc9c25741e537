/* SPDX-License-Identifier: MIT */
#include "verify/pygrub_disk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/pygrub.h"
#include "verify/boot_options.h"
#include "verify/host_boot.h"
#include "verify/pv_kernel.h"

#define MENU_MAX_BYTES	 (2 * PYGRUB_MENU_MAX_BYTES)
#define KERNEL_MAX_BYTES (256 * 1024 * 1024)
#define STORE_PREFIX	 "/nix/store/"

/* The first menu that pygrub looks for and finds; false if there is none. */
static bool find_menu(const char *boot, char ret[FILE_PATH_BYTES])
{
	struct error ignored;

	for (size_t i = 0; pygrub_menus[i]; i++)
		if (file_resolve(boot, pygrub_menus[i], ret, &ignored) == 0)
			return true;
	return false;
}

/* Named as NixOS does. */
void pygrub_disk_place(const char *store_file, char ret[512])
{
	const char *name = store_file;

	if (text_starts_with(name, STORE_PREFIX))
		name += strlen(STORE_PREFIX);
	snprintf(ret, 512, "/kernels/%.480s", name);
	for (char *p = ret + strlen("/kernels/"); *p; p++)
		if (*p == '/')
			*p = '-';
}

/* Copies a file of the store to the boot disk; ret is its path there. */
static int copy_file(const char *root, const char *store_file, char ret[512], struct error *err)
{
	char from[FILE_PATH_BYTES], to[FILE_PATH_BYTES];
	int r = file_resolve(root, store_file, from, err);

	if (r < 0)
		return r;
	pygrub_disk_place(store_file, ret);
	file_below(to, root, PYGRUB_BOOT_FOLDER "%s", ret);
	return file_copy(from, to, 0444, err);
}

static int make_boot_folders(const char *root, struct error *err)
{
	static const char *const folders[] = { "/kernels", "/grub" };
	char path[FILE_PATH_BYTES];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int r;

		file_below(path, root, PYGRUB_BOOT_FOLDER "%s", folders[i]);
		r = file_make_folder(path, 0755, 0, 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

char *pygrub_disk_menu(const struct boot_files *files, const char *kernel, const char *initrd)
{
	char *menu;
	int length = asprintf(&menu,
		"# Written by guest-installer: the guest has no boot loader that would write it.\n"
		"set default=0\n"
		"set timeout=0\n"
		"menuentry \"NixOS\" --class nixos {\n"
		"  linux %s %s\n"
		"%s%s%s"
		"}\n",
		kernel, files->command_line, initrd[0] ? "  initrd " : "", initrd,
		initrd[0] ? "\n" : "");

	if (length < 0)
		abort();
	return menu;
}

/* The menu comes last, when the files that it names are on the disk. */
int pygrub_disk_write_menu(const char *root, const char *system, struct error *err)
{
	char boot[FILE_PATH_BYTES], path[FILE_PATH_BYTES], kernel[512], initrd[512] = "";
	AUTO_FREE char *menu = NULL;
	AUTO_FREE struct boot_files *files = must_realloc(NULL, 1, sizeof(*files));
	int r;

	file_below(boot, root, PYGRUB_BOOT_FOLDER);
	if (find_menu(boot, path))
		return 0;
	log_line("boot loader: the guest wrote no menu for pygrub, so the installer does");
	r = boot_files_read(root, system, files, err);
	if (r < 0)
		return r;
	r = make_boot_folders(root, err);
	if (r < 0)
		return r;
	r = copy_file(root, files->kernel, kernel, err);
	if (r < 0)
		return r;
	if (files->initrd[0])
		r = copy_file(root, files->initrd, initrd, err);
	if (r < 0)
		return r;
	menu = pygrub_disk_menu(files, kernel, initrd);
	file_below(path, root, PYGRUB_BOOT_FOLDER PYGRUB_MENU_PATH);
	return file_write(path, menu, strlen(menu), 0644, 0, 0, err);
}

static int read_boot_menu(const char *boot, struct pygrub_entry *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	char path[FILE_PATH_BYTES];
	size_t size_bytes;
	int r;

	if (!find_menu(boot, path))
		return error_set(err, -ENOENT,
			"The boot disk has no menu that pygrub reads: there is no %s on it.",
			pygrub_menus[1]);
	r = file_read(path, MENU_MAX_BYTES, &text, &size_bytes, err);
	if (r < 0)
		return r;
	return pygrub_read(text, size_bytes, ret, err);
}

/* A file that the menu names on the boot disk is that of the store. */
static int compare(const char *root, const char *boot, const char *named, unsigned line,
	const char *store_file, struct error *err)
{
	char booted[FILE_PATH_BYTES], stored[FILE_PATH_BYTES];
	int r = file_resolve(boot, named, booted, err);

	if (r < 0) {
		error_wrap(err, "line %u of grub.cfg", line);
		return r;
	}
	r = file_resolve(root, store_file, stored, err);
	if (r < 0)
		return r;
	return file_compare(booted, stored, err);
}

static int check_kernel(const char *boot, const char *kernel, struct error *err)
{
	AUTO_FREE char *image = NULL;
	size_t size_bytes;
	int r = file_read_inside(boot, kernel, KERNEL_MAX_BYTES, &image, &size_bytes, err);

	if (r < 0)
		return r;
	return pv_kernel_check(kernel, (const uint8_t *)image, size_bytes, err);
}

int pygrub_disk_verify(const char *root, const struct plan *plan, const struct boot_files *files,
	struct boot_entry *ret, struct error *err)
{
	AUTO_FREE struct pygrub_entry *entry = must_realloc(NULL, 1, sizeof(*entry));
	char boot[FILE_PATH_BYTES], where[320];
	int r;

	file_below(boot, root, PYGRUB_BOOT_FOLDER);
	r = read_boot_menu(boot, entry, err);
	if (r < 0)
		return r;
	snprintf(where, sizeof(where), "grub.cfg line %u: the entry \"%s\" that pygrub takes",
		entry->kernel_line, entry->title);
	r = boot_options_check(where, entry->command_line, plan, err);
	if (r < 0)
		return r;
	r = compare(root, boot, entry->kernel, entry->kernel_line, files->kernel, err);
	if (r < 0)
		return r;
	if (files->initrd[0] && !entry->initrd[0])
		return error_set(err, -EBADMSG, "The entry \"%s\" that pygrub takes has no initrd.",
			entry->title);
	if (!files->initrd[0] && entry->initrd[0])
		return error_set(err, -EBADMSG,
			"The entry \"%s\" that pygrub takes has the initrd %s, but the system has none.",
			entry->title, entry->initrd);
	if (files->initrd[0])
		r = compare(root, boot, entry->initrd, entry->initrd_line, files->initrd, err);
	if (r < 0)
		return r;
	r = host_boot_check_initrd(root, files, err);
	if (r < 0)
		return r;
	r = check_kernel(boot, entry->kernel, err);
	if (r < 0)
		return r;
	return host_boot_entry(boot, entry->kernel, entry->initrd, entry->command_line, ret, err);
}
