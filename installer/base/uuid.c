/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

void uuid_choose(char ret[UUID_TEXT_BYTES])
{
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, ret);
}

/* The callers have checked the seed (uuid_choose, or the key seed). */
static void derive(const char *seed, const char *purpose, uuid_t ret)
{
	uuid_t namespace;

	if (uuid_parse(seed, namespace) < 0)
		abort();
	uuid_generate_sha1(ret, namespace, purpose, strlen(purpose));
}

void uuid_derive(const char *seed, const char *purpose, char ret[UUID_TEXT_BYTES])
{
	uuid_t uuid;

	derive(seed, purpose, uuid);
	uuid_unparse_lower(uuid, ret);
}

void uuid_derive_upper(const char *seed, const char *purpose, char ret[UUID_TEXT_BYTES])
{
	uuid_t uuid;

	derive(seed, purpose, uuid);
	uuid_unparse_upper(uuid, ret);
}

void uuid_derive_fat_serial(const char *seed, const char *purpose, char ret[FAT_SERIAL_BYTES])
{
	uint32_t serial = uuid_derive_u32(seed, purpose);

	snprintf(ret, FAT_SERIAL_BYTES, "%04X-%04X", serial >> 16, serial & 0xffff);
}

uint32_t uuid_derive_u32(const char *seed, const char *purpose)
{
	uuid_t uuid;
	uint32_t number;

	derive(seed, purpose, uuid);
	number = (uint32_t)uuid[0] << 24 | (uint32_t)uuid[1] << 16 | (uint32_t)uuid[2] << 8 |
		 uuid[3];
	return number ? number : 1;
}

int uuid_to_bytes(const char *text, uint8_t ret[UUID_BYTES])
{
	uuid_t uuid;

	if (uuid_parse(text, uuid) < 0)
		return -EINVAL;
	memcpy(ret, uuid, sizeof(uuid));
	return 0;
}
