/* SPDX-License-Identifier: MIT */
#include "guest/chroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "disk/mount.h"

/* What nixos-enter mounts below the target; but nothing of the firmware is to be seen there. A boot
 * loader that finds EFI variables writes its entry into them: the guest does not need it, since it
 * boots by EFI/BOOT/BOOTX64.EFI, a fault of the variables would fail the install, and for an image
 * file they are the variables of another machine. */
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
			return error_errno(
				err, -errno, "mount %s on %s", inner_mounts[i].source, target);
	}
	return 0;
}

/* The root also under the path that it has outside: a system that was evaluated there may name
 * files of its configuration so, as boot.initrd.secrets does (nixos-install sees to it, too). Only
 * below /run, where the folders that are made for it go with all the rest. */
static int mount_itself(const char *root, struct error *err)
{
	char target[FILE_PATH_BYTES];

	if (strncmp(root, "/run/", strlen("/run/")) != 0)
		return 0;
	file_below(target, root, "%s", root);
	for (char *end = strchr(target + strlen(root) + strlen("/run/"), '/'); end;
		end = strchr(end + 1, '/')) {
		*end = '\0';
		mkdir(target, 0755);
		*end = '/';
	}
	if (mkdir(target, 0755) < 0 || mount(root, target, NULL, MS_BIND, NULL) < 0)
		return error_errno(err, -errno, "mount %s on %s", root, target);
	return 0;
}

static int open_place(const char *path, int flags, int *ret_fd, struct error *err)
{
	*ret_fd = open(path, flags | O_CLOEXEC);
	return *ret_fd < 0 ? error_errno(err, -errno, "open %s", path) : 0;
}

static int keep_place(struct chroot_session *session, struct error *err)
{
	int r = open_place("/proc/self/ns/mnt", O_RDONLY, &session->outside, err);

	if (r == 0)
		r = open_place("/", O_PATH | O_DIRECTORY, &session->top, err);
	if (r == 0)
		r = open_place(".", O_PATH | O_DIRECTORY, &session->here, err);
	return r;
}

static void forget_place(struct chroot_session *session)
{
	cleanup_close(&session->outside);
	cleanup_close(&session->top);
	cleanup_close(&session->here);
}

int chroot_enter(
	const char *root, const char *system, struct chroot_session *ret, struct error *err)
{
	int r;

	*ret = (struct chroot_session){ .outside = -1, .top = -1, .here = -1 };
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

int chroot_run(const struct chroot_session *session, const char *const *argv,
	bool install_boot_loader, struct error *err)
{
	const char *const environment[] = {
		session->path,
		"HOME=/root",
		"LANG=C.UTF-8",
		"IN_NIXOS_ENTER=1",
		install_boot_loader ? "NIXOS_INSTALL_BOOTLOADER=1" : NULL,
		NULL,
	};
	const struct process child = {
		.argv = argv, .environment = environment, .root = session->root
	};

	return process_run(&child, err);
}

/* Entering a namespace leads to its own root. */
int chroot_leave(struct chroot_session *session, struct error *err)
{
	int r = 0;

	if (setns(session->outside, CLONE_NEWNS) < 0 || fchdir(session->top) < 0 ||
		chroot(".") < 0 || fchdir(session->here) < 0)
		r = error_errno(err, -errno, "leave the mount namespace");
	forget_place(session);
	return r;
}
