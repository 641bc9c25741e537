/* SPDX-License-Identifier: MIT */
#include "guest/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/file.h"
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

static int keep_place(struct enter *enter, struct error *err)
{
	int r = open_place("/proc/self/ns/mnt", O_RDONLY, &enter->outside, err);

	if (r == 0)
		r = open_place("/", O_PATH | O_DIRECTORY, &enter->top, err);
	if (r == 0)
		r = open_place(".", O_PATH | O_DIRECTORY, &enter->here, err);
	return r;
}

static void forget_place(struct enter *enter)
{
	cleanup_close(&enter->outside);
	cleanup_close(&enter->top);
	cleanup_close(&enter->here);
}

int enter_begin(const char *root, const char *system, struct enter *ret, struct error *err)
{
	int r;

	*ret = (struct enter){ .outside = -1, .top = -1, .here = -1 };
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

		(void)!enter_end(ret, &ignored);
	}
	return r;
}

int enter_run(const struct enter *enter, const char *const *argv, bool install_boot_loader,
	struct error *err)
{
	const char *const environment[] = {
		enter->path,
		"HOME=/root",
		"LANG=C.UTF-8",
		"IN_NIXOS_ENTER=1",
		install_boot_loader ? "NIXOS_INSTALL_BOOTLOADER=1" : NULL,
		NULL,
	};
	const struct child child = {
		.argv = argv, .environment = environment, .root = enter->root
	};

	return child_run(&child, err);
}

/* Entering a namespace leads to its own root. */
int enter_end(struct enter *enter, struct error *err)
{
	int r = 0;

	if (setns(enter->outside, CLONE_NEWNS) < 0 || fchdir(enter->top) < 0 || chroot(".") < 0 ||
		fchdir(enter->here) < 0)
		r = error_errno(err, -errno, "leave the mount namespace");
	forget_place(enter);
	return r;
}
