/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an archive that is unpacked, in pieces, into a real ext4: what is made of a good one
 * is a clean file system, and a bad one leaves the empty file system as it was. Judged by e2fsck.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ext4/ext4_image.h"
#include "ext4/mkfs.h"
#include "nar_strings.h"
#include "store/store_dir.h"
#include "store/unpack.h"

FUZZ_MUTATE_ITEMS(FUZZ_NAR_STRINGS);

#define NAME	    "00000000000000000000000000000001-x"
#define IMAGE_BYTES ((size_t)8 * 1024 * 1024)
#define PAGE_BYTES  ((size_t)4096)
#define ASK_AFTER_BAD                                                                              \
	32 /* e2fsck is asked after every good archive, and after so many bad ones                 \
	    */

extern char **environ;

static char path[PATH_MAX];
static uint8_t *fresh; /* the bytes of an empty file system */

static void remove_image(void)
{
	unlink(path);
}

/* Most of it is holes. */
static void write_fresh(void)
{
	static const uint8_t zeros[PAGE_BYTES];
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	promised(fd >= 0 && ftruncate(fd, IMAGE_BYTES) == 0);
	for (size_t at = 0; at < IMAGE_BYTES; at += PAGE_BYTES) {
		if (memcmp(fresh + at, zeros, PAGE_BYTES) == 0)
			continue;
		promised(pwrite(fd, fresh + at, PAGE_BYTES, (off_t)at) == (ssize_t)PAGE_BYTES);
	}
}

static void make_fresh(void)
{
	const char *base = getenv("TMPDIR");
	const struct mkfs_request request = {
		.path = path,
		.size_bytes = IMAGE_BYTES,
		.label = "nixos",
		.uuid = "44444444-4444-4444-8444-444444444444",
		.hash_seed = "55555555-5555-4555-8555-555555555555",
	};
	struct error err;
	int fd;

	snprintf(path, sizeof(path), "%.4000s/guest-installer-fuzz.XXXXXX", base ? base : "/tmp");
	fd = mkstemp(path);
	promised(fd >= 0 && ftruncate(fd, IMAGE_BYTES) == 0);
	atexit(remove_image);
	promised(mkfs_ext4(&request, &err) == 0);
	fresh = must_realloc(NULL, IMAGE_BYTES, 1);
	promised(pread(fd, fresh, IMAGE_BYTES, 0) == (ssize_t)IMAGE_BYTES);
	close(fd);
}

static bool is_clean(void)
{
	static char program[] = "e2fsck", option[] = "-fn";
	char *argv[] = { program, option, path, NULL };
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	promised(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0);
	posix_spawn_file_actions_destroy(&actions);
	promised(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int feed(struct unpack *unpack, const uint8_t *data, size_t size_bytes, struct error *err)
{
	CLEANUP(nar_free) struct nar *nar = nar_new(&unpack_events, unpack);
	uint64_t state = fuzz_hash(0, data, size_bytes);
	int r = 0;

	for (size_t piece; size_bytes > 0 && r == 0; data += piece, size_bytes -= piece) {
		piece = fuzz_piece(&state, size_bytes);
		r = nar_feed(nar, data, piece, err);
	}
	return r < 0 ? r : nar_finish(nar, err);
}

static int finish(struct unpack *unpack, struct ext4_image *image, struct error *err)
{
	struct store_dir store;
	int r = unpack_close(unpack, err);

	store_dir_begin(&store, image);
	store_dir_link(&store, NAME, unpack);
	if (r == 0)
		r = store_dir_write(&store, err);
	store_dir_drop(&store);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static unsigned bad_count;
	struct error err = FUZZ_NO_ERROR;
	struct ext4_image image;
	struct unpack unpack;
	int r;

	if (!fresh)
		make_fresh();
	write_fresh();
	promised(ext4_image_open(&image, path, 0, 1, &err) == 0);
	unpack_open(&unpack, &image, 0);
	r = feed(&unpack, data, size_bytes, &err);
	if (r == 0)
		r = finish(&unpack, &image, &err);
	unpack_drop(&unpack);
	promised(r == 0 || fuzz_error_is_set(&err));
	if (r < 0)
		ext4_image_drop(&image);
	else
		promised(ext4_image_close(&image, &err) == 0);
	promised((r < 0 && ++bad_count % ASK_AFTER_BAD > 0) || is_clean());
	return 0;
}
