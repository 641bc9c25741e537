/* SPDX-License-Identifier: MIT */
#include "verify/systemd_boot.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "verify/boot_options.h"
#include "verify/efi_program.h"
#include "verify/loader_entries.h"
#include "verify/pe_sections.h"
#include "verify/unified_image.h"

#define ENTRIES_MAX	256
#define TEXT_MAX_BYTES	(1024 * 1024)
#define IMAGE_MAX_BYTES (512 * 1024 * 1024)
#define PROGRAM_MAGIC	"#### LoaderInfo: systemd-boot "
#define TYPE1_FOLDER	"/loader/entries"
#define TYPE2_FOLDER	"/EFI/Linux"

_Static_assert(LOADER_INITRDS_MAX <= BOOT_ENTRY_INITRDS_MAX, "an entry of type 1 fits");

enum efi_program {
	SYSTEMD_BOOT,
	UNIFIED_IMAGE,
	OTHER_PROGRAM,
};

/* The ESP that is read. */
struct esp {
	const char *root;
	const char *mount_path;
	const struct architecture *architecture;
	bool strict; /* an entry that systemd-boot ignores is refused */
	struct loader_entry entries[ENTRIES_MAX];
	size_t count;
};

static int find_on_esp(
	const struct esp *esp, const char *name, char ret[FILE_PATH_BYTES], struct error *err)
{
	char inner[1024];

	snprintf(inner, sizeof(inner), "%s/%s", esp->mount_path, name);
	return file_resolve(esp->root, inner, ret, err);
}

static int read_from_esp(const struct esp *esp, const char *name, size_t max_bytes, char **ret,
	size_t *ret_bytes, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r = find_on_esp(esp, name, path, err);

	if (r < 0)
		return r;
	return file_read(path, max_bytes, ret, ret_bytes, err);
}

/* Whether a program that is no unified kernel image is systemd-boot, which names itself in a
 * section of its own. As built for 64-bit ARM before version 254 it has the sections .text and
 * .data alone, and its name is behind them. */
static int is_systemd_boot(
	const char *path, const uint8_t *image, size_t size_bytes, bool *ret, struct error *err)
{
	struct pe_section section = { .size_bytes = size_bytes };
	int r = pe_sections_find(path, image, size_bytes, ".sdmagic", &section, err);

	if (r < 0 && r != -ENOENT)
		return r;
	*ret = memmem(image + section.offset_bytes, section.size_bytes, PROGRAM_MAGIC,
		       strlen(PROGRAM_MAGIC)) != NULL;
	return 0;
}

/* The program at the removable-media path (UEFI 2.10, 3.5.1.1). */
static int find_efi_program(const struct esp *esp, enum efi_program *ret, struct error *err)
{
	AUTO_FREE char *image = NULL;
	struct pe_section section;
	size_t size_bytes;
	bool is_loader = false;
	const char *path = esp->architecture->efi_program;
	int r = read_from_esp(esp, path, IMAGE_MAX_BYTES, &image, &size_bytes, err);

	if (r < 0)
		return r;
	r = pe_sections_find(path, (const uint8_t *)image, size_bytes, ".linux", &section, err);
	if (r == 0) {
		*ret = UNIFIED_IMAGE;
		return 0;
	}
	if (r == -ENOENT)
		r = is_systemd_boot(path, (const uint8_t *)image, size_bytes, &is_loader, err);
	if (r < 0)
		return r;
	*ret = is_loader ? SYSTEMD_BOOT : OTHER_PROGRAM;
	return 0;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	return length > suffix_length && strcasecmp(name + length - suffix_length, suffix) == 0;
}

static int read_type2(
	const struct esp *esp, const char *file, struct loader_entry *ret, struct error *err)
{
	char name[512], os_release[8192], options[LOADER_OPTIONS_BYTES];
	int r;

	snprintf(name, sizeof(name), TYPE2_FOLDER "/%s", file);
	r = unified_image_release(
		esp->root, esp->mount_path, name, os_release, sizeof(os_release), err);
	if (r < 0)
		return r;
	r = unified_image_options(esp->root, esp->mount_path, name, options, sizeof(options), err);
	if (r < 0)
		return r;
	r = loader_entries_parse_type2(file, os_release, ret, err);
	if (r < 0)
		return r;
	snprintf(ret->options, sizeof(ret->options), "%s", options);
	return 0;
}

/* systemd-boot drops an entry whose kernel does not exist, and one for another architecture. */
static int read_type1(
	const struct esp *esp, const char *file, struct loader_entry *ret, struct error *err)
{
	char name[512], path[FILE_PATH_BYTES];
	AUTO_FREE char *text = NULL;
	struct error missing;
	int r;

	snprintf(name, sizeof(name), TYPE1_FOLDER "/%s", file);
	r = read_from_esp(esp, name, TEXT_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	r = loader_entries_parse_type1(file, text, ret, err);
	if (r < 0)
		return r;
	if (find_on_esp(esp, ret->kernel, path, &missing) < 0 ||
		(ret->architecture[0] &&
			strcasecmp(ret->architecture, esp->architecture->efi_name) != 0))
		ret->ignored = true;
	return 0;
}

static int read_folder(struct esp *esp, const char *folder, const char *suffix,
	int (*read_entry)(const struct esp *esp, const char *file, struct loader_entry *ret,
		struct error *err),
	struct error *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	char path[FILE_PATH_BYTES];
	struct dirent *item;
	int r = find_on_esp(esp, folder, path, err);

	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	dir = opendir(path);
	/* The boot loader ignores a file of this name, too. */
	if (!dir && file_is_missing(-errno))
		return 0;
	if (!dir)
		return error_errno(err, -errno, "read the boot entries in %s", path);
	while (r == 0 && (item = readdir(dir))) {
		if (item->d_name[0] == '.' || strncasecmp(item->d_name, "auto-", 5) == 0 ||
			!has_suffix(item->d_name, suffix))
			continue;
		if (esp->count == ENTRIES_MAX)
			return error_set(err, -EINVAL, "%s has more than %d boot entries.", path,
				ENTRIES_MAX);
		r = read_entry(esp, item->d_name, &esp->entries[esp->count], err);
		if (r == 0 && esp->strict && esp->entries[esp->count].ignored)
			return error_set(
				err, -EBADMSG, "The boot entry %s has no kernel.", item->d_name);
		esp->count += r == 0 && !esp->entries[esp->count].ignored;
	}
	return r;
}

static int read_loader_config(const struct esp *esp, struct loader_config *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r = read_from_esp(esp, "/loader/loader.conf", TEXT_MAX_BYTES, &text, NULL, err);

	/* Without the file the menu is hidden and the first entry starts. */
	if (r == -ENOENT) {
		memset(ret, 0, sizeof(*ret));
		return 0;
	}
	if (r < 0)
		return r;
	return loader_entries_parse_config(text, ret, err);
}

/* -------------------------------------------------------- the chosen entry */

typedef int compare_function(const char *path, const char *stored, struct error *err);

static int compare_with_store(const struct esp *esp, const char *name, const char *store_file,
	compare_function *compare, struct error *err)
{
	char booted[FILE_PATH_BYTES], stored[FILE_PATH_BYTES];
	int r = find_on_esp(esp, name, booted, err);

	if (r < 0)
		return r;
	r = file_resolve(esp->root, store_file, stored, err);
	if (r < 0)
		return r;
	return compare(booted, stored, err);
}

/* One of the entry's initrds is the system's, to which secrets may be appended (NixOS's
 * append-initrd-secrets). systemd-boot stops if one of them does not exist. */
static int check_initrds(const struct esp *esp, const struct loader_entry *entry,
	const char *store_file, struct error *err)
{
	struct error mismatch = { .text = "it has no initrd" };
	bool same = !store_file[0];

	for (size_t i = 0; i < entry->initrd_count; i++) {
		char path[FILE_PATH_BYTES];
		struct stat st;
		int r = find_on_esp(esp, entry->initrds[i], path, err);

		if (r < 0)
			return r;
		if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
			return error_set(err, -EBADMSG, "The initrd %s is not a file.", path);
		if (!same && compare_with_store(esp, entry->initrds[i], store_file,
				     file_compare_start, &mismatch) == 0)
			same = true;
	}
	if (!same)
		return error_set(
			err, -EBADMSG, "The boot entry %s: %s", entry->file, mismatch.text);
	return 0;
}

/* systemd-boot stops if the device tree cannot be loaded. */
static int check_devicetree(const struct esp *esp, const struct loader_entry *entry,
	const char *store_file, struct error *err)
{
	char path[FILE_PATH_BYTES];

	if (!entry->devicetree[0])
		return 0;
	if (store_file[0])
		return compare_with_store(esp, entry->devicetree, store_file, file_compare, err);
	return find_on_esp(esp, entry->devicetree, path, err);
}

static int check_type1(const struct esp *esp, const struct loader_entry *entry,
	const struct boot_files *files, struct error *err)
{
	int r;

	if (entry->efi)
		return error_set(err, -EBADMSG,
			"The boot entry %s starts the EFI program %s instead of a kernel.",
			entry->file, entry->kernel);
	r = compare_with_store(esp, entry->kernel, files->kernel, file_compare, err);
	if (r < 0)
		return r;
	r = check_devicetree(esp, entry, files->devicetree, err);
	if (r < 0)
		return r;
	return check_initrds(esp, entry, files->initrd, err);
}

static int check_type2(const struct esp *esp, const struct loader_entry *entry,
	const struct boot_files *files, struct error *err)
{
	char name[512];

	snprintf(name, sizeof(name), TYPE2_FOLDER "/%s", entry->file);
	return unified_image_check(esp->root, esp->mount_path, name, files, err);
}

static int check_entry(const struct esp *esp, const struct loader_entry *entry,
	const struct plan *plan, const struct boot_files *files, struct error *err)
{
	char where[320];
	int r;

	if (entry->not_understood[0])
		return error_set(err, -EINVAL, "%s", entry->not_understood);
	snprintf(where, sizeof(where), "The boot entry %s", entry->file);
	r = boot_options_check(where, entry->options, plan, err);
	if (r < 0)
		return r;
	return entry->unified ? check_type2(esp, entry, files, err)
			      : check_type1(esp, entry, files, err);
}

/* What systemd-boot loads for an entry of type 1. kexec would keep the device tree of this
 * kernel. */
static int type1_boot_entry(const struct esp *esp, const struct loader_entry *entry,
	struct boot_entry *ret, struct error *err)
{
	int r = find_on_esp(esp, entry->kernel, ret->kernel, err);

	for (size_t i = 0; r == 0 && i < entry->initrd_count; i++)
		r = find_on_esp(esp, entry->initrds[i], ret->initrds[i], err);
	if (r < 0)
		return r;
	ret->initrd_count = entry->initrd_count;
	snprintf(ret->command_line, sizeof(ret->command_line), "%s", entry->options);
	ret->known = !entry->devicetree[0];
	return 0;
}

static int read_loader_entries(struct esp *esp, struct error *err)
{
	int r = read_folder(esp, TYPE1_FOLDER, ".conf", read_type1, err);

	if (r < 0)
		return r;
	return read_folder(esp, TYPE2_FOLDER, ".efi", read_type2, err);
}

static int verify_chosen(struct esp *esp, const struct plan *plan, const struct boot_files *files,
	struct boot_entry *ret, struct error *err)
{
	struct loader_config config;
	size_t chosen;
	int r = efi_program_check_kernel(esp->root, files->kernel, esp->architecture, err);

	if (r < 0)
		return r;
	r = read_loader_config(esp, &config, err);
	if (r < 0)
		return r;
	r = read_loader_entries(esp, err);
	if (r < 0)
		return r;
	r = loader_entries_choose(&config, esp->entries, esp->count, &chosen, err);
	if (r < 0)
		return r;
	r = check_entry(esp, &esp->entries[chosen], plan, files, err);
	if (r < 0 || esp->entries[chosen].unified)
		return r;
	return type1_boot_entry(esp, &esp->entries[chosen], ret, err);
}

/* A boot loader that is not known here may start any of its entries. */
static int verify_every(
	struct esp *esp, const struct plan *plan, const struct boot_files *files, struct error *err)
{
	int r;

	esp->strict = true;
	r = read_loader_entries(esp, err);
	if (r == 0 && esp->count == 0)
		return error_set(err, -ENOENT,
			"%s is neither systemd-boot nor a unified kernel image, and neither /loader/entries nor /EFI/Linux has a boot entry, so that it cannot be known what it starts: use systemd-boot or GRUB.",
			esp->architecture->efi_program);
	for (size_t i = 0; r == 0 && i < esp->count; i++)
		r = check_entry(esp, &esp->entries[i], plan, files, err);
	if (r < 0)
		error_wrap(err,
			"%s is not systemd-boot, so that each boot entry has to start this system",
			esp->architecture->efi_program);
	return r;
}

/* The unified kernel image at the removable-media path. */
static int verify_image(
	struct esp *esp, const struct plan *plan, const struct boot_files *files, struct error *err)
{
	struct loader_entry *entry = esp->entries;
	const char *path = esp->architecture->efi_program;
	int r = efi_program_check_kernel(esp->root, files->kernel, esp->architecture, err);

	if (r < 0)
		return r;
	r = unified_image_options(
		esp->root, esp->mount_path, path, entry->options, sizeof(entry->options), err);
	if (r < 0)
		return r;
	r = boot_options_check(path, entry->options, plan, err);
	if (r < 0)
		return r;
	return unified_image_check(esp->root, esp->mount_path, path, files, err);
}

static struct esp *new_esp(const char *root, const char *mount_path, const struct plan *plan)
{
	struct esp *esp = must_realloc(NULL, 1, sizeof(*esp));

	esp->root = root;
	esp->mount_path = mount_path;
	esp->architecture = plan->architecture;
	esp->strict = false;
	esp->count = 0;
	return esp;
}

int systemd_boot_verify(const char *root, const char *mount_path, const struct plan *plan,
	const struct boot_files *files, struct boot_entry *ret, struct error *err)
{
	AUTO_FREE struct esp *esp = new_esp(root, mount_path, plan);
	enum efi_program program;
	int r = find_efi_program(esp, &program, err);

	if (r < 0)
		return r;
	if (program != SYSTEMD_BOOT)
		return error_set(err, -EBADMSG,
			"%s on the EFI system partition is not systemd-boot.",
			plan->architecture->efi_program);
	return verify_chosen(esp, plan, files, ret, err);
}

int systemd_boot_verify_external(const char *root, const char *mount_path, const struct plan *plan,
	const struct boot_files *files, struct boot_entry *ret, struct error *err)
{
	AUTO_FREE struct esp *esp = new_esp(root, mount_path, plan);
	enum efi_program program;
	int r = find_efi_program(esp, &program, err);

	if (r < 0)
		return r;
	if (program == SYSTEMD_BOOT)
		return verify_chosen(esp, plan, files, ret, err);
	if (program == UNIFIED_IMAGE)
		return verify_image(esp, plan, files, err);
	return verify_every(esp, plan, files, err);
}
