/* SPDX-License-Identifier: MIT */
#include "disk/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void names_of_partition(const char *disk, unsigned number, char *ret, size_t ret_bytes)
{
	size_t length = strlen(disk);
	bool digit = length > 0 && isdigit((unsigned char)disk[length - 1]);

	ret[0] = '\0';
	text_append(ret, ret_bytes, "%s%s%u", disk, digit ? "p" : "", number);
}
