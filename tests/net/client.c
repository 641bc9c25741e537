/* SPDX-License-Identifier: MIT */
/*
 * client — the modules that fetch a closure, as the installer calls them, for the tests beside it.
 *
 *     client install CONFIG SYSTEM IMAGE      walks the closure, and copies it into a fresh ext4
 *     client manifest CONFIG                  reads the manifest and prints its system
 *     client post CONFIG URL JSON SECONDS
 *
 * CONFIG is a file like guest-installer.conf; a file netrc beside it holds passwords. The log goes
 * to the file LOG in the environment. An error goes to standard error as "code: sentence", and the
 * exit status is 1.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "config/check.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "engine.h"
#include "input/config_sources.h"
#include "net/download.h"
#include "nix/closure_walk.h"
#include "store/copy.h"

static int read_config(const char *path, struct config *config, struct error *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *folder = strdup(path);
	size_t size_bytes;
	int r = file_read(path, 65536, &text, &size_bytes, err);

	if (r < 0)
		return r;
	key_table_set_defaults(config);
	merge_text(config, path, text, size_bytes);
	*strrchr(folder, '/') = '\0';
	snprintf(config->cache.fetch.netrc_file, sizeof(config->cache.fetch.netrc_file),
		"%.100s/netrc", folder);
	if (access(config->cache.fetch.netrc_file, R_OK) < 0)
		config->cache.fetch.netrc_file[0] = '\0';
	return check_config(config, err);
}

static int install(
	const struct config *config, const char *system, const char *image, struct error *err)
{
	struct closure closure = { 0 };
	int r = closure_walk(&config->cache, system, "", &closure, err);

	if (r == 0)
		r = copy_closure(&config->cache, &closure, &(struct copy_target){ .path = image },
			NULL, NULL, err);
	closure_free(&closure);
	return r;
}

static int manifest(const struct config *config, struct error *err)
{
	static struct manifest manifest;
	int r = engine_read_manifest(config, &manifest, err);

	if (r == 0)
		puts(manifest.system);
	return r;
}

static int post(const struct config *config, const char *url, const char *json, long long seconds,
	struct error *err)
{
	struct report_target target = { .fetch = config->cache.fetch };

	snprintf(target.url, sizeof(target.url), "%s", url);
	return download_post(&target, json, seconds * 1000, err);
}

int main(int argc, char **argv)
{
	static struct config config;
	struct error err = { 0 };
	struct rusage usage;
	int r;

	if (argc < 3)
		return 2;
	r = read_config(argv[2], &config, &err);
	if (r == 0 && argc == 5 && strcmp(argv[1], "install") == 0)
		r = install(&config, argv[3], argv[4], &err);
	else if (r == 0 && argc == 3 && strcmp(argv[1], "manifest") == 0)
		r = manifest(&config, &err);
	else if (r == 0 && argc == 6 && strcmp(argv[1], "post") == 0)
		r = post(&config, argv[3], argv[4], atoll(argv[5]), &err);
	else if (r == 0)
		return 2;
	getrusage(RUSAGE_SELF, &usage);
	printf("peak-kib %ld\n", usage.ru_maxrss);
	if (getenv("LOG")) {
		struct error log_err;

		if (log_save(getenv("LOG"), &log_err) < 0)
			fprintf(stderr, "%s\n", log_err.text);
	}
	if (r < 0)
		fprintf(stderr, "%d: %s\n", err.code, err.text);
	return r < 0;
}
