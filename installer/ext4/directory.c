/* SPDX-License-Identifier: MIT */
#include "ext4/directory.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "ext4/inode.h"

#define ENTRY_HEAD_BYTES 8  /* of a directory entry before the name */
#define DOTS_BYTES	 24 /* of the entries for itself and the parent */

/* An entry in memory; the name follows. */
struct entry {
	uint32_t inode;
	uint8_t type;
	uint8_t length;
} __attribute__((packed));

/* An entry in the order of the index. */
struct sorted {
	uint32_t major, minor;
	const struct entry *entry;
};

/* A block of entries: those up to `end`, whose hashes are not below `hash`. */
struct leaf {
	uint32_t hash;
	size_t end;
};

/* The state while the blocks of one directory are written. */
struct block_writer {
	const struct directory *directory;
	struct allocator *allocator;
	struct extents extents;
	uint64_t blocks_left; /* not allocated yet */
	uint8_t *space;
	size_t space_bytes;
};

/* -------------------------------------------------------- gathering */

void directory_begin(struct directory *ret, uint32_t inode, uint32_t parent)
{
	*ret = (struct directory){ .inode = inode, .parent = parent };
}

void directory_free(struct directory *directory)
{
	free(directory->names);
	*directory = (struct directory){ 0 };
}

static size_t on_disk_bytes(size_t name_length)
{
	return (ENTRY_HEAD_BYTES + name_length + 3) & ~(size_t)3;
}

void directory_add(
	struct directory *directory, const char *name, uint32_t inode, enum entry_type type)
{
	size_t length = strlen(name), size_bytes = sizeof(struct entry) + length;
	struct entry entry = { inode, (uint8_t)type, (uint8_t)length };

	if (length == 0 || length > DIRECTORY_NAME_MAX)
		abort();
	if (directory->names_bytes + size_bytes > directory->names_capacity) {
		directory->names_capacity = 2 * directory->names_capacity + 512;
		directory->names = must_realloc(directory->names, directory->names_capacity, 1);
	}
	memcpy(directory->names + directory->names_bytes, &entry, sizeof(entry));
	memcpy(directory->names + directory->names_bytes + sizeof(entry), name, length);
	directory->names_bytes += size_bytes;
	directory->entry_bytes += on_disk_bytes(length);
	directory->entry_count++;
	directory->directory_count += type == ENTRY_DIRECTORY;
}

static const struct entry *first_entry(const struct directory *directory)
{
	return (const struct entry *)directory->names;
}

static const struct entry *next_entry(const struct entry *entry)
{
	return (const struct entry *)((const uint8_t *)(entry + 1) + entry->length);
}

/* -------------------------------------------------------- blocks */

static uint32_t block_bytes(const struct block_writer *writer)
{
	return writer->allocator->image->block_bytes;
}

/* Bytes of a block for entries: a checksum has an entry of its own at the end. */
static size_t capacity(const struct block_writer *writer)
{
	return block_bytes(writer) -
	       (writer->allocator->image->checksums ? sizeof(struct ext2_dir_entry_tail) : 0);
}

/* Begins the next block, filled with zeros. */
static int next_block(struct block_writer *writer, uint8_t **ret, struct error *err)
{
	if (writer->space_bytes == 0) {
		int r = allocator_take_blocks(writer->allocator, writer->blocks_left,
			&writer->extents, &writer->space, &writer->space_bytes, err);

		if (r < 0)
			return r;
	}
	*ret = writer->space;
	memset(*ret, 0, block_bytes(writer));
	writer->space += block_bytes(writer);
	writer->space_bytes -= block_bytes(writer);
	writer->blocks_left--;
	return 0;
}

/* Writes one entry; returns its length. */
static size_t put_name(
	uint8_t *at, uint32_t inode, enum entry_type type, const void *name, size_t length)
{
	struct ext2_dir_entry_2 *entry = (struct ext2_dir_entry_2 *)at;

	entry->inode = inode;
	entry->rec_len = (uint16_t)on_disk_bytes(length);
	entry->name_len = (uint8_t)length;
	entry->file_type = (uint8_t)type;
	memcpy(entry->name, name, length);
	return entry->rec_len;
}

static size_t put_entry(uint8_t *at, const struct entry *entry)
{
	return put_name(at, entry->inode, entry->type, entry + 1, entry->length);
}

static size_t put_dots(const struct directory *directory, uint8_t *block)
{
	size_t used = put_name(block, directory->inode, ENTRY_DIRECTORY, ".", 1);

	return used + put_name(block + used, directory->parent, ENTRY_DIRECTORY, "..", 2);
}

/* Extends the last entry, which begins at last, to the end of the block. A length of 64 KiB,
 * which the field cannot hold, does not occur. */
static void finish_block(const struct block_writer *writer, uint8_t *block, size_t last)
{
	struct ext2_dir_entry_2 *entry = (struct ext2_dir_entry_2 *)(block + last);
	struct ext2_dir_entry_tail *tail;
	size_t end = capacity(writer);

	entry->rec_len = (uint16_t)(end - last);
	if (end == block_bytes(writer))
		return;
	tail = (struct ext2_dir_entry_tail *)(block + end);
	tail->det_rec_len = sizeof(*tail);
	tail->det_reserved_name_len = EXT2_DIR_NAME_LEN_CSUM;
	tail->det_checksum = ext4_image_add_checksum(
		ext4_image_begin_checksum(writer->allocator->image, writer->directory->inode),
		block, end);
}

static int write_plain(struct block_writer *writer, struct error *err)
{
	const struct directory *directory = writer->directory;
	const struct entry *entry = first_entry(directory);
	size_t used, last;
	uint8_t *block;
	int r;

	writer->blocks_left = 1;
	r = next_block(writer, &block, err);
	if (r < 0)
		return r;
	used = put_dots(directory, block);
	last = on_disk_bytes(1);
	for (size_t i = 0; i < directory->entry_count; i++, entry = next_entry(entry)) {
		last = used;
		used += put_entry(block + used, entry);
	}
	finish_block(writer, block, last);
	return 0;
}

/* -------------------------------------------------------- the index */

static int compare_hashes(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->major != y->major)
		return x->major < y->major ? -1 : 1;
	if (x->minor != y->minor)
		return x->minor < y->minor ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* Sorts the entries by hash; the caller frees the array. */
static int sort_entries(const struct block_writer *writer, struct sorted **ret,
	uint8_t *ret_version, struct error *err)
{
	const struct directory *directory = writer->directory;
	const struct entry *entry = first_entry(directory);
	AUTO_FREE struct sorted *sorted = must_realloc(
		NULL, directory->entry_count, sizeof(*sorted));

	for (size_t i = 0; i < directory->entry_count; i++, entry = next_entry(entry)) {
		struct name_hash hash;
		int r = ext4_image_hash_name(writer->allocator->image, (const char *)(entry + 1),
			entry->length, &hash, err);

		if (r < 0)
			return r;
		sorted[i] = (struct sorted){ hash.major, hash.minor, entry };
		*ret_version = hash.version;
	}
	qsort(sorted, directory->entry_count, sizeof(*sorted), compare_hashes);
	*ret = sorted;
	sorted = NULL;
	return 0;
}

/* Distributes the entries over blocks; the caller frees the leaves. If names of one hash do not
 * fit into one block, the lowest bit of the hash of the next block says that it continues. */
static struct leaf *make_leaves(
	const struct block_writer *writer, const struct sorted *sorted, size_t *ret_count)
{
	size_t count = 0, room = 0, used = capacity(writer);
	struct leaf *leaves = NULL;

	for (size_t i = 0; i < writer->directory->entry_count; i++) {
		size_t size_bytes = on_disk_bytes(sorted[i].entry->length);

		if (used + size_bytes > capacity(writer)) {
			bool goes_on = i > 0 && sorted[i].major == sorted[i - 1].major;

			if (count == room) {
				room = 2 * room + 16;
				leaves = must_realloc(leaves, room, sizeof(*leaves));
			}
			leaves[count++].hash = sorted[i].major | goes_on;
			used = 0;
		}
		used += size_bytes;
		leaves[count - 1].end = i + 1;
	}
	*ret_count = count;
	return leaves;
}

/* Writes the entries of an index block. The place of the first hash holds the number of entries
 * and its limit. */
static void put_index(const struct block_writer *writer, uint8_t *block, size_t at, size_t limit,
	const struct leaf *leaves, size_t count, size_t stride, uint32_t first_block)
{
	struct ext2_dx_entry *entries = (struct ext2_dx_entry *)(block + at);
	struct ext2_dx_countlimit countlimit = { (uint16_t)limit, (uint16_t)count };
	struct ext2_dx_tail tail = { 0 };
	uint32_t checksum;

	for (size_t i = 0; i < count; i++) {
		entries[i].hash = leaves[i * stride].hash;
		entries[i].block = first_block + (uint32_t)i;
	}
	memcpy(entries, &countlimit, sizeof(countlimit));
	if (!writer->allocator->image->checksums)
		return;
	checksum = ext4_image_begin_checksum(writer->allocator->image, writer->directory->inode);
	checksum = ext4_image_add_checksum(checksum, block, at + count * sizeof(*entries));
	tail.dt_checksum = ext4_image_add_checksum(checksum, &tail, sizeof(tail));
	memcpy(entries + limit, &tail, sizeof(tail));
}

/* The number of index entries that fit behind the head of a block. */
static size_t index_limit(const struct block_writer *writer, size_t head_bytes)
{
	size_t tail = writer->allocator->image->checksums ? sizeof(struct ext2_dx_tail) : 0;

	return (block_bytes(writer) - head_bytes - tail) / sizeof(struct ext2_dx_entry);
}

#define ROOT_HEAD_BYTES (DOTS_BYTES + sizeof(struct ext2_dx_root_info))
#define NODE_HEAD_BYTES ENTRY_HEAD_BYTES

/* Writes the first block: the entries . and .., the second of which covers the block for readers
 * without index support, and the index of the leaves or of the nodes above them. */
static int write_root(struct block_writer *writer, uint8_t version, const struct leaf *leaves,
	size_t leaf_count, size_t node_count, struct error *err)
{
	size_t stride = node_count ? index_limit(writer, NODE_HEAD_BYTES) : 1;
	struct ext2_dx_root_info info = {
		.hash_version = version,
		.info_length = sizeof(info),
		.indirect_levels = node_count > 0,
	};
	struct ext2_dir_entry_2 *parent;
	uint8_t *block;
	int r = next_block(writer, &block, err);

	if (r < 0)
		return r;
	put_dots(writer->directory, block);
	parent = (struct ext2_dir_entry_2 *)(block + on_disk_bytes(1));
	parent->rec_len = (uint16_t)(block_bytes(writer) - on_disk_bytes(1));
	memcpy(block + DOTS_BYTES, &info, sizeof(info));
	put_index(writer, block, ROOT_HEAD_BYTES, index_limit(writer, ROOT_HEAD_BYTES), leaves,
		node_count ? node_count : leaf_count, stride, 1);
	return 0;
}

/* Writes the nodes between root and leaves; each begins with an empty entry that covers it. */
static int write_nodes(struct block_writer *writer, const struct leaf *leaves, size_t leaf_count,
	size_t node_count, struct error *err)
{
	size_t limit = index_limit(writer, NODE_HEAD_BYTES);

	for (size_t i = 0; i < node_count; i++) {
		size_t first = i * limit;
		size_t count = leaf_count - first < limit ? leaf_count - first : limit;
		uint8_t *block;
		int r = next_block(writer, &block, err);

		if (r < 0)
			return r;
		((struct ext2_dir_entry_2 *)block)->rec_len = (uint16_t)block_bytes(writer);
		put_index(writer, block, NODE_HEAD_BYTES, limit, leaves + first, count, 1,
			(uint32_t)(1 + node_count + first));
	}
	return 0;
}

static int write_leaves(struct block_writer *writer, const struct sorted *sorted,
	const struct leaf *leaves, size_t leaf_count, struct error *err)
{
	for (size_t i = 0, next = 0; i < leaf_count; i++) {
		size_t used = 0, last = 0;
		uint8_t *block;
		int r = next_block(writer, &block, err);

		if (r < 0)
			return r;
		for (; next < leaves[i].end; next++) {
			last = used;
			used += put_entry(block + used, sorted[next].entry);
		}
		finish_block(writer, block, last);
	}
	return 0;
}

static int write_indexed(struct block_writer *writer, struct error *err)
{
	size_t root_limit = index_limit(writer, ROOT_HEAD_BYTES);
	size_t node_limit = index_limit(writer, NODE_HEAD_BYTES);
	AUTO_FREE struct sorted *sorted = NULL;
	AUTO_FREE struct leaf *leaves = NULL;
	size_t leaf_count, node_count = 0;
	uint8_t version = 0;
	int r = sort_entries(writer, &sorted, &version, err);

	if (r < 0)
		return r;
	leaves = make_leaves(writer, sorted, &leaf_count);
	if (leaf_count > root_limit)
		node_count = (leaf_count + node_limit - 1) / node_limit;
	if (node_count > root_limit)
		return error_set(err, -ENOSPC, "a directory of %zu entries is too large for ext4",
			writer->directory->entry_count);
	writer->blocks_left = 1 + node_count + leaf_count;
	r = write_root(writer, version, leaves, leaf_count, node_count, err);
	if (r < 0)
		return r;
	r = write_nodes(writer, leaves, leaf_count, node_count, err);
	if (r < 0)
		return r;
	return write_leaves(writer, sorted, leaves, leaf_count, err);
}

int directory_write(const struct directory *directory, struct allocator *allocator, uint16_t mode,
	struct error *err)
{
	struct block_writer writer = { .directory = directory, .allocator = allocator };
	bool indexed = DOTS_BYTES + directory->entry_bytes > capacity(&writer);
	struct inode_content content = {
		.mode = S_IFDIR | mode,
		.links = 2 + directory->directory_count,
		.indexed = indexed,
		.extents = &writer.extents,
	};
	int r = (indexed ? write_indexed : write_plain)(&writer, err);

	content.size_bytes = writer.extents.block_count * block_bytes(&writer);
	if (r == 0)
		r = inode_write(allocator, directory->inode, &content, err);
	extents_free(&writer.extents);
	return r;
}
