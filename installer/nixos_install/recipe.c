/* SPDX-License-Identifier: MIT */
#include "nixos_install/recipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "net/document.h"
#include "net/route.h"
#include "net/url.h"
#include "nix/flake.h"

#define NIX_MAX_BYTES (1024 * 1024)

/* Of NixOS first, then of others that have Nix. */
#define DEFAULT_FOLDERS                                                                            \
	"/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:"                            \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static char *copy_text(const char *text)
{
	return text ? strcpy(must_realloc(NULL, strlen(text) + 1, 1), text) : NULL;
}

static int find_program(struct recipe *recipe, const char *name, char ret[512], struct error *err)
{
	if (child_find(name, recipe->folders, ret, 512) == 0)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
		"The engine nixos-install needs the program %s, which is in none of the folders "
		"%s: start the machine from a NixOS installation ISO, or say engine = cache.",
		name, recipe->folders);
}

static int find_programs(struct recipe *recipe, struct error *err)
{
	const char *folders = getenv("PATH");
	int r;

	recipe->folders = copy_text(folders && *folders ? folders : DEFAULT_FOLDERS);
	r = find_program(recipe, "nixos-generate-config", recipe->generate_config, err);
	return r < 0 ? r : find_program(recipe, "nixos-install", recipe->install, err);
}

/* The text that configuration names, with the hash that it names. */
static int fetch_configuration(
	const struct config *config, struct recipe *recipe, struct error *err)
{
	AUTO_FREE char *shown = url_shown(config->configuration);
	size_t size_bytes;
	int r = document_fetch(&config->cache.fetch, config->configuration, NIX_MAX_BYTES,
		&recipe->configuration, &size_bytes, err);

	if (r == 0 && config->given[KEY_CONFIGURATION_SUM])
		r = document_check_sha256(recipe->configuration, size_bytes,
			config->configuration_sha256, "configuration-sha256", err);
	/* What stands behind one would be hashed and not be built. */
	if (r == 0 && strlen(recipe->configuration) != size_bytes)
		r = error_set_code(
			err, EXIT_CONFIGURATION, -EINVAL, "it has a NUL byte, so it is no text");
	if (r < 0)
		error_wrap(err, "%s", shown);
	return r;
}

static int take_drive_flake(const struct keydrive *drive, struct recipe *recipe, struct error *err)
{
	if (!drive->flake_text)
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"The flake is to come from the key drive, but %s: put flake.nix there, and "
			"flake.lock.",
			drive->found ? "there is no flake.nix on it" : "no key drive was found");
	recipe->flake = copy_text(drive->flake_text);
	recipe->lock = copy_text(drive->lock_text);
	recipe->configuration = copy_text(drive->configuration_text);
	return 0;
}

/* What lies on this machine has to be there. */
static int check_local(const struct config *config, const struct recipe *recipe, struct error *err)
{
	AUTO_FREE char *folder = copy_text(config->flake);
	struct stat st;

	folder[strcspn(folder, "?#")] = '\0';
	if (folder[0] == '/' && (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode)))
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"The flake is to come from %s, which is no folder of this live system.",
			folder);
	if (config->system[0] && config->cache.cache_count == 0 && !recipe->online &&
		lstat(config->system, &st) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"The system %s is not in the store of this live system, there is no "
			"network, and no cache is named: attach a network, or set cache.",
			config->system);
	return 0;
}

static int read_sources(const struct config *config, const struct keydrive *drive,
	struct recipe *recipe, struct error *err)
{
	if (config->configuration[0])
		return fetch_configuration(config, recipe, err);
	if (flake_is_on_drive(config->flake))
		return take_drive_flake(drive, recipe, err);
	if (config->flake[0] || config->system[0] || !drive->configuration_text)
		return 0;
	log_line("the configuration is configuration.nix of the key drive");
	recipe->configuration = copy_text(drive->configuration_text);
	return 0;
}

int recipe_read(const struct config *config, const struct keydrive *drive, struct recipe *ret,
	struct error *err)
{
	/* A proxy is asked without a way to anybody else. */
	struct recipe recipe = { .online = route_is_online() || getenv("https_proxy") ||
					   getenv("all_proxy") };
	int r = find_programs(&recipe, err);

	if (r == 0)
		r = check_local(config, &recipe, err);
	if (r == 0)
		r = read_sources(config, drive, &recipe, err);
	if (r < 0)
		recipe_free(&recipe);
	else
		*ret = recipe;
	return r;
}

void recipe_free(struct recipe *recipe)
{
	free(recipe->folders);
	free(recipe->configuration);
	free(recipe->flake);
	free(recipe->lock);
	*recipe = (struct recipe){ 0 };
}
