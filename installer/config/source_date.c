/* SPDX-License-Identifier: MIT */
#include "config/source_date.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

static int parse_epoch(const char *epoch, int64_t *ret, struct error *err)
{
	char *end;

	errno = 0;
	*ret = strtoll(epoch, &end, 10);
	if (errno || *end || end == epoch || *ret < 1 || *ret > INT32_MAX)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"SOURCE_DATE_EPOCH is \"%.40s\": set it to seconds since 1970, from 1 to %" PRId32
			".",
			epoch, INT32_MAX);
	return 0;
}

int source_date_choose(const struct config *config, int64_t *ret, struct error *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	if (epoch)
		return parse_epoch(epoch, ret, err);
	*ret = config->given[KEY_SEED] ? SOURCE_DATE_SEEDED_S : (int64_t)time(NULL);
	return 0;
}
