/* SPDX-License-Identifier: MIT */
/*
 * store — the modules that fill a store, one call a command, for store.sh beside it.
 *
 *     store unpack IMAGE NAME <archive          as the only path of a fresh ext4
 *     store copy CACHE KEY SYSTEM IMAGE         the same with a closure
 *     store register CACHE KEY SYSTEM TARGET    where that is mounted
 *
 * An error goes to standard error as "code: sentence", and the exit status is 1.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext4/ext4_image.h"
#include "nix/closure_walk.h"
#include "nix/nar.h"
#include "store/copy.h"
#include "store/database.h"
#include "store/store_dir.h"
#include "store/unpack.h"

static int feed(struct unpack *state, struct error *err)
{
	CLEANUP(nar_free) struct nar *nar = nar_new(&unpack_events, state);
	uint8_t bytes[4096];
	size_t size;
	int r = 0;

	while (r == 0 && (size = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		r = nar_feed(nar, bytes, size, err);
	return r < 0 ? r : nar_finish(nar, err);
}

static int unpack(const char *path, const char *name, struct error *err)
{
	struct ext4_image image;
	struct unpack state;
	struct store_dir store;
	int r = ext4_image_open(&image, path, 0, 1, err);

	if (r < 0)
		return r;
	unpack_open(&state, &image, 0);
	store_dir_begin(&store, &image);
	r = feed(&state, err);
	if (r == 0)
		r = unpack_close(&state, err);
	store_dir_link(&store, name, &state);
	if (r == 0)
		r = store_dir_write(&store, err);
	store_dir_drop(&store);
	unpack_drop(&state);
	if (r == 0)
		return ext4_image_close(&image, err);
	ext4_image_drop(&image);
	return r;
}

/* Copies into an image, or registers below a mounted target. */
static int install(bool copy, const char *cache, const char *key, const char *system,
	const char *where, struct error *err)
{
	static struct cache_settings config;
	struct closure closure = { 0 };
	int r;

	snprintf(config.caches[config.cache_count++], sizeof(config.caches[0]), "%s", cache);
	snprintf(config.trusted_keys[config.trusted_key_count++], sizeof(config.trusted_keys[0]),
		"%s", key);
	r = closure_walk(&config, system, "", &closure, err);
	if (r == 0 && copy)
		r = copy_closure(
			&config, &closure, &(struct copy_target){ .path = where }, NULL, NULL, err);
	if (r == 0 && !copy)
		r = database_write(where, &closure, 1, err);
	if (r == 0 && !copy)
		r = database_verify(where, &closure, err);
	closure_free(&closure);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	int r;

	if (argc == 4 && strcmp(argv[1], "unpack") == 0)
		r = unpack(argv[2], argv[3], &err);
	else if (argc == 6 && strcmp(argv[1], "copy") == 0)
		r = install(true, argv[2], argv[3], argv[4], argv[5], &err);
	else if (argc == 6 && strcmp(argv[1], "register") == 0)
		r = install(false, argv[2], argv[3], argv[4], argv[5], &err);
	else
		return 2;
	if (r < 0)
		fprintf(stderr, "%d: %s\n", err.code, err.text);
	return r < 0;
}
