/* SPDX-License-Identifier: MIT */
#include "store/unpack.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/stream_copy.h"
#include "ext4/inode.h"

#define MODE_FILE	0444
#define MODE_EXECUTABLE 0555
#define MODE_DIRECTORY	0555
#define MODE_LINK	0777

void unpack_open(struct unpack *ret, struct ext4_image *image, size_t area)
{
	*ret = (struct unpack){ .root_parent = image->store_inode };
	allocator_open(&ret->allocator, image, area);
}

int unpack_close(struct unpack *unpack, struct error *err)
{
	return allocator_close(&unpack->allocator, err);
}

void unpack_drop(struct unpack *unpack)
{
	while (unpack->depth > 0)
		directory_free(&unpack->directories[--unpack->depth]);
	digest_free(&unpack->contents);
	extents_free(&unpack->extents);
	allocator_drop(&unpack->allocator);
}

/* Adds an entry to the innermost open directory, or stores it as the root. */
static void add_unpacked_entry(
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
	int r = allocator_take_inode(&unpack->allocator, INODE_DIRECTORY, &inode, err);

	if (r < 0)
		return r;
	add_unpacked_entry(unpack, name, inode, ENTRY_DIRECTORY);
	if (unpack->depth > 0)
		parent = unpack->directories[unpack->depth - 1].inode;
	directory_begin(&unpack->directories[unpack->depth++], inode, parent);
	return 0;
}

static int end_directory(void *userdata, struct error *err)
{
	struct unpack *unpack = userdata;
	struct directory *directory = &unpack->directories[--unpack->depth];
	int r = directory_write(directory, &unpack->allocator, MODE_DIRECTORY, err);

	directory_free(directory);
	return r;
}

static int make_store_file(
	void *userdata, const char *name, bool executable, uint64_t size_bytes, struct error *err)
{
	struct unpack *unpack = userdata;
	int r = allocator_take_inode(&unpack->allocator, INODE_FILE, &unpack->file, err);

	if (r < 0)
		return r;
	add_unpacked_entry(unpack, name, unpack->file, ENTRY_FILE);
	unpack->executable = executable;
	unpack->size_bytes = size_bytes;
	unpack->left_bytes = size_bytes;
	extents_clear(&unpack->extents);
	unpack->space_bytes = 0;
	return 0;
}

static uint64_t blocks_for(const struct unpack *unpack, uint64_t size_bytes)
{
	uint32_t block_bytes = unpack->allocator.image->block_bytes;

	return size_bytes / block_bytes + (size_bytes % block_bytes > 0);
}

static int write_file(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct unpack *unpack = userdata;

	if (unpack->contents)
		digest_update(unpack->contents, data, size_bytes);
	while (size_bytes > 0) {
		size_t piece;

		if (unpack->space_bytes == 0) {
			int r = allocator_take_blocks(&unpack->allocator,
				blocks_for(unpack, unpack->left_bytes), &unpack->extents,
				&unpack->space, &unpack->space_bytes, err);

			if (r < 0)
				return r;
		}
		piece = size_bytes < unpack->space_bytes ? size_bytes : unpack->space_bytes;
		stream_copy(unpack->space, data, piece);
		unpack->space += piece;
		unpack->space_bytes -= piece;
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

	if (unpack->space_bytes > 0)
		memset(unpack->space, 0, unpack->space_bytes);
	return inode_write(&unpack->allocator, unpack->file, &content, err);
}

/* Writes a target that is too long for the record into a block of its own. */
static int write_target(struct unpack *unpack, const char *target, size_t length, struct error *err)
{
	struct allocator *allocator = &unpack->allocator;
	uint8_t *space;
	size_t space_bytes;
	int r;

	if (length >= allocator->image->block_bytes)
		return error_errno(
			err, -ENAMETOOLONG, "make a link with a target of %zu bytes", length);
	r = allocator_take_blocks(allocator, 1, &unpack->extents, &space, &space_bytes, err);
	if (r < 0)
		return r;
	memcpy(space, target, length);
	memset(space + length, 0, space_bytes - length);
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
	int r = allocator_take_inode(&unpack->allocator, INODE_FILE, &inode, err);

	if (r < 0)
		return r;
	add_unpacked_entry(unpack, name, inode, ENTRY_LINK);
	extents_clear(&unpack->extents);
	if (length <= LINK_FAST_MAX) {
		content.fast_target = target;
	} else {
		content.extents = &unpack->extents;
		r = write_target(unpack, target, length, err);
	}
	if (r < 0)
		return r;
	return inode_write(&unpack->allocator, inode, &content, err);
}

const struct nar_events unpack_events = {
	.directory = make_directory,
	.directory_end = end_directory,
	.file = make_store_file,
	.file_data = write_file,
	.file_end = end_file,
	.link = make_symlink,
};
