/* SPDX-License-Identifier: MIT */
/* Any bytes as what xenstored answers. The daemon is a socket that has all answers in it
 * already. */
#include "input/xenstore.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/littleendian.h"
#include "mutate.h"

#define HEADER_BYTES 16
#define SIZE_OFFSET  12
/* What a socket takes at once. */
#define ANSWERS_MAX_BYTES ((size_t)64 * 1024)

/* An answer is an item: a header, whose last word is the size of what follows. */
static int take_answer(const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret)
{
	size_t payload = *size_bytes < HEADER_BYTES ? 0 : get_le32(*data + SIZE_OFFSET);

	if (*size_bytes < HEADER_BYTES || payload > *size_bytes - HEADER_BYTES)
		return 0;
	*ret = (struct fuzz_item){ *data, HEADER_BYTES + payload };
	*data += ret->size_bytes;
	*size_bytes -= ret->size_bytes;
	return 1;
}

/* Type, request and transaction are content; only the size is made right. */
static size_t put_answer(const struct fuzz_item *item, uint8_t *ret, size_t room_bytes)
{
	if (item->size_bytes < HEADER_BYTES || item->size_bytes > room_bytes)
		return 0;
	memcpy(ret, item->data, item->size_bytes);
	put_le32(ret + SIZE_OFFSET, (uint32_t)(item->size_bytes - HEADER_BYTES));
	return item->size_bytes;
}

static const struct fuzz_format answers = { take_answer, put_answer };
FUZZ_MUTATE_ITEMS(answers);

static void check_data(const struct xenstore_data *data)
{
	promised(!data->settings_bytes == !data->settings);
	promised(!data->settings || data->settings[data->settings_bytes - 1] == '\0');
	for (size_t at = 0; at < data->settings_bytes; at += strlen(data->settings + at) + 1)
		promised(strchr(data->settings + at, '='));
	promised(!data->keys_text || data->keys_text[data->keys_bytes] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct xenstore_data found;
	struct error err = FUZZ_NO_ERROR;
	int ends[2], r;

	if (size_bytes > ANSWERS_MAX_BYTES)
		return 0;
	promised(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	promised(write(ends[1], data, size_bytes) == (ssize_t)size_bytes);
	promised(shutdown(ends[1], SHUT_WR) == 0);
	r = xenstore_read(ends[0], &found, &err);
	promised(r == 0 || fuzz_error_is_set(&err));
	if (r == 0) {
		check_data(&found);
		xenstore_free(&found);
	}
	close(ends[0]);
	close(ends[1]);
	return 0;
}
