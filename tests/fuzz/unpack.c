/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an archive that is unpacked, in pieces, onto a real folder: it makes at most the one
 * entry in the store, and leaves what lies beside the store as it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "unpack.h"

#define NAME "00000000000000000000000000000001-x"
#define TEXT "stays as it is"

/* <folder>/store, where it is unpacked; <folder>/outside/file, what must not be touched; and
 * <folder>/work, in which we are, to see names that are taken from there. */
static char folder[PATH_MAX];
static int store_fd = -1, folder_fd = -1;

static const char *const sentinels[] = { ".", "work", "outside", "outside/file" };
#define SENTINEL_COUNT (sizeof(sentinels) / sizeof(sentinels[0]))
static struct stat before[SENTINEL_COUNT];

/* Removes what a folder holds. By descriptors: paths may be longer than PATH_MAX. */
static void empty_folder(int fd)
{
	AUTO_CLOSEDIR DIR *dir = fdopendir(dup(fd));

	promised(dir != NULL);
	rewinddir(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		AUTO_CLOSE int inner = -1;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		fchmodat(fd, entry->d_name, 0700, 0);
		inner = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		promised(inner >= 0);
		empty_folder(inner);
		promised(unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0);
	}
}

static void remove_folder(void)
{
	empty_folder(folder_fd);
	rmdir(folder);
}

static void make_folder(void)
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(folder, sizeof(folder), "%.4000s/guest-installer-fuzz.XXXXXX",
		base ? base : "/tmp");
	promised(mkdtemp(folder) != NULL);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	promised(folder_fd >= 0 && mkdirat(folder_fd, "store", 0755) == 0);
	promised(mkdirat(folder_fd, "outside", 0755) == 0 && mkdirat(folder_fd, "work", 0755) == 0);
	store_fd = openat(folder_fd, "store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(folder_fd, "outside/file", O_WRONLY | O_CREAT, 0644);
	promised(fd >= 0 && write(fd, TEXT, strlen(TEXT)) == (ssize_t)strlen(TEXT));
	close(fd);
	for (size_t i = 0; i < SENTINEL_COUNT; i++)
		promised(fstatat(folder_fd, sentinels[i], &before[i], 0) == 0);
	/* The times of a file tick every few milliseconds: from here on every change shows. */
	usleep(20000);
	atexit(remove_folder);
}

/* Times tell of every entry made or removed, every write, and every change of mode or owner. */
static void check_sentinels(void)
{
	for (size_t i = 0; i < SENTINEL_COUNT; i++) {
		struct stat now;

		promised(fstatat(folder_fd, sentinels[i], &now, AT_SYMLINK_NOFOLLOW) == 0);
		promised(now.st_ino == before[i].st_ino && now.st_mode == before[i].st_mode);
		promised(now.st_size == before[i].st_size && now.st_nlink == before[i].st_nlink);
		promised(now.st_ctim.tv_sec == before[i].st_ctim.tv_sec);
		promised(now.st_ctim.tv_nsec == before[i].st_ctim.tv_nsec);
	}
}

static void check_store(bool complete)
{
	AUTO_CLOSE int fd = openat(store_fd, ".", O_RDONLY | O_DIRECTORY);
	AUTO_CLOSEDIR DIR *dir = fdopendir(steal_fd(&fd));
	struct stat st;

	promised(dir != NULL);
	for (const struct dirent *entry; (entry = readdir(dir));)
		promised(entry->d_name[0] == '.' || strcmp(entry->d_name, NAME) == 0);
	if (!complete)
		return;
	promised(fstatat(store_fd, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0);
	promised(st.st_mtim.tv_sec == 1 && st.st_mtim.tv_nsec == 0);
	promised(S_ISLNK(st.st_mode) || (st.st_mode & 07777) == 0444 ||
		 (st.st_mode & 07777) == 0555);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct unpack unpack;
	struct error err = FUZZ_NO_ERROR;
	CLEANUP(nar_free) struct nar *nar = nar_new(&unpack_events, &unpack);
	uint64_t state = fuzz_hash(0, data, size_bytes);
	int r = 0;

	if (store_fd < 0)
		make_folder();
	/* libFuzzer takes its own names from where it was started. */
	AUTO_CLOSE int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	promised(fchdir(folder_fd) == 0 && chdir("work") == 0);
	unpack_begin(&unpack, store_fd, NAME, unpack_read_umask());
	for (size_t piece; size_bytes > 0 && r == 0; data += piece, size_bytes -= piece) {
		piece = fuzz_piece(&state, size_bytes);
		r = nar_feed(nar, data, piece, &err);
	}
	if (r == 0)
		r = nar_finish(nar, &err);
	unpack_release(&unpack);
	promised(fchdir(here) == 0);
	promised(r == 0 || fuzz_error_is_set(&err));
	check_sentinels();
	check_store(r == 0);
	empty_folder(store_fd);
	return 0;
}
