/* SPDX-License-Identifier: MIT */
#include "verify/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest/nixos.h"
#include "guest/sshd_config.h"
#include "verify/fstab.h"
#include "verify/grub_cfg.h"
#include "verify/grub_disk.h"
#include "verify/pygrub_disk.h"

#define TEXT_MAX_BYTES (4 * 1024 * 1024)
#define GROUPS_BYTES   4096 /* the names of all groups of a user */

/* Turns whatever was found into EXIT_VERIFY. */
static int failed(struct error *err, int r)
{
	err->code = EXIT_VERIFY;
	return r;
}

static int verify_paths(
	const struct verify_request *request, struct database_size *ret, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct stat st;

	if (!request->closure)
		return database_verify_present(request->root, request->plan->system, ret, err);
	ret->nar_bytes = request->closure->nar_bytes;
	ret->paths = request->closure->count;
	for (size_t i = 0; i < request->closure->count; i++) {
		file_below(path, request->root, "%s", request->closure->paths[i].info.store_path);
		if (lstat(path, &st) < 0)
			return error_errno(err, -errno, "read back %s", path);
	}
	return database_verify(request->root, request->closure, err);
}

/* Of a closure that was copied the manifest has said what it mounts. */
static int verify_mounts(const struct verify_request *request, struct error *err)
{
	AUTO_FREE char *text = NULL;
	char path[FILE_PATH_BYTES];
	struct error none;
	int r;

	if (request->closure ||
		boot_files_find(request->root, request->plan->system, "etc/fstab", path, &none) < 0)
		return 0;
	r = file_read(path, TEXT_MAX_BYTES, &text, NULL, err);
	return r < 0 ? r : fstab_check(text, request->plan, err);
}

static int verify_profile(const struct verify_request *request, struct error *err)
{
	char resolved[FILE_PATH_BYTES], system[FILE_PATH_BYTES];
	int r = file_resolve(request->root, "/nix/var/nix/profiles/system", resolved, err);

	if (r < 0)
		return r;
	file_below(system, request->root, "%s", request->plan->system);
	if (strcmp(resolved, system) != 0)
		return error_set(err, -EBADMSG, "The system profile leads to %s instead of %s.",
			resolved, system);
	return boot_files_find(request->root, request->plan->system, "init", resolved, err);
}

static const struct plan_partition *find_file_system(
	const struct plan *plan, const struct grub_file *file)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		const struct plan_partition *p = &plan->partitions[i];
		const char *name = file->search == GRUB_UUID ? p->fs_uuid : p->fs_label;

		if (p->fs != FS_NONE && strcasecmp(name, file->device) == 0)
			return p;
	}
	return NULL;
}

/* Where the planned partitions put /boot: a mount of its own, or the root. */
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

static int compare_with_store(const struct verify_request *request, const struct grub_file *file,
	const char *store_file, struct error *err)
{
	char booted[FILE_PATH_BYTES], stored[FILE_PATH_BYTES];
	int r = locate(request, file, booted, err);

	if (r < 0)
		return r;
	file_below(stored, request->root, "%s", store_file);
	return file_compare(booted, stored, err);
}

/* One of the entry's initrds is the system's; the others (secrets, microcode) must be there. */
static int compare_initrds(const struct verify_request *request, const struct grub_entry *entry,
	const char *store_file, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct error mismatch = { .text = "the entry has no initrd" };
	bool same = false;

	for (size_t i = 0; i < entry->initrd_count; i++) {
		int r = locate(request, &entry->initrds[i], path, err);

		if (r < 0)
			return r;
		if (compare_with_store(request, &entry->initrds[i], store_file, &mismatch) == 0)
			same = true;
	}
	if (!same)
		return error_set(err, -EBADMSG, "%s", mismatch.text);
	return 0;
}

static int verify_grub_entry(
	const struct verify_request *request, const struct boot_files *files, struct error *err)
{
	char path[FILE_PATH_BYTES], init[300];
	AUTO_FREE char *text = NULL;
	struct grub_entry entry;
	int r = file_resolve(request->root, "/boot/grub/grub.cfg", path, err);

	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	r = grub_cfg_default(text, &entry, err);
	if (r < 0)
		return r;
	snprintf(init, sizeof(init), "init=%s/init", request->plan->system);
	if (!strstr(entry.command_line, init))
		return error_set(err, -EBADMSG,
			"grub.cfg's default entry \"%s\" does not start the system: %s is not in "
			"its "
			"command line.",
			entry.title, init);
	r = compare_with_store(request, &entry.kernel, files->kernel, err);
	if (r < 0)
		return r;
	return compare_initrds(request, &entry, files->initrd, err);
}

/* A PE image (Microsoft PE format, "MS-DOS stub") at the removable-media path (UEFI 2.10, 3.5.1.1).
 */
static int verify_efi(const struct verify_request *request, const char *esp, struct error *err)
{
	char inner[512], path[FILE_PATH_BYTES];
	AUTO_FREE char *image = NULL;
	size_t size_bytes;
	int r;

	snprintf(inner, sizeof(inner), "%s/EFI/BOOT/BOOTX64.EFI", esp);
	r = file_resolve(request->root, inner, path, err);
	if (r < 0)
		return r;
	r = file_read(path, 64 * 1024 * 1024, &image, &size_bytes, err);
	if (r < 0)
		return r;
	if (size_bytes < 1024 || memcmp(image, "MZ", 2) != 0)
		return error_set(err, -EBADMSG, "%s is not an EFI program.", path);
	return 0;
}

static int verify_boot_loader(
	const struct verify_request *request, const struct boot_files *files, struct error *err)
{
	const struct plan *plan = request->plan;
	char folder[FILE_PATH_BYTES];
	int r = 0;

	if (plan->layout == LAYOUT_PYGRUB)
		return pygrub_disk_verify(request->root, plan->system, files, err);
	/* The host has the kernel; a menu that the guest may write is nobody's. */
	if (plan->layout == LAYOUT_DIRECT)
		return 0;
	if (strcmp(request->manifest->boot_loader, "grub") == 0) {
		r = verify_grub_entry(request, files, err);
		if (r < 0)
			return r;
		r = file_resolve(request->root, "/boot/grub/i386-pc", folder, err);
		if (r < 0)
			return r;
		r = grub_disk_verify(request->disk_fd, request->first_sector, folder, err);
	}
	for (size_t i = 0; r == 0 && i < plan->partition_count; i++)
		if (plan->partitions[i].role == ROLE_ESP)
			r = verify_efi(request, plan->partitions[i].mount_path, err);
	return r;
}

static int check_owner(
	const char *path, mode_t mode, const struct nixos_user *owner, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return error_errno(err, -errno, "read back %s", path);
	if (st.st_mode != mode || st.st_uid != owner->uid || st.st_gid != owner->gid)
		return error_set(err, -EBADMSG,
			"%s has mode %o and owner %u:%u instead of %o and %u:%u.", path, st.st_mode,
			st.st_uid, st.st_gid, mode, owner->uid, owner->gid);
	return 0;
}

static int verify_keys(const struct verify_request *request, struct error *err)
{
	char home[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	AUTO_FREE char *text = NULL;
	struct nixos_user owner;
	int r = nixos_find_user(request->root, request->plan->keys_user, &owner, err);

	if (r < 0)
		return r;
	r = file_resolve(request->root, owner.home, home, err);
	if (r < 0)
		return r;
	file_below(path, home, "/.ssh");
	r = check_owner(path, S_IFDIR | 0700, &owner, err);
	if (r < 0)
		return r;
	file_below(path, home, "/.ssh/authorized_keys");
	r = check_owner(path, S_IFREG | 0600, &owner, err);
	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	if (strcmp(text, request->ssh_keys_text) != 0)
		return error_set(err, -EBADMSG, "%s does not hold the keys that were given.", path);
	return 0;
}

/* Whether others than the owner and root may write in the home (OpenSSH, misc.c,
 * safe_path_fd). */
static bool is_open(const char *root, const struct nixos_user *owner)
{
	char home[FILE_PATH_BYTES];
	struct error none;
	struct stat st;

	return file_resolve(root, owner->home, home, &none) < 0 || lstat(home, &st) < 0 ||
	       (st.st_uid != 0 && st.st_uid != owner->uid) || (st.st_mode & (S_IWGRP | S_IWOTH));
}

static int verify_ssh(const struct verify_request *request, struct error *err)
{
	static const char *const units[] = {
		"etc/systemd/system/multi-user.target.wants/sshd.service",
		"etc/systemd/system/sockets.target.wants/sshd.socket",
	};
	const char *user = request->plan->keys_user;
	char path[FILE_PATH_BYTES], groups[GROUPS_BYTES];
	AUTO_FREE char *text = NULL;
	struct nixos_user owner;
	int r;

	if (boot_files_find(request->root, request->plan->system, units[0], path, err) < 0 &&
		boot_files_find(request->root, request->plan->system, units[1], path, err) < 0)
		return error_set(err, -ENOENT,
			"The guest starts no SSH server: neither sshd.service nor sshd.socket is "
			"wanted by its systemd targets.");
	r = boot_files_find(request->root, request->plan->system, "etc/ssh/sshd_config", path, err);
	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	r = nixos_find_user(request->root, user, &owner, err);
	if (r < 0)
		return r;
	nixos_find_groups(request->root, user, &owner, groups, sizeof(groups));
	const struct sshd_login login = {
		.user = user,
		.home = owner.home,
		.groups = groups,
		.shell = owner.shell,
		.open_home = is_open(request->root, &owner),
	};

	return sshd_config_check(text, &login, err);
}

static int verify_boot(
	const struct verify_request *request, struct boot_files *ret, struct error *err)
{
	int r = verify_profile(request, err);

	if (r < 0)
		return r;
	r = boot_files_read(request->root, request->plan->system, ret, err);
	if (r < 0)
		return r;
	return verify_boot_loader(request, ret, err);
}

int verify_all(const struct verify_request *request, struct verified *ret, struct error *err)
{
	int r = verify_paths(request, &ret->size, err);

	if (r == 0)
		r = verify_mounts(request, err);
	if (r == 0)
		r = verify_boot(request, &ret->boot, err);
	if (r == 0 && request->ssh_keys_text)
		r = verify_keys(request, err);
	if (r == 0 && request->ssh_keys_text)
		r = verify_ssh(request, err);
	if (r == 0)
		r = host_keys_verify(request->root, request->plan->system, request->plan->host_keys,
			&ret->host_keys, err);
	return r < 0 ? failed(err, r) : 0;
}
