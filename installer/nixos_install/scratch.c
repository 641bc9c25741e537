/* SPDX-License-Identifier: MIT */
#include "nixos_install/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/units.h"
#include "format/swap.h"

#define FOLDER		 "/tmp/guest-installer"
#define ENOUGH_MEMORY	 (2 * GIB) /* evaluating a small NixOS system takes some 700 MiB */
#define SWAP_FILE_BYTES	 (1 * GIB)
#define SWAP_ROOM_FACTOR 3 /* the swap file may use a third of the free space */
#define WALK_OPEN_FILES	 16
#define SWAP_FILE_UUID	 "00000000-0000-4000-8000-000000000001" /* size of the header */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path) < 0 ? errno : 0;
}

/* Removes a folder and its content on the same file system; links are not followed. */
static int remove_tree(const char *path, struct error *err)
{
	int r = nftw(path, remove_entry, WALK_OPEN_FILES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	if (r == 0 || (r < 0 && errno == ENOENT))
		return 0;
	return error_errno(err, r > 0 ? -r : -errno, "remove %s", path);
}

static bool is_scratch_needed(const char *path)
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
	return swap_make(&request, err);
}

/* A file system with an active swap file cannot be unmounted. So a process in a separate session
 * runs swapoff when the building process ends, for whatever reason. */
static _Noreturn void wait_and_swapoff(const char *swap, const int ends[2])
{
	char none;

	setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	close(ends[1]);
	while (read(ends[0], &none, 1) < 0 && errno == EINTR)
		;
	_exit(swapoff(swap) < 0 ? errno : 0);
}

static int start_swapoff_process(struct scratch *scratch, const char *swap, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, -errno, "make a pipe");
	scratch->swapoff_pid = fork();
	if (scratch->swapoff_pid == 0)
		wait_and_swapoff(swap, ends);
	if (scratch->swapoff_pid < 0) {
		scratch->swapoff_pid = 0;
		error_errno(err, -errno, "start a process");
		close(ends[1]);
	} else {
		scratch->lifetime_fd = ends[1];
	}
	close(ends[0]);
	return scratch->swapoff_pid ? 0 : -EAGAIN;
}

static int begin_swap(struct scratch *scratch, const char *swap, struct error *err)
{
	int r = make_swap_file(swap, err);

	if (r < 0)
		return r;
	if (swapon(swap, 0) < 0)
		return error_errno(err, -errno, "swap to %s", swap);
	r = start_swapoff_process(scratch, swap, err);
	if (r < 0)
		swapoff(swap);
	return r;
}

static void try_swap(struct scratch *scratch)
{
	char swap[FILE_PATH_BYTES];
	struct error err;

	if (!is_scratch_needed(scratch->path))
		return;
	file_below(swap, scratch->path, "/swap");
	if (begin_swap(scratch, swap, &err) == 0) {
		log_line("swapping to %s while the system is built", swap);
		return;
	}
	log_line("no swap file: %s", err.text);
	unlink(swap);
}

static int end_swap(struct scratch *scratch, struct error *err)
{
	int status;

	if (scratch->swapoff_pid == 0)
		return 0;
	close(scratch->lifetime_fd);
	while (waitpid(scratch->swapoff_pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, -errno, "wait for the end of swapping");
	scratch->swapoff_pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_errno(err, WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO,
			"stop swapping to %s/swap", scratch->path);
	return 0;
}

int scratch_begin(const char *root, struct scratch *ret, struct error *err)
{
	int r;

	*ret = (struct scratch){ .swapoff_pid = 0 };
	file_below(ret->path, root, FOLDER);
	r = remove_tree(ret->path, err);
	if (r < 0)
		return r;
	r = file_make_folder(ret->path, 0755, 0, 0, err);
	if (r < 0)
		return r;
	try_swap(ret);
	return 0;
}

int scratch_end(struct scratch *scratch, struct error *err)
{
	int r = end_swap(scratch, err);

	if (r < 0)
		return r;
	return remove_tree(scratch->path, err);
}
