/* SPDX-License-Identifier: MIT */
#include "input/unused_configuration.h"

#include <errno.h>
#include <string.h>

#include "nix/flake.h"

static bool is_copied(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->files.count; i++) {
		const struct extra_file *file = &config->files.files[i];

		if (file->on_drive && strcmp(file->source, name) == 0)
			return true;
	}
	return false;
}

/* The setting because of which nixos-install does not build configuration.nix of the drive; NULL if
 * it builds that, or the flake beside it, which may import it. */
static const char *setting_instead(const struct config *config)
{
	if (flake_is_on_drive(config->flake))
		return NULL;
	if (config->flake[0])
		return "flake";
	if (config->configuration[0])
		return "configuration";
	return config->system[0] ? "system" : NULL;
}

static int refuse_for_cache(const char *name, struct error *err)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"%s was given, but this ISO installs a finished system and would ignore it: leave it out, or use an ISO that builds systems (the package nixos-install-iso, engine = nixos-install).",
		name);
}

static int check_for_build(
	const struct config *config, bool has_configuration, bool has_flake, struct error *err)
{
	const char *instead = setting_instead(config);

	if (has_flake && !flake_is_on_drive(config->flake))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"flake.nix was given, but no setting says to build it: set flake = drive#NAME, or leave it out.");
	if (has_configuration && instead)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"configuration.nix was given, but %s is set, too, and only that would be built: leave one of them out.",
			instead);
	return 0;
}

int unused_configuration_check(
	const struct config *config, const struct key_drive *drive, struct error *err)
{
	bool has_configuration = drive->configuration_text &&
				 !is_copied(config, "configuration.nix");
	bool has_flake = drive->flake_text && !is_copied(config, "flake.nix");

	if (config->engine == ENGINE_NIXOS_INSTALL)
		return check_for_build(config, has_configuration, has_flake, err);
	if (has_flake)
		return refuse_for_cache("flake.nix", err);
	return has_configuration ? refuse_for_cache("configuration.nix", err) : 0;
}
