/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "net/url.h"
#include "nix/flake.h"

void config_add_error(struct config *config, const char *fmt, ...)
{
	size_t used = strlen(config->errors);
	size_t room = sizeof(config->errors) - CONFIG_MORE_BYTES - used;
	va_list args;
	int length;

	config->error_count++;
	va_start(args, fmt);
	length = vsnprintf(config->errors + used, room, fmt, args);
	va_end(args);
	if (length < 0 || (size_t)length + 1 >= room) {
		config->errors[used] = '\0';
		return;
	}
	url_hide_credentials(config->errors + used);
	length = (int)strlen(config->errors + used);
	/* One a line, whatever a value held. */
	for (char *p = config->errors + used; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	memcpy(config->errors + used + length, "\n", 2);
}

bool config_needs_network(const struct config *config)
{
	bool needs = url_is_remote(config->manifest) || url_is_remote(config->configuration) ||
		     flake_is_remote(config->flake);

	for (size_t i = 0; i < config->cache.cache_count; i++)
		needs = needs || url_is_remote(config->cache.caches[i]);
	return needs;
}

bool config_wants_network(const struct config *config)
{
	return config_needs_network(config) || config->report_url[0];
}

/* Whether a URL or a path is below the folder. */
static bool is_below(const char *url, const char *folder)
{
	size_t length = strlen(folder);

	if (text_starts_with(url, "file://"))
		url += strlen("file://");
	return strncmp(url, folder, length) == 0 && url[length] == '/';
}

bool config_needs_folder(const struct config *config, const char *folder)
{
	bool all = config->cache.cache_count > 0;

	for (size_t i = 0; i < config->cache.cache_count; i++)
		all = all && is_below(config->cache.caches[i], folder);
	return all || is_below(config->manifest, folder) || is_below(config->configuration, folder);
}
