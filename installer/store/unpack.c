/* SPDX-License-Identifier: MIT */
#include "store/unpack.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ext4/inode.h"

#define MODE_FILE	0444
#define MODE_EXECUTABLE 0555
#define MODE_DIRECTORY	0555
#define MODE_LINK	0777

void unpack_open(struct unpack *ret, struct ext4_image *image)
{
	*ret = (struct unpack){ .root_parent = image->store_inode };
	allocator_open(&ret->stream, image);
}

int unpack_close(struct unpack *unpack, struct error *err)
{
	return allocator_close(&unpack->stream, err);
}

void unpack_drop(struct unpack *unpack)
{
	while (unpack->depth > 0)
		directory_free(&unpack->directories[--unpack->depth]);
	extents_free(&unpack->extents);
	allocator_drop(&unpack->stream);
}

/* Enters what was made into the directory at hand, or keeps it as the root. */
static void add_store_entry(
	struct unpack *unpack, const char *name, uint32_t inode, enum entry_type type)
{
	if (unpack->depth > 0) {
		directory_add(&unpack->directories[unpack->depth - 1], name, inode, type);
	} else {
		unpack->root = inode;
		unpack->root_type = type;
	}
}

static int make_directory(void *userdata, const char *name, struct error *err)
{
	struct unpack *unpack = userdata;
	uint32_t parent = unpack->root_parent, inode;
	int r = allocator_take_inode(&unpack->stream, INODE_DIRECTORY, &inode, err);

	if (r < 0)
		return r;
	add_store_entry(unpack, name, inode, ENTRY_DIRECTORY);
	if (unpack->depth > 0)
		parent = unpack->directories[unpack->depth - 1].inode;
	directory_begin(&unpack->directories[unpack->depth++], inode, parent);
	return 0;
}

static int end_directory(void *userdata, struct error *err)
{
	struct unpack *unpack = userdata;
	struct directory *directory = &unpack->directories[--unpack->depth];
	int r = directory_write(directory, &unpack->stream, MODE_DIRECTORY, err);

	directory_free(directory);
	return r;
}

static int make_store_file(
	void *userdata, const char *name, bool executable, uint64_t size_bytes, struct error *err)
{
	struct unpack *unpack = userdata;
	int r = allocator_take_inode(&unpack->stream, INODE_FILE, &unpack->file, err);

	if (r < 0)
		return r;
	add_store_entry(unpack, name, unpack->file, ENTRY_FILE);
	unpack->executable = executable;
	unpack->size_bytes = size_bytes;
	unpack->left_bytes = size_bytes;
	extents_clear(&unpack->extents);
	unpack->room_bytes = 0;
	return 0;
}

static uint64_t blocks_for(const struct unpack *unpack, uint64_t size_bytes)
{
	uint32_t block_bytes = unpack->stream.image->block_bytes;

	return size_bytes / block_bytes + (size_bytes % block_bytes > 0);
}

static int write_file(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct unpack *unpack = userdata;

	while (size_bytes > 0) {
		size_t piece;

		if (unpack->room_bytes == 0) {
			int r = allocator_take_blocks(&unpack->stream,
				blocks_for(unpack, unpack->left_bytes), &unpack->extents,
				&unpack->room, &unpack->room_bytes, err);

			if (r < 0)
				return r;
		}
		piece = size_bytes < unpack->room_bytes ? size_bytes : unpack->room_bytes;
		memcpy(unpack->room, data, piece);
		unpack->room += piece;
		unpack->room_bytes -= piece;
		unpack->left_bytes -= piece;
		data += piece;
		size_bytes -= piece;
	}
	return 0;
}

static int end_file(void *userdata, struct error *err)
{
	struct unpack *unpack = userdata;
	const struct inode_content content = {
		.mode = S_IFREG | (unpack->executable ? MODE_EXECUTABLE : MODE_FILE),
		.links = 1,
		.size_bytes = unpack->size_bytes,
		.extents = &unpack->extents,
	};

	if (unpack->room_bytes > 0)
		memset(unpack->room, 0, unpack->room_bytes);
	return inode_write(&unpack->stream, unpack->file, &content, err);
}

/* A target that is too long for the record has a block of its own. */
static int write_target(struct unpack *unpack, const char *target, size_t length, struct error *err)
{
	struct allocator *stream = &unpack->stream;
	uint8_t *room;
	size_t room_bytes;
	int r;

	if (length >= stream->image->block_bytes)
		return error_errno(
			err, -ENAMETOOLONG, "make a link with a target of %zu bytes", length);
	r = allocator_take_blocks(stream, 1, &unpack->extents, &room, &room_bytes, err);
	if (r < 0)
		return r;
	memcpy(room, target, length);
	memset(room + length, 0, room_bytes - length);
	return 0;
}

static int make_symlink(void *userdata, const char *name, const char *target, struct error *err)
{
	struct unpack *unpack = userdata;
	size_t length = strlen(target);
	struct inode_content content = {
		.mode = S_IFLNK | MODE_LINK,
		.links = 1,
		.size_bytes = length,
	};
	uint32_t inode;
	int r = allocator_take_inode(&unpack->stream, INODE_FILE, &inode, err);

	if (r < 0)
		return r;
	add_store_entry(unpack, name, inode, ENTRY_LINK);
	extents_clear(&unpack->extents);
	if (length <= LINK_FAST_MAX) {
		content.fast_target = target;
	} else {
		content.extents = &unpack->extents;
		r = write_target(unpack, target, length, err);
	}
	return r < 0 ? r : inode_write(&unpack->stream, inode, &content, err);
}

const struct nar_events unpack_events = {
	.directory = make_directory,
	.directory_end = end_directory,
	.file = make_store_file,
	.file_data = write_file,
	.file_end = end_file,
	.link = make_symlink,
};
