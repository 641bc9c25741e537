/* SPDX-License-Identifier: MIT */
#include "guest/etc_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/loop_device.h"
#include "disk/mount.h"
#include "guest/boot_files.h"

#define IMAGE		 "etc-metadata-image"
#define BASEDIR		 "etc-basedir"
#define WANTS		 "etc/systemd/system/sysinit.target.wants/"
#define SCRIPT_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define UPPER_AT	 "/.view-upper" /* on the tmpfs that the overlay then covers */
#define WORK_AT		 "/.view-work"

/* ------------------------------------------------------------------- what there is */

/* fsopen(2) loads the module of a file system, as mount(2) does. */
static int check_file_system(const char *fstype, const char *option, struct error *err)
{
	AUTO_CLOSE int fd = (int)syscall(SYS_fsopen, fstype, 0);

	if (fd >= 0 || errno != ENODEV)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -ENODEV,
		"The guest mounts %s on /etc when it boots (%s), and this installer's kernel has no file system %s: make the ISO with the guest's own kernel, or with one that has it.",
		fstype, option, fstype);
}

int etc_view_check_kernel(const struct manifest *manifest, struct error *err)
{
	int r;

	if (!manifest->etc_overlay && !manifest->accounts.used)
		return 0;
	if (!manifest->etc_overlay)
		return check_file_system("overlay", "accounts that are created at boot", err);
	r = check_file_system("erofs", "system.etc.overlay.enable", err);
	if (r < 0)
		return r;
	return check_file_system("overlay", "system.etc.overlay.enable", err);
}

static bool has_file(const char *root, const char *system, const char *name)
{
	char path[FILE_PATH_BYTES];
	struct error none;

	return boot_files_find(root, system, name, path, &none) == 0;
}

/* Before its first run the activation script tells whether it will mount a writable layer. */
static bool activation_names_upper(const char *root, const char *system)
{
	AUTO_FREE char *text = NULL;
	char path[FILE_PATH_BYTES];
	struct error none;

	return boot_files_find(root, system, "activate", path, &none) == 0 &&
	       file_read(path, SCRIPT_MAX_BYTES, &text, NULL, &none) == 0 &&
	       strstr(text, ETC_VIEW_UPPER);
}

void etc_view_find(const char *root, const char *system, struct manifest *manifest)
{
	char path[FILE_PATH_BYTES];
	struct error none;

	manifest->activation = has_file(root, system, "activate");
	manifest->etc_overlay = has_file(root, system, IMAGE);
	manifest->etc_mutable = file_resolve(root, ETC_VIEW_UPPER, path, &none) == 0 ||
				activation_names_upper(root, system);
	if (has_file(root, system, WANTS "systemd-sysusers.service") ||
		has_file(root, system, WANTS "userborn.service"))
		boot_accounts_assume(&manifest->accounts);
}

/* ------------------------------------------------------------------- the overlay */

/* Mounts the image on a path. The loop device goes away with the mount. */
static int mount_image_file(const char *image, const char *target, struct error *err)
{
	AUTO_CLOSE int fd = open(image, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int device = -1;
	char node[LOOP_NODE_BYTES];
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "open %s", image);
	const struct loop_request request = {
		.fd = fd,
		.name = image,
		.size_bytes = (uint64_t)st.st_size,
		.read_only = true,
	};

	r = loop_device_attach(&request, node, &device, err);
	if (r < 0)
		return r;
	return mount_one(node, target, "erofs", "ro,nodev,nosuid", err);
}

/* The options of the overlay whose lower layer is mounted on <root>/etc already. NixOS has the
 * content as a layer that has nothing else (lowerdir=A::B), which kernels know from 6.5 on; an
 * ordinary layer shows the same files under the same names. */
static int overlay_options(const char *root, const char *basedir, bool has_upper, bool writable,
	char **ret, struct error *err)
{
	char upper[FILE_PATH_BYTES], work[FILE_PATH_BYTES];
	int length;

	file_below(upper, root, ETC_VIEW_UPPER);
	file_below(work, root, "/.rw-etc/work");
	if (writable)
		length = asprintf(ret,
			"nodev,nosuid,redirect_dir=on,metacopy=on,lowerdir=%s/etc:%s,upperdir=%s,workdir=%s",
			root, basedir, upper, work);
	else
		length = asprintf(ret,
			"ro,nodev,nosuid,redirect_dir=on,metacopy=on,lowerdir=%s%s%s/etc:%s",
			has_upper ? upper : "", has_upper ? ":" : "", root, basedir);
	if (length < 0)
		return error_errno(err, -ENOMEM, "mount the guest's /etc");
	return 0;
}

static int make_upper(const char *root, struct error *err)
{
	static const char *const names[] = { "/.rw-etc", ETC_VIEW_UPPER, "/.rw-etc/work" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[FILE_PATH_BYTES];
		int r;

		file_below(path, root, "%s", names[i]);
		r = file_make_folder(path, 0755, 0, 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The image goes on <root>/etc first, so that the overlay above it can name it there and is
 * unmounted before it. */
int etc_view_mount_overlay(const char *root, const char *system, const struct manifest *manifest,
	bool read_only, struct error *err)
{
	char image[FILE_PATH_BYTES], basedir[FILE_PATH_BYTES], upper[FILE_PATH_BYTES];
	char inner[FILE_PATH_BYTES], etc[FILE_PATH_BYTES];
	AUTO_FREE char *options = NULL;
	bool writable = manifest->etc_mutable && !read_only, has_upper;
	struct error none;
	int r = 0;

	if (!manifest->etc_overlay)
		return 0;
	if (writable)
		r = make_upper(root, err);
	if (r < 0)
		return r;
	has_upper = manifest->etc_mutable && file_resolve(root, ETC_VIEW_UPPER, upper, &none) == 0;
	r = boot_files_find(root, system, IMAGE, image, err);
	if (r < 0)
		return r;
	file_below(inner, system, "/" BASEDIR);
	r = file_resolve(root, inner, basedir, err);
	if (r < 0)
		return r;
	r = overlay_options(root, basedir, has_upper, writable, &options, err);
	if (r < 0)
		return r;
	file_below(etc, root, "/etc");
	r = mount_image_file(image, etc, err);
	if (r < 0)
		return r;
	return mount_one("overlay", etc, "overlay", options, err);
}

/* ------------------------------------------------------------------- the accounts */

static int write_accounts(
	const char *folder, const struct boot_accounts *accounts, struct error *err)
{
	static const struct {
		const char *name;
		mode_t mode;
		void (*print)(const struct boot_accounts *accounts, char *ret);
	} files[] = {
		{ "passwd", 0644, boot_accounts_passwd },
		{ "group", 0644, boot_accounts_group },
		{ "shadow", 0, boot_accounts_shadow },
	};
	AUTO_FREE char *text = must_realloc(NULL, BOOT_ACCOUNTS_TEXT_BYTES, 1);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[FILE_PATH_BYTES];
		int r;

		files[i].print(accounts, text);
		file_below(path, folder, "/%s", files[i].name);
		r = file_write(path, text, strlen(text), files[i].mode, 0, 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A tmpfs on /etc holds the accounts, and an overlay above it shows them together with the /etc
 * that the tmpfs has covered, which is named by its descriptor. */
static int mount_accounts(const char *etc, const struct boot_accounts *accounts, struct error *err)
{
	AUTO_CLOSE int covered = open(etc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char upper[FILE_PATH_BYTES], work[FILE_PATH_BYTES];
	AUTO_FREE char *options = NULL;
	int r;

	if (covered < 0)
		return error_errno(err, -errno, "open %s", etc);
	r = mount_one("tmpfs", etc, "tmpfs", "mode=0755,nosuid,nodev", err);
	if (r < 0)
		return r;
	file_below(upper, etc, UPPER_AT);
	file_below(work, etc, WORK_AT);
	r = file_make_folder(upper, 0755, 0, 0, err);
	if (r < 0)
		return r;
	r = file_make_folder(work, 0755, 0, 0, err);
	if (r < 0)
		return r;
	r = write_accounts(upper, accounts, err);
	if (r < 0)
		return r;
	if (asprintf(&options, "nodev,nosuid,lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s",
		    covered, upper, work) < 0)
		return error_errno(err, -ENOMEM, "mount the guest's accounts");
	return mount_one("overlay", etc, "overlay", options, err);
}

int etc_view_mount(const char *root, const char *system, const struct manifest *manifest,
	bool *ret_shown, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct error none;
	int r = etc_view_mount_overlay(root, system, manifest, true, err);

	*ret_shown = false;
	if (r < 0)
		return r;
	if (!manifest->accounts.used || file_resolve(root, "/etc/passwd", path, &none) == 0)
		return 0;
	file_below(path, root, "/etc");
	*ret_shown = true;
	return mount_accounts(path, &manifest->accounts, err);
}
