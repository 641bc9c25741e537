/* SPDX-License-Identifier: MIT */
#include "format/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/littleendian.h"
#include "base/uuid.h"

#define VERSION_OFFSET	 1024
#define LAST_PAGE_OFFSET 1028
#define UUID_OFFSET	 1036
#define LABEL_OFFSET	 1052
#define LABEL_BYTES	 16
#define MIN_PAGES	 10

static const char magic[] = "SWAPSPACE2";

static int encode(
	const struct swap_request *request, uint8_t ret_page[SWAP_PAGE_BYTES], struct error *err)
{
	uint64_t pages = request->size_bytes / SWAP_PAGE_BYTES;

	if (pages < MIN_PAGES || request->size_bytes > SWAP_MAX_BYTES)
		return error_set(err, -EINVAL, "%llu bytes are no size for a swap area",
			(unsigned long long)request->size_bytes);
	if (strlen(request->label) > LABEL_BYTES)
		return error_set(
			err, -EINVAL, "the label %s is longer than 16 bytes", request->label);
	memset(ret_page, 0, SWAP_PAGE_BYTES);
	if (uuid_to_bytes(request->uuid, ret_page + UUID_OFFSET) < 0)
		return error_set(err, -EINVAL, "%s is no UUID", request->uuid);
	put_le32(ret_page + VERSION_OFFSET, 1);
	put_le32(ret_page + LAST_PAGE_OFFSET, (uint32_t)(pages - 1));
	memcpy(ret_page + LABEL_OFFSET, request->label, strlen(request->label));
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the signature on the disk has no NUL */
	memcpy(ret_page + SWAP_PAGE_BYTES - strlen(magic), magic, strlen(magic));
	return 0;
}

static int write_page(
	const struct swap_request *request, const uint8_t page[SWAP_PAGE_BYTES], struct error *err)
{
	AUTO_CLOSE int fd = open(request->path, O_RDWR | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "open");
	r = file_write_at(fd, page, SWAP_PAGE_BYTES, request->offset_bytes);
	if (r < 0)
		return error_errno(err, r, "write its header");
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "wait for its header to be written");
	return 0;
}

int swap_make(const struct swap_request *request, struct error *err)
{
	uint8_t page[SWAP_PAGE_BYTES];
	int r = encode(request, page, err);

	if (r == 0)
		r = write_page(request, page, err);
	if (r < 0)
		error_wrap(err, "swap area on %s", request->path);
	return r;
}

int swap_set_uuid(int fd, uint64_t offset_bytes, const char *uuid, struct error *err)
{
	uint8_t bytes[UUID_BYTES];
	int r;

	if (uuid_to_bytes(uuid, bytes) < 0)
		return error_set(err, -EINVAL, "%s is no UUID", uuid);
	r = file_write_at(fd, bytes, sizeof(bytes), offset_bytes + UUID_OFFSET);
	return r < 0 ? error_errno(err, r, "write the UUID of the swap area") : 0;
}
