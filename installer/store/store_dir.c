/* SPDX-License-Identifier: MIT */
#include "store/store_dir.h"

#define MODE_STORE 0755 /* the guest sets its own mode later */

void store_dir_begin(struct store_dir *ret, struct ext4_image *image)
{
	*ret = (struct store_dir){ .image = image };
	pthread_mutex_init(&ret->lock, NULL);
	directory_begin(&ret->directory, image->store_inode, image->nix_inode);
}

void store_dir_drop(struct store_dir *store)
{
	directory_free(&store->directory);
	pthread_mutex_destroy(&store->lock);
}

void store_dir_link(struct store_dir *store, const char *name, const struct unpack *unpack)
{
	pthread_mutex_lock(&store->lock);
	directory_add(&store->directory, name, unpack->root, unpack->root_type);
	pthread_mutex_unlock(&store->lock);
}

int store_dir_write(struct store_dir *store, struct error *err)
{
	struct allocator allocator;
	int r;

	allocator_open(&allocator, store->image);
	r = directory_write(&store->directory, &allocator, MODE_STORE, err);
	if (r == 0)
		r = allocator_close(&allocator, err);
	allocator_drop(&allocator);
	return r;
}
