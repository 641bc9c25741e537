/* SPDX-License-Identifier: MIT */
#include "disk/blank.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/units.h"

#define HEAD_BYTES   (256 * MIB)
#define TAIL_BYTES   (64 * MIB)
#define SAMPLE_COUNT 1024
#define BLOCK_BYTES  4096 /* alignment that O_DIRECT needs with any sector size */
#define PIECE_BYTES  (4 * MIB)
#define BLOCK_WORDS  (BLOCK_BYTES / sizeof(uint64_t))
#define PIECE_PAGES  (PIECE_BYTES / 4096) /* of the smallest size */

/* An open disk with a buffer that is aligned for direct reads. */
struct scan {
	int fd;
	bool is_file;
	int direct_fd; /* the same disk, past the page cache; -1 if that is not supported */
	uint64_t size_bytes;
	uint64_t *piece;
};

/* A page cache would have to be filled first: that takes most of the time in an emulated guest, and
 * half of the time for a file on a fast disk. */
static void open_direct(struct scan *scan)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", scan->fd);
	scan->direct_fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK);
}

/* Whether the page cache holds all of a piece: it is the faster source then, by far, and a host has
 * often just written the image file that it gives to us. A machine has not read its disk before. */
static bool is_cached(const struct scan *scan, size_t size_bytes, uint64_t offset_bytes)
{
	unsigned char resident[PIECE_PAGES];
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t pages = (size_bytes + page_bytes - 1) / page_bytes;
	void *map = mmap(NULL, size_bytes, PROT_READ, MAP_SHARED, scan->fd, (off_t)offset_bytes);
	bool cached;

	if (map == MAP_FAILED)
		return false;
	cached = mincore(map, size_bytes, resident) == 0;
	for (size_t i = 0; cached && i < pages; i++)
		cached = resident[i] & 1;
	munmap(map, size_bytes);
	return cached;
}

/* Some drivers accept O_DIRECT and refuse the read itself with EINVAL. */
static ssize_t read_piece(struct scan *scan, size_t size_bytes, uint64_t offset_bytes)
{
	ssize_t n;

	if (scan->direct_fd >= 0 && !(scan->is_file && is_cached(scan, size_bytes, offset_bytes))) {
		n = pread(scan->direct_fd, scan->piece, size_bytes, (off_t)offset_bytes);
		if (n >= 0 || errno != EINVAL)
			return n < 0 ? -errno : n;
		close(steal_fd(&scan->direct_fd));
	}
	n = pread(scan->fd, scan->piece, size_bytes, (off_t)offset_bytes);
	return n < 0 ? -errno : n;
}

/* The first block that is not all zeros, or count. memcmp of musl compares byte by byte, which is
 * several times slower than this. */
static size_t find_block(const uint64_t *words, size_t count)
{
	for (size_t block = 0; block < count; block++) {
		uint64_t any = 0;

		for (size_t i = 0; i < BLOCK_WORDS; i++)
			any |= words[block * BLOCK_WORDS + i];
		if (any)
			return block;
	}
	return count;
}

/* The first byte that is not zero among the first size_bytes of the buffer, or size_bytes. */
static size_t find_byte(const struct scan *scan, size_t size_bytes)
{
	const char *bytes = (const char *)scan->piece;
	size_t i = find_block(scan->piece, size_bytes / BLOCK_BYTES) * BLOCK_BYTES;

	while (i < size_bytes && bytes[i] == 0)
		i++;
	return i;
}

/* Looks at [offset, end), widened to whole blocks. 1 with the place in *ret, 0, or -errno. */
static int find_in_range(struct scan *scan, uint64_t offset_bytes, uint64_t end, uint64_t *ret)
{
	offset_bytes -= offset_bytes % BLOCK_BYTES;
	end = end < scan->size_bytes ? end : scan->size_bytes;
	while (offset_bytes < end) {
		uint64_t left = (end - offset_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
		ssize_t n = read_piece(scan, left < PIECE_BYTES ? left : PIECE_BYTES, offset_bytes);
		size_t found;

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		found = find_byte(scan, (size_t)n);
		if (found < (size_t)n) {
			*ret = offset_bytes + found;
			return 1;
		}
		offset_bytes += (uint64_t)n;
	}
	return 0;
}

static int find_in_samples(struct scan *scan, uint64_t *ret)
{
	uint64_t span = scan->size_bytes - HEAD_BYTES - TAIL_BYTES;
	int r = 0;

	for (uint64_t i = 1; r == 0 && i <= SAMPLE_COUNT; i++) {
		uint64_t offset = HEAD_BYTES + span / (SAMPLE_COUNT + 1) * i;

		r = find_in_range(scan, offset, offset + 1, ret);
	}
	return r;
}

static int find_on_device(struct scan *scan, uint64_t *ret)
{
	int r;

	if (scan->size_bytes <= HEAD_BYTES + TAIL_BYTES)
		return find_in_range(scan, 0, scan->size_bytes, ret);
	r = find_in_range(scan, 0, HEAD_BYTES, ret);
	if (r != 0)
		return r;
	r = find_in_samples(scan, ret);
	if (r != 0)
		return r;
	return find_in_range(scan, scan->size_bytes - TAIL_BYTES, scan->size_bytes, ret);
}

/* Every extent that has blocks. A file system that does not know SEEK_DATA answers that all of the
 * file is one. */
static int find_in_extents(struct scan *scan, uint64_t *ret)
{
	off_t start = 0, end = 0;
	int r = 0;

	while (r == 0) {
		start = lseek(scan->fd, end, SEEK_DATA);
		if (start < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(scan->fd, start, SEEK_HOLE);
		if (end < 0)
			return -errno;
		r = find_in_range(scan, (uint64_t)start, (uint64_t)end, ret);
	}
	return r;
}

int blank_find_data(int fd, uint64_t size_bytes, uint64_t *ret)
{
	struct scan scan = { .fd = fd, .direct_fd = -1, .size_bytes = size_bytes };
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	scan.is_file = S_ISREG(st.st_mode);
	if (scan.is_file && (uint64_t)st.st_size < size_bytes)
		return -EIO;
	scan.piece = aligned_alloc(BLOCK_BYTES, PIECE_BYTES);
	if (!scan.piece)
		abort();
	open_direct(&scan);
	r = (scan.is_file ? find_in_extents : find_on_device)(&scan, ret);
	if (scan.direct_fd >= 0)
		close(scan.direct_fd);
	free(scan.piece);
	return r;
}
