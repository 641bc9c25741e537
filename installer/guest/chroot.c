/* SPDX-License-Identifier: MIT */
#include "guest/chroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "disk/mount.h"

#define OUTPUT_MAX_BYTES ((size_t)256 * 1024)
#define LINE_BYTES	 512

/* What nixos-enter mounts below the target; but nothing of the firmware is to be seen there. A boot
 * loader that finds EFI variables writes its entry into them. The guest does not need it, because
 * it boots by the removable-media path. A fault of the variables would fail the install, and for an
 * image file they are the variables of another machine. */
static const struct {
	const char *source, *path, *fstype;
	unsigned long flags;
	const char *options;
} inner_mounts[] = {
	{ "/dev", "/dev", NULL, MS_BIND | MS_REC, NULL },
	{ "/sys", "/sys", NULL, MS_BIND | MS_REC, NULL },
	{ "tmpfs", "/sys/firmware", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		"mode=0555" },
	{ "proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755" },
};

static int mount_inner(const char *root, struct error *err)
{
	for (size_t i = 0; i < sizeof(inner_mounts) / sizeof(inner_mounts[0]); i++) {
		char target[FILE_PATH_BYTES];

		file_below(target, root, "%s", inner_mounts[i].path);
		if (mount(inner_mounts[i].source, target, inner_mounts[i].fstype,
			    inner_mounts[i].flags, inner_mounts[i].options) < 0)
			return error_errno_host(
				err, -errno, "mount %s on %s", inner_mounts[i].source, target);
	}
	return 0;
}

static int make_mount_point(const char *path, struct error *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno_host(err, -errno, "make the mount point %s", path);
	return 0;
}

/* The root also under the path that it has outside: a system that was evaluated there may name
 * files of its configuration so, as boot.initrd.secrets does (nixos-install sees to it, too). Only
 * below /run, where the folders that are made for it go with all the rest. */
static int mount_itself(const char *root, struct error *err)
{
	char target[FILE_PATH_BYTES];
	int r = 0;

	if (!text_starts_with(root, "/run/"))
		return 0;
	file_below(target, root, "%s", root);
	for (char *end = strchr(target + strlen(root) + strlen("/run/"), '/'); end && r == 0;
		end = strchr(end + 1, '/')) {
		*end = '\0';
		r = make_mount_point(target, err);
		*end = '/';
	}
	if (r < 0)
		return r;
	r = make_mount_point(target, err);
	if (r < 0)
		return r;
	if (mount(root, target, NULL, MS_BIND, NULL) < 0)
		return error_errno_host(err, -errno, "mount %s on %s", root, target);
	return 0;
}

static int open_place(const char *path, int flags, int *ret_fd, struct error *err)
{
	*ret_fd = open(path, flags | O_CLOEXEC);
	return *ret_fd < 0 ? error_errno(err, -errno, "open %s", path) : 0;
}

static int keep_place(struct chroot_session *session, struct error *err)
{
	int r = open_place("/proc/self/ns/mnt", O_RDONLY, &session->old_ns, err);

	if (r < 0)
		return r;
	r = open_place("/", O_PATH | O_DIRECTORY, &session->top, err);
	if (r < 0)
		return r;
	return open_place(".", O_PATH | O_DIRECTORY, &session->old_cwd, err);
}

static void forget_place(struct chroot_session *session)
{
	cleanup_close(&session->old_ns);
	cleanup_close(&session->top);
	cleanup_close(&session->old_cwd);
}

int chroot_enter(
	const char *root, const char *system, struct chroot_session *ret, struct error *err)
{
	int r;

	*ret = (struct chroot_session){ .old_ns = -1, .top = -1, .old_cwd = -1 };
	snprintf(ret->root, sizeof(ret->root), "%s", root);
	snprintf(ret->path, sizeof(ret->path), "PATH=%s/sw/bin:%s/sw/sbin", system, system);
	r = keep_place(ret, err);
	if (r < 0) {
		forget_place(ret);
		return r;
	}
	r = mount_isolate(err);
	if (r == 0)
		r = mount_inner(root, err);
	if (r == 0)
		r = mount_itself(root, err);
	if (r < 0) {
		struct error ignored;

		(void)!chroot_leave(ret, &ignored);
	}
	return r;
}

/* Keeps the first line of output, which tells more than the last one when a program reads a
 * configuration. */
static void keep_first_line(const char *line, void *first)
{
	if (*(char *)first == '\0')
		snprintf(first, LINE_BYTES, "%s", line);
}

/* output_fd: where standard output goes; -1: to the log. */
static int run_inside(const struct chroot_session *session, const char *const *argv,
	bool install_boot_loader, int output_fd, char *first_line, struct error *err)
{
	const char *const environment[] = {
		session->path,
		"HOME=/root",
		"LANG=C.UTF-8",
		"IN_NIXOS_ENTER=1",
		install_boot_loader ? "NIXOS_INSTALL_BOOTLOADER=1" : NULL,
		NULL,
	};
	const struct process child = { .argv = argv,
		.environment = environment,
		.root = session->root,
		.output_fd = output_fd,
		.watch = first_line ? keep_first_line : NULL,
		.userdata = first_line };

	return process_run(&child, err);
}

int chroot_run(const struct chroot_session *session, const char *const *argv,
	bool install_boot_loader, struct error *err)
{
	return run_inside(session, argv, install_boot_loader, -1, NULL, err);
}

int chroot_capture(const struct chroot_session *session, const char *const *argv, char **ret_output,
	struct error *err)
{
	AUTO_CLOSE int fd = memfd_create("output", MFD_CLOEXEC);
	AUTO_FREE char *output = must_realloc(NULL, OUTPUT_MAX_BYTES + 1, 1);
	char first_line[LINE_BYTES] = "";
	ssize_t size;
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "prepare the output of a program");
	r = run_inside(session, argv, false, fd, first_line, err);
	if (r < 0) {
		text_sanitize(first_line);
		if (first_line[0] && !strstr(err->text, first_line))
			text_append(err->text, sizeof(err->text), " (%s)", first_line);
		return r;
	}
	size = file_read_at(fd, output, OUTPUT_MAX_BYTES, 0);
	if (size < 0)
		return error_errno(err, (int)size, "read the output of %s", argv[0]);
	output[size] = '\0';
	*ret_output = output;
	output = NULL;
	return 0;
}

int chroot_link_system(const struct chroot_session *session, const char *system, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, session->root, "/run/current-system");
	return file_make_link(system, path, err);
}

/* Entering a namespace leads to its own root. */
int chroot_leave(struct chroot_session *session, struct error *err)
{
	int r = 0;

	if (setns(session->old_ns, CLONE_NEWNS) < 0 || fchdir(session->top) < 0 ||
		chroot(".") < 0 || fchdir(session->old_cwd) < 0)
		r = error_errno(err, -errno, "leave the mount namespace");
	forget_place(session);
	return r;
}
