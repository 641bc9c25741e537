/* SPDX-License-Identifier: MIT */
#include "nixos_install/build_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "net/default_route.h"
#include "net/download.h"
#include "net/url.h"
#include "nix/flake.h"

#define NIX_MAX_BYTES (1024 * 1024)

/* The folders of NixOS first, then those of other systems with Nix. */
#define DEFAULT_FOLDERS                                                                            \
	"/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:"                            \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int find_nix_program(
	struct build_request *build_request, const char *name, char ret[512], struct error *err)
{
	if (process_find(name, build_request->folders, ret, 512) == 0)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
		"The engine nixos-install needs the program %s, which is in none of the folders %s: start the machine from a NixOS installation ISO, or say engine = cache.",
		name, build_request->folders);
}

static int find_programs(struct build_request *build_request, struct error *err)
{
	const char *folders = getenv("PATH");
	int r;

	build_request->folders = text_duplicate(folders && *folders ? folders : DEFAULT_FOLDERS);
	r = find_nix_program(
		build_request, "nixos-generate-config", build_request->generate_config, err);
	if (r < 0)
		return r;
	return find_nix_program(build_request, "nixos-install", build_request->install, err);
}

/* Fetches the text that the key configuration names and checks its configured hash. */
static int fetch_configuration(
	const struct config *config, struct build_request *build_request, struct error *err)
{
	AUTO_FREE char *shown = url_shown(config->configuration);
	size_t size_bytes;
	int r = download_fetch(&config->cache.fetch, config->configuration, NIX_MAX_BYTES,
		&build_request->configuration, &size_bytes, err);

	if (r == 0 && config->given[KEY_CONFIGURATION_SUM])
		r = download_check_sha256(build_request->configuration, size_bytes,
			config->configuration_sha256, "configuration-sha256", err);
	/* What stands behind one would be hashed and not be built. */
	if (r == 0 && strlen(build_request->configuration) != size_bytes)
		r = error_set_code(
			err, EXIT_CONFIGURATION, -EINVAL, "it has a NUL byte, so it is no text");
	if (r < 0)
		error_wrap(err, "%s", shown);
	return r;
}

static int take_drive_flake(
	const struct key_drive *drive, struct build_request *build_request, struct error *err)
{
	if (!drive->flake_text)
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"The flake is to come from the key drive, but %s: put flake.nix there, and flake.lock.",
			drive->found ? "there is no flake.nix on it" : "no key drive was found");
	build_request->flake = text_duplicate(drive->flake_text);
	build_request->lock = text_duplicate(drive->lock_text);
	build_request->configuration = text_duplicate(drive->configuration_text);
	return 0;
}

/* What lies on this machine has to be there. */
static int check_local(
	const struct config *config, const struct build_request *build_request, struct error *err)
{
	AUTO_FREE char *folder = text_duplicate(config->flake);
	struct stat st;

	folder[strcspn(folder, "?#")] = '\0';
	if (folder[0] == '/' && (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode)))
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"The flake is to come from %s, which is no folder of this live system.",
			folder);
	if (config->system[0] && config->cache.cache_count == 0 && !build_request->online &&
		lstat(config->system, &st) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"The system %s is not in the store of this live system, there is no network, and no cache is named: attach a network, or set cache.",
			config->system);
	return 0;
}

static int read_sources(const struct config *config, const struct key_drive *drive,
	struct build_request *build_request, struct error *err)
{
	if (config->configuration[0])
		return fetch_configuration(config, build_request, err);
	if (flake_is_on_drive(config->flake))
		return take_drive_flake(drive, build_request, err);
	if (config->flake[0] || config->system[0] || !drive->configuration_text)
		return 0;
	log_line("the configuration is configuration.nix of the key drive");
	build_request->configuration = text_duplicate(drive->configuration_text);
	return 0;
}

int build_request_read(const struct config *config, const struct key_drive *drive,
	struct build_request *ret, struct error *err)
{
	/* A proxy is reachable without a default route. */
	struct build_request build_request = {
		.online = default_route_is_online() || getenv("https_proxy") || getenv("all_proxy")
	};
	int r = find_programs(&build_request, err);

	if (r == 0)
		r = check_local(config, &build_request, err);
	if (r == 0)
		r = read_sources(config, drive, &build_request, err);
	if (r < 0)
		build_request_free(&build_request);
	else
		*ret = build_request;
	return r;
}

void build_request_free(struct build_request *build_request)
{
	free(build_request->folders);
	free(build_request->configuration);
	free(build_request->flake);
	free(build_request->lock);
	*build_request = (struct build_request){ 0 };
}
