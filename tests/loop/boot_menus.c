/* SPDX-License-Identifier: MIT */
/*
 * boot_menus — prints what the modules of boot menus decide, for tests/loop/esp.lib.sh
 *
 *	boot_menus grub FILE                     title and command line of the entry that starts
 *	boot_menus order ESP                     ids of the entries, the default marked with "*"
 *	boot_menus esp ROOT SYSTEM KERNEL INITRD whether ROOT/boot starts that system
 *	boot_menus external ROOT SYSTEM KERNEL INITRD  the same, whichever boot loader wrote it
 *	boot_menus versions FILE                 its lines "A < B" with "<", "=" or ">" put right
 *
 * A refusal is printed behind "refused: ".
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "verify/grub_cfg.h"
#include "verify/loader_entries.h"
#include "verify/systemd_boot.h"

#define TEXT_MAX_BYTES 65536
#define ENTRIES_MAX    16

static int show_refusal(const struct error *err)
{
	printf("refused: %s\n", err->text);
	return 0;
}

static int show_grub(char **arg)
{
	static struct grub_entry entry;
	const struct grub_cfg_settings settings = { .platform = "emu", .cpu = "i386" };
	AUTO_FREE char *text = NULL;
	struct error err;

	if (file_read(arg[0], TEXT_MAX_BYTES, &text, NULL, &err) < 0 ||
		grub_cfg_default(text, &settings, &entry, &err) < 0)
		return show_refusal(&err);
	printf("%s|%s|%s\n", entry.title, entry.kernel.path, entry.command_line);
	return 0;
}

static int show_order(char **arg)
{
	static struct loader_entry entries[ENTRIES_MAX];
	struct loader_config config = { 0 };
	AUTO_CLOSEDIR DIR *dir = NULL;
	char path[FILE_PATH_BYTES];
	size_t count = 0, chosen;
	struct dirent *item;
	struct error err;

	file_below(path, arg[0], "/loader/entries");
	dir = opendir(path);
	while (dir && (item = readdir(dir)) && count < ENTRIES_MAX) {
		AUTO_FREE char *text = NULL;

		file_below(path, arg[0], "/loader/entries/%s", item->d_name);
		if (item->d_name[0] == '.')
			continue;
		if (file_read(path, TEXT_MAX_BYTES, &text, NULL, &err) < 0 ||
			loader_entries_parse_type1(item->d_name, text, &entries[count], &err) < 0)
			return show_refusal(&err);
		count += !entries[count].ignored;
	}
	AUTO_FREE char *text = NULL;

	file_below(path, arg[0], "/loader/loader.conf");
	if (file_read(path, TEXT_MAX_BYTES, &text, NULL, &err) < 0 ||
		loader_entries_parse_config(text, &config, &err) < 0 ||
		loader_entries_choose(&config, entries, count, &chosen, &err) < 0)
		return show_refusal(&err);
	for (size_t i = 0; i < count; i++)
		printf("%s%s\n", entries[i].id, i == chosen ? "*" : "");
	return 0;
}

static int show_target(char **arg,
	int (*verify)(const char *root, const char *esp, const struct plan *plan,
		const struct boot_files *files, struct boot_entry *ret, struct error *err))
{
	static struct plan plan = { .layout = LAYOUT_GPT, .partition_count = 1 };
	static struct boot_files files;
	static struct boot_entry entry;
	struct error err;

	plan.architecture = architecture_native();
	snprintf(plan.system, sizeof(plan.system), "%s", arg[1]);
	snprintf(files.kernel, sizeof(files.kernel), "%s", arg[2]);
	snprintf(files.initrd, sizeof(files.initrd), "%s", arg[3]);
	if (verify(arg[0], "/boot", &plan, &files, &entry, &err) < 0)
		return show_refusal(&err);
	puts("starts");
	return 0;
}

static int show_esp(char **arg)
{
	return show_target(arg, systemd_boot_verify);
}

static int show_external(char **arg)
{
	return show_target(arg, systemd_boot_verify_external);
}

static int show_versions(char **arg)
{
	AUTO_FREE char *text = NULL;
	char *rest, *line;
	struct error err;

	if (file_read(arg[0], TEXT_MAX_BYTES, &text, NULL, &err) < 0)
		return show_refusal(&err);
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line) {
		char *sign = line + strcspn(line, "<=>"), *b = sign + 2;

		sign[-1] = '\0';
		int order = loader_entries_compare_versions(line, b);

		printf("%s %s %s\n", line, order < 0 ? "<" : order > 0 ? ">" : "=", b);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*show)(char **arg);
	} commands[] = {
		{ "grub", 1, show_grub },
		{ "order", 1, show_order },
		{ "esp", 4, show_esp },
		{ "external", 4, show_external },
		{ "versions", 1, show_versions },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 == commands[i].arguments)
			return commands[i].show(argv + 2);
	fprintf(stderr, "see the first lines of boot_menus.c\n");
	return 2;
}
