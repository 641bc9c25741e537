/* SPDX-License-Identifier: MIT */
#include "verify/boot_loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "init/machine.h"
#include "verify/boot_options.h"
#include "verify/efi_program.h"
#include "verify/grub_cfg.h"
#include "verify/grub_disk.h"
#include "verify/host_boot.h"
#include "verify/pygrub_disk.h"
#include "verify/systemd_boot.h"

#define TEXT_MAX_BYTES (4 * 1024 * 1024)
#define GRUB_FOLDER    "/boot/grub"

_Static_assert(GRUB_INITRDS_MAX <= BOOT_ENTRY_INITRDS_MAX, "an entry of GRUB fits");

/* GRUB compares UUIDs in any case, and labels as they are (search.c, compare_fn). */
static const struct plan_partition *find_file_system(
	const struct plan *plan, const struct grub_file *file)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		const struct plan_partition *p = &plan->partitions[i];
		int order = file->search == GRUB_UUID ? strcasecmp(p->fs_uuid, file->device)
						      : strcmp(p->fs_label, file->device);

		if (p->fs != FS_NONE && order == 0)
			return p;
	}
	return NULL;
}

/* The file system that holds /boot: one of its own, or the root. */
static const struct plan_partition *boot_partition(const struct plan *plan)
{
	for (size_t i = 0; i < plan->partition_count; i++)
		if (strcmp(plan->partitions[i].mount_path, "/boot") == 0)
			return &plan->partitions[i];
	return &plan->partitions[plan->root];
}

/* The path below the mounted target of a file as GRUB names it. */
static int locate(const struct verify_request *request, const struct grub_file *file,
	char ret[FILE_PATH_BYTES], struct error *err)
{
	const struct plan_partition *partition = file->search == GRUB_PREFIX
							 ? boot_partition(request->plan)
							 : find_file_system(request->plan, file);
	char inner[1024];

	if (!partition)
		return error_set(err, -EBADMSG,
			"grub.cfg looks for %s on a file system %s that this disk does not have.",
			file->path, file->device);
	snprintf(inner, sizeof(inner), "%s%s",
		strcmp(partition->mount_path, "/") == 0 ? "" : partition->mount_path, file->path);
	return file_resolve(request->root, inner, ret, err);
}

static int compare_grub_file(const struct verify_request *request, const struct grub_file *file,
	const char *store_file, struct error *err)
{
	char booted[FILE_PATH_BYTES], stored[FILE_PATH_BYTES];
	int r = locate(request, file, booted, err);

	if (r < 0)
		return r;
	file_below(stored, request->root, "%s", store_file);
	return file_compare(booted, stored, err);
}

/* One of the entry's initrds is the system's. The others (secrets, microcode) exist and are not
 * empty. A system without an initrd needs none. */
static int compare_initrds(const struct verify_request *request, const struct grub_entry *entry,
	const char *store_file, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct error mismatch = { .text = "the entry has no initrd" };
	bool same = !store_file[0];

	for (size_t i = 0; i < entry->initrd_count; i++) {
		struct stat st;
		int r = locate(request, &entry->initrds[i], path, err);

		if (r < 0)
			return r;
		if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
			return error_set(err, -EBADMSG,
				"The initrd %s of the default entry is empty or not a file.", path);
		if (!same &&
			compare_grub_file(request, &entry->initrds[i], store_file, &mismatch) == 0)
			same = true;
	}
	if (!same)
		return error_set(err, -EBADMSG, "grub.cfg line %u, entry \"%s\": %s", entry->line,
			entry->title, mismatch.text);
	return 0;
}

static int verify_grub_entry(const struct verify_request *request, const struct boot_files *files,
	const struct grub_entry *entry, struct error *err)
{
	char where[320];
	int r;

	snprintf(where, sizeof(where), "grub.cfg line %u: the default entry \"%s\"", entry->line,
		entry->title);
	r = boot_options_check(where, entry->command_line, request->plan, err);
	if (r < 0)
		return r;
	r = compare_grub_file(request, &entry->kernel, files->kernel, err);
	if (r < 0)
		return r;
	return compare_initrds(request, entry, files->initrd, err);
}

static int grub_boot_entry(const struct verify_request *request, const struct grub_entry *entry,
	struct boot_entry *ret, struct error *err)
{
	int r = locate(request, &entry->kernel, ret->kernel, err);

	for (size_t i = 0; r == 0 && i < entry->initrd_count; i++)
		r = locate(request, &entry->initrds[i], ret->initrds[i], err);
	if (r < 0)
		return r;
	ret->initrd_count = entry->initrd_count;
	snprintf(ret->command_line, sizeof(ret->command_line), "%s", entry->command_line);
	ret->known = true;
	return 0;
}

/* Reads a file of GRUB's folder; *ret stays NULL if there is none. */
static int read_grub_text(const struct verify_request *request, const char *name, bool needed,
	char **ret, struct error *err)
{
	char inner[64], path[FILE_PATH_BYTES];
	int r;

	snprintf(inner, sizeof(inner), GRUB_FOLDER "/%s", name);
	r = file_resolve(request->root, inner, path, err);
	if (r == -ENOENT && !needed)
		return 0;
	if (r < 0)
		return r;
	return file_read(path, TEXT_MAX_BYTES, ret, NULL, err);
}

/* The menu is read once for each firmware that the guest boots by, because a menu may ask which one
 * it is. */
static int verify_grub_menu(const struct verify_request *request, const struct boot_files *files,
	struct boot_entry *ret, struct error *err)
{
	const struct {
		enum firmware firmware;
		const char *platform, *cpu;
	} ways[] = {
		{ FIRMWARE_BIOS, "pc", "i386" },
		{ FIRMWARE_UEFI, "efi", request->plan->architecture->grub_cpu },
	};
	AUTO_FREE struct grub_entry *entry = must_realloc(NULL, 1, sizeof(*entry));
	AUTO_FREE char *text = NULL, *environment = NULL;
	int r = read_grub_text(request, "grub.cfg", true, &text, err);

	if (r < 0)
		return r;
	r = read_grub_text(request, "grubenv", false, &environment, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct grub_cfg_settings settings = {
			.platform = ways[i].platform,
			.cpu = ways[i].cpu,
			.environment = environment,
		};

		if (!(request->manifest->firmware & ways[i].firmware))
			continue;
		r = grub_cfg_default(text, &settings, entry, err);
		if (r < 0)
			return r;
		r = verify_grub_entry(request, files, entry, err);
		if (r < 0)
			return r;
		if (!ret->known || machine_firmware() == ways[i].firmware)
			r = grub_boot_entry(request, entry, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int verify_grub(const struct verify_request *request, const struct boot_files *files,
	struct boot_entry *ret, struct error *err)
{
	char folder[FILE_PATH_BYTES];
	int r = verify_grub_menu(request, files, ret, err);

	if (r < 0 || !(request->manifest->firmware & FIRMWARE_BIOS))
		return r;
	r = file_resolve(request->root, GRUB_FOLDER "/i386-pc", folder, err);
	if (r < 0)
		return r;
	return grub_disk_verify(request->disk_fd, request->first_sector, folder, err);
}

/* The program at the removable-media path (UEFI 2.10, 3.5.1.1). */
static int verify_efi_program(
	const struct verify_request *request, const char *esp, struct error *err)
{
	const struct architecture *architecture = request->plan->architecture;
	char inner[512];
	int r;

	snprintf(inner, sizeof(inner), "%s%s", esp, architecture->efi_program);
	r = efi_program_check(request->root, inner, architecture, err);
	if (r == -ENOENT)
		return error_set(err, r,
			"The guest has no file %s, so UEFI cannot start it: let its boot loader install "
			"itself under this name (for GRUB, efiInstallAsRemovable).",
			inner);
	return r;
}

void boot_loader_find(const char *root, const struct plan *plan, const uint8_t *first_sector,
	struct manifest *manifest)
{
	char path[FILE_PATH_BYTES];
	struct error none;
	bool grub, by_bios;

	if (plan->layout != LAYOUT_GPT)
		return;
	grub = file_resolve(root, GRUB_FOLDER, path, &none) == 0;
	by_bios = grub && !plan->architecture->no_bios &&
		  (file_resolve(root, GRUB_FOLDER "/i386-pc", path, &none) == 0 ||
			  grub_disk_has_boot_code(first_sector));
	snprintf(manifest->boot_loader, sizeof(manifest->boot_loader), "%s",
		grub ? "grub" : "external");
	manifest->firmware = FIRMWARE_UEFI | (by_bios ? FIRMWARE_BIOS : 0);
}

/* What an EFI system partition needs beside a menu of GRUB, if that is the boot loader. */
static int verify_esp(const struct verify_request *request, const char *esp,
	const struct boot_files *files, struct boot_entry *ret, struct error *err)
{
	const char *boot_loader = request->manifest->boot_loader;
	int r = verify_efi_program(request, esp, err);

	if (r < 0)
		return r;
	if (strcmp(boot_loader, "systemd-boot") == 0)
		return systemd_boot_verify(request->root, esp, request->plan, files, ret, err);
	if (strcmp(boot_loader, "external") == 0)
		return systemd_boot_verify_external(
			request->root, esp, request->plan, files, ret, err);
	return 0;
}

int boot_loader_verify(const struct verify_request *request, const struct boot_files *files,
	struct boot_entry *ret, struct error *err)
{
	const struct plan *plan = request->plan;
	int r = 0;

	*ret = (struct boot_entry){ .known = false };
	if (plan->layout == LAYOUT_PYGRUB)
		return pygrub_disk_verify(request->root, plan, files, ret, err);
	if (plan->layout == LAYOUT_DIRECT)
		return host_boot_verify(request->root, plan, files, ret, err);
	if (strcmp(request->manifest->boot_loader, "grub") == 0)
		r = verify_grub(request, files, ret, err);
	for (size_t i = 0; r == 0 && i < plan->partition_count; i++)
		if (plan->partitions[i].role == ROLE_ESP)
			r = verify_esp(request, plan->partitions[i].mount_path, files, ret, err);
	return r;
}
