/* SPDX-License-Identifier: MIT */
#include "verify_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "disk/mount.h"
#include "guest/etc_view.h"
#include "guest/nixos.h"
#include "verify/boot_loader.h"
#include "verify/installed_disk.h"
#include "verify/verify.h"

#define KEYS_MAX_BYTES (1024 * 1024)
#define KEYS_USER      "root"

/* Nothing is read yet, so nothing is wrong with a guest: the path is. */
static int check_readable(const char *path, struct error *err)
{
	if (access(path, R_OK) == 0)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -errno,
		"%s cannot be read (%s): name the disk or the image file of a guest.", path,
		strerror(errno));
}

/* A setting without a use here was meant to change the verdict, such as one with a typing error. */
static int check_options(const struct options *options, struct error *err)
{
	if (options->config_given)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The command verify reads no configuration: leave --config out, and name the user whose keys are checked by --set keys-user=NAME.");
	for (size_t i = 0; i < options->set_count; i++) {
		const char *set = options->set[i];

		if (!text_starts_with(set, "keys-user=") && !text_starts_with(set, "boot-disk="))
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"The command verify has no use for the setting \"%.64s\": it takes keys-user and boot-disk.",
				set);
	}
	return 0;
}

int verify_command_check(const struct options *options, struct error *err)
{
	const char *boot_disk = options_find_set(options, "boot-disk");
	int r = check_options(options, err);

	if (r < 0)
		return r;
	r = check_readable(options->operand, err);
	if (r < 0 || !boot_disk)
		return r;
	return check_readable(boot_disk, err);
}

/* The keys that are there; *ret stays NULL if the user has no such file. */
static int read_keys(const char *root, const char *user, char **ret, struct error *err)
{
	char home[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	struct nixos_user owner;
	int r = nixos_find_user(root, user, &owner, err);

	if (r < 0)
		return r;
	r = file_resolve(root, owner.home, home, err);
	if (r < 0)
		return r;
	file_below(path, home, "/.ssh/authorized_keys");
	r = file_read(path, KEYS_MAX_BYTES, ret, NULL, err);
	return r == -ENOENT ? 0 : r;
}

static void print_verified(const struct plan *plan, const struct verified *verified)
{
	printf("system: %s\n", plan->system);
	printf("layout: %s\n", layout_name(plan->layout));
	printf("kernel: %s\n", verified->boot.kernel);
	printf("initrd: %s\n", verified->boot.initrd);
	printf("command line: %s\n", verified->boot.command_line);
	printf("store paths: %zu\n", verified->size.paths);
	for (size_t i = 0; i < verified->host_keys.count; i++)
		printf("host key: %s\n", verified->host_keys.keys[i].fingerprint);
}

/* Everything between mounting and unmounting. */
static int verify_mounted(const struct options *options, const char *root, struct plan *plan,
	const uint8_t *first_sector, struct error *err)
{
	static struct manifest manifest;
	static struct verified verified;
	AUTO_CLOSE int fd = open(plan->disk_path, O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *keys = NULL;
	const char *user = options_find_set(options, "keys-user");
	struct nixos_user owner;
	bool shown;
	int r = installed_disk_mount(plan, root, err);

	snprintf(plan->keys_user, sizeof(plan->keys_user), "%s", user ? user : KEYS_USER);
	if (r < 0)
		return r;
	manifest_assume(plan->system, plan->layout, &manifest);
	etc_view_find(root, plan->system, &manifest);
	r = etc_view_mount(root, plan->system, &manifest, &shown, err);
	if (r < 0)
		return r;
	/* Host keys are made after the accounts. */
	if (shown)
		plan->host_keys = HOST_KEYS_NONE;
	if (manifest.accounts.used && nixos_find_user(root, plan->keys_user, &owner, err) < 0)
		return error_set(err, -ENOENT,
			"The guest creates its accounts at its first boot, and %s is not known before: start it once, or verify it for root.",
			plan->keys_user);
	r = read_keys(root, plan->keys_user, &keys, err);
	if (r < 0)
		return r;
	if (fd < 0)
		return error_errno(err, -errno, "open %s", plan->disk_path);
	boot_loader_find(root, plan, first_sector, &manifest);
	const struct verify_request request = {
		.plan = plan,
		.manifest = &manifest,
		.root = root,
		.disk_fd = fd,
		.first_sector = first_sector,
		.ssh_keys_text = keys,
	};

	r = verify_all(&request, &verified, err);
	if (r < 0)
		return r;
	print_verified(plan, &verified);
	if (!keys)
		printf("warning: %s has no authorized_keys; keys that the configuration gives are not checked\n",
			plan->keys_user);
	return 0;
}

int verify_command_run(const struct options *options, const char *root)
{
	static struct plan plan;
	uint8_t first_sector[BOOT_SECTOR_BYTES];
	struct error err = { 0 }, second;
	int r = installed_disk_read(options->operand, options_find_set(options, "boot-disk"), &plan,
		first_sector, &err);

	if (r == 0) {
		r = verify_mounted(options, root, &plan, first_sector, &err);
		if (mount_detach_below(root, &second) < 0 && r == 0) {
			err = second;
			r = -EBUSY;
		}
	}
	if (r == 0)
		return EXIT_INSTALLED;
	fprintf(stderr, "guest-installer: %s\n", err.text);
	return err.code ? err.code : EXIT_VERIFY;
}
