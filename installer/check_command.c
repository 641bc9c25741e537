/* SPDX-License-Identifier: MIT */
#include "check_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "input/config_sources.h"
#include "input/embedded_source.h"
#include "input/host_key_sources.h"
#include "input/key_sources.h"
#include "input/unused_configuration.h"
#include "plan/manifest_check.h"
#include "verdict/console.h"

#define MANIFEST_MAX_BYTES (1024 * 1024)

static int read_manifest(const char *path, struct manifest *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	int r = file_read(path, MANIFEST_MAX_BYTES, &text, &size_bytes, err);

	if (r < 0)
		return r;
	r = manifest_parse(text, size_bytes, ret, err);
	if (r < 0)
		error_wrap(err, "%s", path);
	return r;
}

static const char *starters(const struct manifest *manifest)
{
	if (layout_needs_host(manifest->layout))
		return "its host";
	if (manifest->firmware == FIRMWARE_UEFI)
		return "UEFI";
	return manifest->firmware == FIRMWARE_BIOS ? "BIOS" : "BIOS and UEFI";
}

static void print_size(const char *name, uint64_t size_bytes)
{
	char size[TEXT_SIZE_BYTES];

	printf("%s: %s or more (%" PRIu64 " bytes)\n", name, text_size(size, size_bytes),
		size_bytes);
}

static void print_needs(const struct manifest *manifest, const struct manifest_check *check)
{
	printf("system: %s\n", manifest->system);
	printf("layout: %s\n", layout_name(manifest->layout));
	printf("started by: %s\n", starters(manifest));
	print_size("disk", check->disk_bytes);
	if (check->boot_disk_bytes)
		print_size("boot disk", check->boot_disk_bytes);
	if (check->wants_swap)
		printf("to be set: swap, the size of the guest's swap partition, as in swap = 1G; the disk has to be larger by that size\n");
	if (check->login.text[0])
		printf("to be set: keys-user or keys. %s\n", check->login.text);
}

static int check_manifest(const struct config *config, const char *manifest_path, struct error *err)
{
	AUTO_FREE struct manifest *manifest = must_realloc(NULL, 1, sizeof(*manifest));
	struct manifest_check check;
	int r = read_manifest(manifest_path, manifest, err);

	if (r < 0)
		return r;
	r = manifest_check(config, manifest, &check, err);
	if (r < 0)
		return r;
	print_needs(manifest, &check);
	return 0;
}

/* The keys of an area, as an install reads them. There may be none: the key drive may have some. */
static int check_embedded_keys(const struct key_drive *files, struct error *err)
{
	static const struct key_settings keys = { .from = KEYS_FROM_DRIVE };
	static const struct host_key_settings host_keys = { .from_drive = true };
	AUTO_FREE struct config_sources *sources = must_realloc(NULL, 1, sizeof(*sources));
	struct given_host_keys given;
	AUTO_FREE char *text = NULL;
	int r = 0;

	memset(sources, 0, sizeof(*sources));
	sources->drive = *files;
	if (files->count)
		r = key_sources_read(&keys, "root", sources, &text, err);
	if (r < 0)
		return r;
	r = host_key_sources_read(&host_keys, files, &given, err);
	for (size_t i = 0; i < given.count; i++) {
		free(given.pairs[i].private_text);
		free(given.pairs[i].public_text);
	}
	return r;
}

static int check_with(
	const struct options *options, const struct key_drive *embedded, struct error *err)
{
	AUTO_FREE struct config *config = must_realloc(NULL, 1, sizeof(*config));
	int r = config_sources_read_given(options, embedded, config, err);

	if (r < 0)
		return r;
	r = check_embedded_keys(embedded, err);
	if (r < 0)
		return r;
	if (!options->operand)
		return 0;
	r = unused_configuration_check(config, embedded, err);
	if (r < 0)
		return r;
	return check_manifest(config, options->operand, err);
}

static int check_all(const struct options *options, struct error *err)
{
	AUTO_FREE struct embedded_source *embedded = must_realloc(NULL, 1, sizeof(*embedded));
	int r = 0;

	memset(embedded, 0, sizeof(*embedded));
	if (options->embedded_path)
		r = embedded_source_read_area(options->embedded_path, embedded, err);
	if (r < 0)
		return r;
	r = check_with(options, &embedded->files, err);
	embedded_source_free(embedded);
	return r;
}

int check_command_run(const struct options *options)
{
	struct error err = { 0 };

	console_silence();
	if (check_all(options, &err) == 0)
		return EXIT_INSTALLED;
	fprintf(stderr, "guest-installer: %s\n", err.text);
	return err.code ? err.code : EXIT_CONFIGURATION;
}
