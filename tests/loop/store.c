/* SPDX-License-Identifier: MIT */
/*
 * store — the modules that fill a store, one call a command, for store.sh beside it.
 *
 *     store unpack STORE NAME <archive
 *     store install CACHE KEY SYSTEM TARGET
 *
 * An error goes to standard error as "code: sentence", and the exit status is 1.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "closure.h"
#include "copy.h"
#include "database.h"
#include "nar.h"
#include "unpack.h"

static int open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

static int unpack(const char *store, const char *name, struct error *err)
{
	AUTO_CLOSE int store_fd = open_folder(store);
	struct unpack state;
	struct nar *nar = nar_new(&unpack_events, &state);
	uint8_t bytes[4096];
	size_t size;
	int r = 0;

	unpack_begin(&state, store_fd, name, unpack_read_umask());
	while (r == 0 && (size = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		r = nar_feed(nar, bytes, size, err);
	if (r == 0)
		r = nar_finish(nar, err);
	unpack_release(&state);
	nar_free(&nar);
	return r;
}

static int install(const char *cache, const char *key, const char *system, const char *target,
	struct error *err)
{
	static struct config config;
	struct closure closure = { 0 };
	AUTO_CLOSE int store_fd = -1;
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s" STORE_DIR, target);
	store_fd = open_folder(path);
	snprintf(config.caches[config.cache_count++], sizeof(config.caches[0]), "%s", cache);
	snprintf(config.trusted_keys[config.trusted_key_count++], sizeof(config.trusted_keys[0]),
		"%s", key);
	r = closure_walk(&config, system, &closure, err);
	if (r == 0)
		r = copy_closure(&config, &closure, store_fd, NULL, NULL, err);
	if (r == 0)
		r = database_write(target, &closure, 1, err);
	if (r == 0)
		r = database_verify(target, &closure, err);
	closure_free(&closure);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	int r;

	if (argc == 4 && strcmp(argv[1], "unpack") == 0)
		r = unpack(argv[2], argv[3], &err);
	else if (argc == 6 && strcmp(argv[1], "install") == 0)
		r = install(argv[2], argv[3], argv[4], argv[5], &err);
	else
		return 2;
	if (r < 0)
		fprintf(stderr, "%d: %s\n", err.code, err.text);
	return r < 0;
}
