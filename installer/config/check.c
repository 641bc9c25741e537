/* SPDX-License-Identifier: MIT */
#include "config/check.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/key_table.h"
#include "net/url.h"

/* The cache engine copies one system, which the manifest or a key names. */
static void check_cache_engine(struct config *config)
{
	static const enum config_key foreign[] = { KEY_CONFIGURATION, KEY_CONFIGURATION_SUM,
		KEY_FLAKE };

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (config->given[foreign[i]])
			config_add_error(config,
				"%s is set, but a closure is copied as it was built: leave it out, or say engine = nixos-install",
				config_keys[foreign[i]].name);
	if (!config->given[KEY_CACHE])
		config_add_error(config,
			"cache is not set: say where the binary cache is, as in cache = file:///medium/cache");
	if (!config->given[KEY_MANIFEST] && !config->given[KEY_SYSTEM])
		config_add_error(config,
			"neither manifest nor system is set: say which system to install, as in manifest = file:///medium/guest.json");
	if (url_is_remote(config->manifest) && !config->given[KEY_MANIFEST_SUM])
		config_add_error(config,
			"manifest-sha256 is not set: a manifest from the network decides what is installed and how, so say which one it is (sha256sum guest.json)");
}

/* Nix writes the addresses that it asks into its log. Of ssh:// it is only a name that all share.
 */
static bool holds_credentials(const char *url)
{
	AUTO_FREE char *shown = url_shown(url);

	return strcmp(shown, url) != 0 && !strstr(url, "ssh://");
}

static void check_credentials(struct config *config)
{
	bool found = holds_credentials(config->flake);

	for (size_t i = 0; i < config->cache.cache_count; i++)
		found = found || holds_credentials(config->cache.caches[i]);
	if (found)
		config_add_error(config,
			"an address in cache or flake holds a password, which Nix would tell in its log: leave it out, and say it in the file netrc on the key drive");
}

/* nixos-install builds one system: from a configuration or a flake, or takes one that is built. */
static void check_nixos_install(struct config *config)
{
	bool built = config->given[KEY_FLAKE] || config->given[KEY_SYSTEM];

	if (config->given[KEY_MANIFEST])
		config_add_error(config,
			"engine is nixos-install, but manifest names a finished system, as the configuration of an ISO may do: leave engine out to install that system, or use an ISO that builds one (the package nixos-install-iso)");
	if (config->given[KEY_CONFIGURATION] + config->given[KEY_FLAKE] +
			config->given[KEY_SYSTEM] >
		1)
		config_add_error(config,
			"of configuration, flake and system more than one is set: say one of them");
	if (built && config->given[KEY_HOSTNAME])
		config_add_error(config, "hostname is set, but a %s has its own: leave it out",
			config->given[KEY_FLAKE] ? "flake" : "built system");
	if (url_is_remote(config->configuration) && !config->given[KEY_CONFIGURATION_SUM])
		config_add_error(config,
			"configuration-sha256 is not set: a configuration from the network decides what is installed, so say which one it is (sha256sum configuration.nix)");
	check_credentials(config);
}

/* The end of PID 1 is the kernel's panic. */
static void check_ending(struct config *config, enum config_key key, enum ending ending)
{
	if (config->as_init && ending == ENDING_EXIT)
		config_add_error(config,
			"%s is exit, but the installer is PID 1 here, and there is no program to go back to: say poweroff, reboot or shell",
			config_keys[key].name);
}

/* Only PID 1 ends the machine. After a reboot for a failure the ISO would start the guest again,
 * whose start has just failed. */
static void check_start(struct config *config)
{
	if (config->as_program && config->on_success == ENDING_KEXEC)
		config_add_error(config,
			"on-success is kexec, but the installer runs on a system here, which it does not replace: say exit, or use the lean ISO");
	if (config->as_program && config->boot_installed)
		config_add_error(config,
			"if-installed is boot, but the installer runs on a system here, which it does not replace: say fail, or use the lean ISO");
	if (config->boot_installed && config->on_failure == ENDING_REBOOT)
		config_add_error(config,
			"if-installed is boot and on-failure is reboot, so that a guest which cannot be started would be started for ever: say on-failure = poweroff");
}

static void check_disk(struct config *config)
{
	if (config->wipe_force &&
		(strcmp(config->disk, "smallest") == 0 || strcmp(config->disk, "largest") == 0))
		config_add_error(config,
			"disk = %s chooses among blank disks, but wipe = force is for one that is not blank: name the disk, or leave out wipe",
			config->disk);
}

/* The image has its system. */
static void check_clone(struct config *config)
{
	static const enum config_key foreign[] = { KEY_MANIFEST, KEY_SYSTEM, KEY_CACHE,
		KEY_TRUSTED_KEYS, KEY_LAYOUT, KEY_SWAP };

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (config->given[foreign[i]])
			config_add_error(config,
				"%s is set, but the copy of an image has what the image has: leave it out",
				config_keys[foreign[i]].name);
}

static void check_whole(struct config *config)
{
	check_disk(config);
	check_ending(config, KEY_ON_SUCCESS, config->on_success);
	check_ending(config, KEY_ON_FAILURE, config->on_failure);
	check_start(config);
	if (config->as_clone) {
		check_clone(config);
		return;
	}
	if (config->engine == ENGINE_NIXOS_INSTALL)
		check_nixos_install(config);
	else
		check_cache_engine(config);
	if ((config->given[KEY_CACHE] || config->engine == ENGINE_CACHE) &&
		!config->given[KEY_TRUSTED_KEYS])
		config_add_error(config,
			"trusted-keys is not set: name the keys that may sign, or say trusted-keys = none");
}

/* Joins the first errors, as many as fit, into one sentence. */
static void join_errors(const struct config *config, struct error *err)
{
	const char *line = config->errors;
	size_t room = sizeof(err->text) - CONFIG_MORE_BYTES;
	size_t shown = 0;

	err->text[0] = '\0';
	while (*line) {
		size_t length = strcspn(line, "\n");

		if (strlen(err->text) + 2 + length >= room)
			break;
		text_append(err->text, sizeof(err->text), "%s%.*s", shown ? "; " : "", (int)length,
			line);
		line += length + 1;
		shown++;
	}
	if (shown < config->error_count)
		text_append(err->text, sizeof(err->text), "; and %zu more",
			config->error_count - shown);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		if (*text == '\n')
			count++;
	return count;
}

int check_config_values(struct config *config, struct error *err)
{
	size_t collected;

	if (config->error_count == 0)
		return 0;
	err->code = EXIT_CONFIGURATION;
	join_errors(config, err);
	collected = count_lines(config->errors);
	if (collected < config->error_count)
		text_append(config->errors, sizeof(config->errors), "and %zu more\n",
			config->error_count - collected);
	return -EINVAL;
}

int check_config(struct config *config, struct error *err)
{
	check_whole(config);
	return check_config_values(config, err);
}
