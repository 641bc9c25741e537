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
#include "base/log.h"
#include "disk/mount.h"
#include "guest/login_check.h"
#include "guest/nixos.h"
#include "verify/boot_loader.h"
#include "verify/fstab.h"
#include "verify/initrd_drivers.h"

#define TEXT_MAX_BYTES (4 * 1024 * 1024)

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
		return database_verify_present(request->root, request->plan->system,
			database_path_exists, (void *)request->root, ret, err);
	ret->nar_bytes = request->closure->nar_bytes;
	ret->paths = request->closure->count;
	for (size_t i = 0; i < request->closure->count; i++) {
		file_below(path, request->root, "%s", request->closure->paths[i].info.store_path);
		if (lstat(path, &st) < 0)
			return error_errno(err, -errno, "read back %s", path);
	}
	return database_verify(request->root, request->closure, err);
}

/* What the lines of an fstab are checked against. */
struct fstab_check {
	const struct plan *plan;
	const char *keys_path; /* inside the guest; NULL for none */
};

static int check_fstab_line(const char *device, const char *path, const char *options,
	void *userdata, struct error *err)
{
	const struct fstab_check *check = userdata;
	const struct fstab_line line = { .device = device, .path = path, .options = options };
	bool elsewhere;
	int r = fstab_check_line(&line, check->plan, check->keys_path, &elsewhere, err);

	if (r < 0)
		return r;
	if (elsewhere)
		log_line(
			"warning: the guest needs %s for %s, which is not on this disk: attach it, or set nofail",
			device, path);
	return 0;
}

/* The user that keys are for, and the path of its home in the target, with links resolved. */
static int find_keys_home(const struct verify_request *request, struct nixos_user *ret_owner,
	char ret_home[FILE_PATH_BYTES], struct error *err)
{
	int r = nixos_find_user(request->root, request->plan->keys_user, ret_owner, err);

	if (r < 0)
		return r;
	return file_resolve(request->root, ret_owner->home, ret_home, err);
}

/* The authorized_keys of keys-user inside the guest, with links resolved. */
static int find_keys_path(
	const struct verify_request *request, char ret[FILE_PATH_BYTES], struct error *err)
{
	char home[FILE_PATH_BYTES];
	struct nixos_user owner;
	int r = find_keys_home(request, &owner, home, err);

	if (r < 0)
		return r;
	file_below(ret, home + strlen(request->root), "/.ssh/authorized_keys");
	return 0;
}

int verify_mounts(const struct verify_request *request, struct error *err)
{
	struct fstab_check check = { .plan = request->plan };
	char path[FILE_PATH_BYTES], keys_path[FILE_PATH_BYTES];
	AUTO_FREE char *text = NULL;
	int r = boot_files_find(request->root, request->plan->system, "etc/fstab", path, err);

	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	if (request->ssh_keys_text) {
		r = find_keys_path(request, keys_path, err);
		check.keys_path = keys_path;
	}
	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	return mount_read_fstab(text, check_fstab_line, &check, err);
}

/* The kernel's own limit, behind which it drops words without a message. */
static void warn_about_length(const struct boot_files *files, const struct plan *plan)
{
	if (strlen(files->command_line) >= plan->architecture->command_line_bytes)
		log_line(
			"warning: the kernel's command line has %zu bytes; kernels for %s cut it at %u",
			strlen(files->command_line), plan->architecture->name,
			plan->architecture->command_line_bytes - 1);
}

static int verify_architecture(const struct verify_request *request, struct error *err)
{
	const struct architecture *planned = request->plan->architecture, *found;
	int r = boot_files_architecture(request->root, request->plan->system, &found, err);

	if (r < 0 || found == planned)
		return r;
	return error_set(err, -EBADMSG,
		"The system %s is made for %s, but its manifest says %s: make the manifest again.",
		request->plan->system, found->name, planned->name);
}

static int verify_profile(const struct verify_request *request, struct error *err)
{
	char resolved[FILE_PATH_BYTES], system[FILE_PATH_BYTES];
	struct stat st;
	int r = file_resolve(request->root, "/nix/var/nix/profiles/system", resolved, err);

	if (r < 0)
		return r;
	file_below(system, request->root, "%s", request->plan->system);
	if (strcmp(resolved, system) != 0)
		return error_set(err, -EBADMSG, "The system profile leads to %s instead of %s.",
			resolved, system);
	r = boot_files_find(request->root, request->plan->system, "init", resolved, err);
	if (r < 0)
		return r;
	if (stat(resolved, &st) < 0)
		return error_errno(err, -errno, "look at %s", resolved);
	if (!(st.st_mode & S_IXUSR))
		return error_set(err, -EBADMSG, "%s is not executable.", resolved);
	return 0;
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
	int r = find_keys_home(request, &owner, home, err);

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

static int verify_ssh(const struct verify_request *request, unsigned *ret_port, struct error *err)
{
	const struct login_request login = {
		.root = request->root,
		.system = request->plan->system,
		.user = request->plan->keys_user,
		.keys_text = request->ssh_keys_text,
	};

	return login_check(&login, ret_port, err);
}

static int check_boot(const struct verify_request *request, struct verified *ret, struct error *err)
{
	int r = verify_profile(request, err);

	if (r < 0)
		return r;
	r = verify_architecture(request, err);
	if (r < 0)
		return r;
	r = boot_files_read(request->root, request->plan->system, &ret->boot, err);
	if (r < 0)
		return r;
	warn_about_length(&ret->boot, request->plan);
	r = request->drivers ? initrd_drivers_verify(request->root, request->plan->system,
				       request->manifest->initrd_modules, request->drivers, err)
			     : 0;
	if (r < 0)
		return r;
	return boot_loader_verify(request, &ret->boot, &ret->entry, err);
}

int verify_boot(const struct verify_request *request, struct verified *ret, struct error *err)
{
	int r = check_boot(request, ret, err);

	return r < 0 ? failed(err, r) : 0;
}

int verify_all(const struct verify_request *request, struct verified *ret, struct error *err)
{
	int r = verify_paths(request, &ret->size, err);

	ret->ssh_port = 0;
	if (r == 0)
		r = verify_mounts(request, err);
	if (r == 0)
		r = check_boot(request, ret, err);
	if (r == 0 && request->ssh_keys_text)
		r = verify_keys(request, err);
	if (r == 0 && request->ssh_keys_text)
		r = verify_ssh(request, &ret->ssh_port, err);
	if (r == 0)
		r = host_keys_verify(request->root, request->plan->system, request->plan->host_keys,
			request->given_host_keys, &ret->host_keys, err);
	return r < 0 ? failed(err, r) : 0;
}
