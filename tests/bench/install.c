/* SPDX-License-Identifier: MIT */
/*
 * install — the stages from format to database, as main.c runs them, for the benchmarks.
 *
 *     install format DISK                           formats the root
 *     install mount DISK TARGET                     mounts it as the installer does
 *     install copy CACHE KEY SYSTEM DISK TARGET     copies the store into it, mounts it on TARGET
 *                                                   and writes the database
 *     install bound CACHE KEY SYSTEM                only decompresses and hashes the archives
 *
 * DISK is an image file, or a disk whose first partition starts at 1 MiB. copy prints how many
 * seconds went into what, and the peak memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "disk/mount.h"
#include "format/format.h"
#include "format/target_mount.h"
#include "guest/nixos.h"
#include "nix/closure_walk.h"
#include "nix/decompress.h"
#include "plan/plan.h"
#include "store/copy.h"
#include "store/database.h"

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Says how long it took since the last time. */
static void tell(const char *what)
{
	static double before;
	double now = now_s();

	if (what)
		printf("%s %.3f\n", what, now - before);
	before = now;
}

static struct plan plan = {
	.partition_count = 1,
	.hash_seed = "7d4cb0f1-5b0c-4b0f-8a52-0a3c2b8f2f10",
	.partitions[0] = {
		.role = ROLE_ROOT,
		.offset_bytes = MIB,
		.fs = FS_EXT4,
		.fs_label = "nixos",
		.fs_uuid = "2f6a1b3e-9a0c-4f7e-8d3c-5e0a7a1c9b42",
		.mount_path = "/",
	},
};

static int find_disk(const char *disk, struct error *err)
{
	AUTO_CLOSE int fd = open(disk, O_RDONLY | O_CLOEXEC);
	off_t size_bytes = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	struct stat st;

	if (size_bytes < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "open %s", disk);
	snprintf(plan.disk_path, sizeof(plan.disk_path), "%s", disk);
	plan.image_file = S_ISREG(st.st_mode);
	plan.disk_bytes = (uint64_t)size_bytes;
	plan.partitions[0].size_bytes = plan.disk_bytes - 2 * MIB;
	return 0;
}

static int sync_target(const char *target, struct error *err)
{
	AUTO_CLOSE int fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? error_errno(err, -errno, "write the target out") : 0;
}

static int copy(
	const struct config *config, const char *system, const char *target, struct error *err)
{
	struct closure closure = { 0 };
	struct place place;
	int r;

	tell(NULL);
	r = closure_walk(&config->cache, system, "", &closure, err);
	tell("closure");
	if (r == 0)
		r = format_find_place(&plan, plan.root, &place, err);
	if (r == 0)
		r = copy_closure(&config->cache, &closure,
			&(struct copy_target){
				.path = place.path, .offset_bytes = place.offset_bytes },
			NULL, NULL, err);
	tell("copy");
	if (r == 0)
		r = target_mount_plan(&plan, target, false, err);
	if (r == 0)
		r = nixos_make_tree(target, err);
	tell("mount");
	if (r == 0)
		r = database_write(target, &closure, 1, err);
	if (r == 0)
		r = sync_target(target, err);
	tell("database");
	closure_free(&closure);
	return r;
}

/* The archives, of which each thread takes the next one. */
struct bound {
	const struct closure *closure;
	const char *cache; /* a folder */
	atomic_size_t next;
	struct error err;
	atomic_int result;
};

static int hash_archive(const char *path, const struct narinfo *info, struct decompress *decompress,
	struct error *err)
{
	static _Thread_local uint8_t in[512 * 1024], out[64 * 1024];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct digest *digest = digest_new();
	uint8_t sum[SHA256_BYTES];
	ssize_t got = 0;
	int r = fd < 0 ? error_errno(err, -errno, "open %s", path)
		       : decompress_begin(decompress, info->compression, err);

	while (r == 0 && (got = read(fd, in, sizeof(in))) > 0) {
		const uint8_t *data = in;
		size_t left_bytes = (size_t)got, out_bytes = sizeof(out);

		while (r == 0 && (left_bytes > 0 || out_bytes == sizeof(out))) {
			r = decompress_step(
				decompress, &data, &left_bytes, out, sizeof(out), &out_bytes, err);
			if (r == 0)
				digest_update(digest, out, out_bytes);
		}
	}
	if (r == 0)
		r = decompress_finish(decompress, err);
	digest_finish(digest, sum);
	if (r == 0 && memcmp(sum, info->nar_hash, sizeof(sum)) != 0)
		r = error_set(err, -EBADMSG, "%s has another hash", path);
	return r;
}

static void *hash_archives(void *userdata)
{
	struct bound *bound = userdata;
	struct decompress *decompress = decompress_new();
	size_t i;

	while (bound->result == 0 &&
		(i = atomic_fetch_add(&bound->next, 1)) < bound->closure->count) {
		const struct narinfo *info = &bound->closure->paths[i].info;
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", bound->cache, info->url) < 0)
			abort();
		if (hash_archive(path, info, decompress, &bound->err) < 0)
			bound->result = -EIO;
	}
	decompress_free(&decompress);
	return NULL;
}

/* What no copy can do without, on as many threads as the copy has workers. */
static int run_bound(const struct config *config, const char *system, struct error *err)
{
	struct closure closure = { 0 };
	struct bound bound = { .closure = &closure };
	pthread_t threads[4];
	long count = sysconf(_SC_NPROCESSORS_ONLN) > 4 ? 4 : sysconf(_SC_NPROCESSORS_ONLN);
	int r = closure_walk(&config->cache, system, "", &closure, err);

	if (r < 0)
		return r;
	bound.cache = config->cache.caches[0] + strlen("file://");
	tell(NULL);
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, hash_archives, &bound) != 0)
			abort();
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	tell("bound");
	if (bound.result < 0)
		*err = bound.err;
	closure_free(&closure);
	return bound.result;
}

/* target is NULL for the bound. */
static int copy_from(const char *cache, const char *key, const char *system, const char *target,
	const char *ca_file, struct error *err)
{
	static struct config config;
	struct rusage usage;
	int r;

	snprintf(config.cache.caches[config.cache.cache_count++], sizeof(config.cache.caches[0]),
		"%s", cache);
	snprintf(config.cache.trusted_keys[config.cache.trusted_key_count++],
		sizeof(config.cache.trusted_keys[0]), "%s", key);
	snprintf(config.cache.fetch.ca_file, sizeof(config.cache.fetch.ca_file), "%s", ca_file);
	r = target ? copy(&config, system, target, err) : run_bound(&config, system, err);
	getrusage(RUSAGE_SELF, &usage);
	printf("peak-kib %ld\n", usage.ru_maxrss);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	int r;

	if (argc == 3 && strcmp(argv[1], "format") == 0) {
		r = find_disk(argv[2], &err);
		if (r == 0)
			r = format_all(&plan, &err);
	} else if (argc == 4 && strcmp(argv[1], "mount") == 0) {
		r = find_disk(argv[2], &err);
		if (r == 0)
			r = target_mount_plan(&plan, argv[3], false, &err);
	} else if ((argc == 7 || argc == 8) && strcmp(argv[1], "copy") == 0) {
		r = find_disk(argv[5], &err);
		if (r == 0)
			r = copy_from(
				argv[2], argv[3], argv[4], argv[6], argc == 8 ? argv[7] : "", &err);
	} else if (argc == 5 && strcmp(argv[1], "bound") == 0) {
		r = copy_from(argv[2], argv[3], argv[4], NULL, "", &err);
	} else {
		return 2;
	}
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r < 0;
}
