/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#define MODE_STORE 0755 /* until the guest's folders get theirs */

void store_begin(struct store *ret, struct volume *volume)
{
	*ret = (struct store){ .volume = volume };
	pthread_mutex_init(&ret->lock, NULL);
	directory_begin(&ret->directory, volume->store_inode, volume->nix_inode);
}

void store_drop(struct store *store)
{
	directory_free(&store->directory);
	pthread_mutex_destroy(&store->lock);
}

void store_enter(struct store *store, const char *name, const struct unpack *unpack)
{
	pthread_mutex_lock(&store->lock);
	directory_add(&store->directory, name, unpack->root, unpack->root_type);
	pthread_mutex_unlock(&store->lock);
}

int store_write(struct store *store, struct error *err)
{
	struct stream stream;
	int r;

	stream_open(&stream, store->volume);
	r = directory_write(&store->directory, &stream, MODE_STORE, err);
	if (r == 0)
		r = stream_close(&stream, err);
	stream_drop(&stream);
	return r;
}
