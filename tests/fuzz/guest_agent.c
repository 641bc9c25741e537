/* SPDX-License-Identifier: MIT */
/* Any stream of a host, in pieces of any size. However it is cut, the replies are the same. */
#include "verdict/guest_agent.h"
#include "fuzz.h"

/* The replies to the stream in pieces of at most max_bytes. */
static char *answer_in_pieces(
	const uint8_t *data, size_t size_bytes, size_t max_bytes, size_t *ret_bytes)
{
	uint64_t state = fuzz_hash(0, data, size_bytes);
	struct guest_agent agent = { 0 };
	char *all = NULL;

	*ret_bytes = 0;
	for (size_t done = 0; done < size_bytes;) {
		size_t piece_bytes = fuzz_piece(&state, max_bytes), reply_bytes;
		char *reply;

		if (piece_bytes > size_bytes - done)
			piece_bytes = size_bytes - done;
		reply = guest_agent_answer(
			&agent, (const char *)data + done, piece_bytes, &reply_bytes);
		promised(!reply == (reply_bytes == 0) && agent.size_bytes <= sizeof(agent.request));
		all = must_realloc(all, *ret_bytes + reply_bytes + 1, 1);
		if (reply)
			memcpy(all + *ret_bytes, reply, reply_bytes);
		*ret_bytes += reply_bytes;
		done += piece_bytes;
		free(reply);
	}
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	size_t whole_bytes, cut_bytes;
	AUTO_FREE char *whole = answer_in_pieces(data, size_bytes, size_bytes + 1, &whole_bytes);
	AUTO_FREE char *cut = answer_in_pieces(data, size_bytes, 7, &cut_bytes);

	promised(whole_bytes == cut_bytes && (!whole_bytes || memcmp(whole, cut, cut_bytes) == 0));
	promised(!whole_bytes || whole[whole_bytes - 1] == '\n');
	return 0;
}
