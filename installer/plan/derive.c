/* SPDX-License-Identifier: MIT */
#include "plan/derive.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

static void derive(const char *seed, const char *purpose, uint8_t ret[SHA256_BYTES])
{
	struct digest *digest = digest_new();
	char lower[37];

	snprintf(lower, sizeof(lower), "%s", seed);
	text_lower(lower);
	digest_update(digest, lower, strlen(lower));
	digest_update(digest, purpose, strlen(purpose));
	digest_finish(digest, ret);
}

void derive_uuid(const char *seed, const char *purpose, char ret[37])
{
	uint8_t sum[SHA256_BYTES];
	char *p = ret;

	derive(seed, purpose, sum);
	sum[6] = (uint8_t)(0x80 | (sum[6] & 0x0f)); /* version 8 */
	sum[8] = (uint8_t)(0x80 | (sum[8] & 0x3f)); /* the variant of RFC 9562 */
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += snprintf(p, 3, "%02x", sum[i]);
	}
}

uint32_t derive_u32(const char *seed, const char *purpose)
{
	uint8_t sum[SHA256_BYTES];
	uint32_t number;

	derive(seed, purpose, sum);
	number = (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
	return number ? number : 1;
}
