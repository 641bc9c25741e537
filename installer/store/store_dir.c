/* SPDX-License-Identifier: MIT */
#include "store/store_dir.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MODE_STORE 0755 /* the guest sets its own mode later */

void store_dir_begin(struct store_dir *ret, struct ext4_image *image)
{
	*ret = (struct store_dir){ .image = image };
	pthread_mutex_init(&ret->lock, NULL);
}

void store_dir_drop(struct store_dir *store)
{
	free(store->entries);
	pthread_mutex_destroy(&store->lock);
}

void store_dir_link(struct store_dir *store, const char *name, const struct unpack *unpack)
{
	pthread_mutex_lock(&store->lock);
	if (store->count == store->capacity) {
		store->capacity = store->capacity ? 2 * store->capacity : 64;
		store->entries = must_realloc(
			store->entries, store->capacity, sizeof(*store->entries));
	}
	store->entries[store->count++] = (struct store_entry){ name, unpack->root,
		unpack->root_type };
	pthread_mutex_unlock(&store->lock);
}

static int compare_store_entries(const void *a, const void *b)
{
	return strcmp(((const struct store_entry *)a)->name, ((const struct store_entry *)b)->name);
}

static int write_entries(struct store_dir *store, struct directory *directory, struct error *err)
{
	struct allocator allocator;
	int r;

	if (store->count > 0)
		qsort(store->entries, store->count, sizeof(*store->entries), compare_store_entries);
	for (size_t i = 0; i < store->count; i++)
		directory_add(directory, store->entries[i].name, store->entries[i].inode,
			store->entries[i].type);
	allocator_open(&allocator, store->image, 0);
	r = directory_write(directory, &allocator, MODE_STORE, err);
	if (r == 0)
		r = allocator_close(&allocator, err);
	allocator_drop(&allocator);
	return r;
}

int store_dir_write(struct store_dir *store, struct error *err)
{
	struct directory directory;
	int r = ext4_image_join(store->image, err);

	if (r < 0)
		return r;
	directory_begin(&directory, store->image->store_inode, store->image->nix_inode);
	r = write_entries(store, &directory, err);
	directory_free(&directory);
	return r;
}
