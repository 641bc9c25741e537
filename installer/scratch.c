/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "cleanup.h"
#include "layout.h"
#include "log.h"
#include "swap.h"

#define FOLDER		 "/tmp/guest-installer"
#define ENOUGH_MEMORY	 (2 * GIB) /* evaluating a small NixOS system takes some 700 MiB */
#define SWAP_FILE_BYTES	 (1 * GIB)
#define SWAP_ROOM_FACTOR 3 /* of the free space, the swap file may take a third */
#define WALK_OPEN_FILES	 16
#define SWAP_FILE_UUID	 "00000000-0000-4000-8000-000000000001" /* a header wants one */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path) < 0 ? errno : 0;
}

/* A folder with all that is in it on the same file system; links are not followed. */
static int remove_tree(const char *path, struct error *err)
{
	int r = nftw(path, remove_entry, WALK_OPEN_FILES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	if (r == 0 || (r < 0 && errno == ENOENT))
		return 0;
	return error_errno(err, r > 0 ? -r : -errno, "remove %s", path);
}

static bool is_wanted(const char *path)
{
	struct sysinfo info;
	struct statvfs room;

	if (sysinfo(&info) < 0 || statvfs(path, &room) < 0)
		return false;
	return (uint64_t)(info.totalram + info.totalswap) * info.mem_unit < ENOUGH_MEMORY &&
	       (uint64_t)room.f_bavail * room.f_frsize > SWAP_FILE_BYTES * SWAP_ROOM_FACTOR;
}

static int make_swap_file(const char *path, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const struct swap_request request = { .path = path,
		.size_bytes = SWAP_FILE_BYTES,
		.label = "installing",
		.uuid = SWAP_FILE_UUID };
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "make %s", path);
	r = -posix_fallocate(fd, 0, (off_t)SWAP_FILE_BYTES);
	if (r < 0)
		return error_errno(err, r, "give %s its size", path);
	r = swap_make(&request, err);
	if (r < 0)
		return r;
	return swapon(path, 0) < 0 ? error_errno(err, -errno, "swap to %s", path) : 0;
}

static void begin_swap(struct scratch *scratch)
{
	struct error err;

	scratch->swap[0] = '\0';
	if (!is_wanted(scratch->path))
		return;
	file_below(scratch->swap, scratch->path, "/swap");
	if (make_swap_file(scratch->swap, &err) == 0) {
		log_line("swapping to %s while the system is built", scratch->swap);
		return;
	}
	log_line("no swap file: %s", err.text);
	unlink(scratch->swap);
	scratch->swap[0] = '\0';
}

int scratch_begin(const char *root, struct scratch *ret, struct error *err)
{
	int r;

	file_below(ret->path, root, FOLDER);
	r = remove_tree(ret->path, err);
	if (r == 0)
		r = file_make_folder(ret->path, 0755, 0, 0, err);
	if (r == 0)
		begin_swap(ret);
	return r;
}

int scratch_end(struct scratch *scratch, struct error *err)
{
	if (scratch->swap[0] && swapoff(scratch->swap) < 0)
		return error_errno(err, -errno, "stop swapping to %s", scratch->swap);
	return remove_tree(scratch->path, err);
}
