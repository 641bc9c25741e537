/* SPDX-License-Identifier: MIT */
#include "nixos_install/nixos_install.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "net/url.h"
#include "nix/flake.h"
#include "nix/narinfo.h"
#include "nixos_install/build_log.h"
#include "nixos_install/configuration.h"
#include "nixos_install/layout_modules.h"
#include "nixos_install/scratch.h"
#include "verdict/progress.h"

#define PROFILE	      "/nix/var/nix/profiles/system"
#define FULL_BYTES    (16 * MIB) /* a failure with less free space than this counts as a full target */
#define ARGUMENTS_MAX 24
#define VARIABLES_MAX 24

/* The state that the output of a running program updates: progress, and the reason of a failure. */
struct listener {
	struct shared_state *shared;
	struct build_log log;
	size_t reported; /* how many paths were begun at the last progress report */
};

static void listen(const char *line, void *userdata)
{
	struct listener *listener = userdata;
	const struct build_log *log = &listener->log;
	char text[64];

	build_log_take(&listener->log, line);
	if (log->begun == listener->reported)
		return;
	listener->reported = log->begun;
	snprintf(text, sizeof(text), "%zu of %zu store paths", log->begun,
		log->announced > log->begun ? log->announced : log->begun);
	progress_report(listener->shared, build_log_permille(log), text);
}

/* -------------------------------------------------------- the programs */

/* Variables that the programs inherit if they are set. */
static const char *const forwarded[] = { "NIX_PATH", "NIX_CONFIG", "NIX_SSL_CERT_FILE",
	"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy" };

struct environment {
	char *list[VARIABLES_MAX + 1];
	size_t count;
};

static void set_variable(struct environment *environment, const char *name, const char *value)
{
	if (asprintf(&environment->list[environment->count++], "%s=%s", name, value) < 0)
		abort();
}

static void free_environment(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->list[i]);
}

/* Temporary files and Nix's own cache are on the target. NIXOS_CONFIG and NIX_REMOTE of the
 * environment are dropped. */
static void fill_environment(struct environment *environment,
	const struct build_request *build_request, const struct config *config,
	const struct scratch *scratch)
{
	set_variable(environment, "PATH", build_request->folders);
	set_variable(environment, "HOME", "/root");
	set_variable(environment, "LANG", "C.UTF-8");
	set_variable(environment, "TMPDIR", scratch->path);
	set_variable(environment, "XDG_CACHE_HOME", scratch->path);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++) {
		const char *value = getenv(forwarded[i]);

		if (config->cache.fetch.ca_file[0] &&
			strcmp(forwarded[i], "NIX_SSL_CERT_FILE") == 0)
			value = config->cache.fetch.ca_file;
		if (value)
			set_variable(environment, forwarded[i], value);
	}
}

static int run_program(struct listener *listener, const struct environment *environment,
	const char *const *argv, bool apart, struct error *err)
{
	const struct process child = {
		.argv = argv,
		.environment = (const char *const *)environment->list,
		.apart = apart,
		.watch = listen,
		.userdata = listener,
	};
	char reason[BUILD_LOG_TEXT_BYTES];
	int r = process_run(&child, err);

	build_log_reason(&listener->log, reason);
	/* The sentence contains the program's last line already. */
	if (r < 0 && listener->log.reason[0])
		error_set(err, r, "%s failed: %s", file_base_name(argv[0]), reason);
	else if (r < 0 && reason[0])
		text_append(err->text, sizeof(err->text), " (%s)", reason);
	return r;
}

/* The arguments of nixos-install and the texts that they refer to. */
struct arguments {
	const char *list[ARGUMENTS_MAX + 1];
	size_t count;
	char flake[CONFIG_TEXT_BYTES + FILE_PATH_BYTES];
	char caches[CACHES_MAX * URL_OF_PATH_BYTES(CONFIG_TEXT_BYTES)];
	char keys[TRUSTED_KEYS_MAX * sizeof(((struct cache_settings *)0)->trusted_keys[0])];
};

static void add_setting(struct arguments *arguments, const char *argument)
{
	arguments->list[arguments->count++] = argument;
}

static void add_option(struct arguments *arguments, const char *name, const char *value)
{
	add_setting(arguments, "--option");
	add_setting(arguments, name);
	add_setting(arguments, value);
}

/* The configured caches, or none without a network; else Nix's default. */
static void add_caches(struct arguments *arguments, const struct config *config,
	const struct build_request *build_request)
{
	for (size_t i = 0; i < config->cache.cache_count; i++) {
		AUTO_FREE char *url = url_of_path(config->cache.caches[i]);

		text_append(
			arguments->caches, sizeof(arguments->caches), "%s%s", i ? " " : "", url);
	}
	if (config->cache.cache_count > 0 || !build_request->online) {
		add_setting(arguments, "--substituters");
		add_setting(arguments, arguments->caches);
	}
	for (size_t i = 0; i < config->cache.trusted_key_count; i++)
		text_append(arguments->keys, sizeof(arguments->keys), "%s%s", i ? " " : "",
			config->cache.trusted_keys[i]);
	if (config->cache.trusted_key_count > 0)
		add_option(arguments, "trusted-public-keys", arguments->keys);
	if (config->cache.cache_count > 0 && config->cache.trust_anything)
		add_option(arguments, "require-sigs", "false");
	if (config->cache.fetch.netrc_file[0])
		add_option(arguments, "netrc-file", config->cache.fetch.netrc_file);
}

/* install_steps installs the boot loader after everything else. */
static void fill_arguments(struct arguments *arguments, const struct build_request *build_request,
	const struct config *config, const char *root)
{
	add_setting(arguments, build_request->install);
	add_setting(arguments, "--root");
	add_setting(arguments, root);
	add_setting(arguments, "--no-root-passwd");
	add_setting(arguments, "--no-channel-copy");
	add_setting(arguments, "--no-bootloader");
	if (config->system[0]) {
		add_setting(arguments, "--system");
		add_setting(arguments, config->system);
	} else if (config->flake[0]) {
		if (build_request->flake)
			snprintf(arguments->flake, sizeof(arguments->flake), "%s/etc/nixos#%s",
				root, flake_name(config->flake));
		else
			snprintf(arguments->flake, sizeof(arguments->flake), "%s", config->flake);
		add_setting(arguments, "--flake");
		add_setting(arguments, arguments->flake);
	}
	add_caches(arguments, config, build_request);
}

/* -------------------------------------------------------- the configuration */

static int write_text(const char *root, const char *name, const char *text, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, root, "/etc/nixos/%s", name);
	return file_write(path, text, strlen(text), 0644, 0, 0, err);
}

/* The parts that the layout needs at every later rebuild, too. */
static int write_layout(const char *root, enum layout layout, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, root, "/etc/nixos/guest-installer");
	r = file_make_folder(path, 0755, 0, 0, err);
	if (r < 0)
		return r;
	for (const struct layout_modules_file *file = layout_modules_files(layout);
		r == 0 && file->name; file++) {
		snprintf(path, sizeof(path), "guest-installer/%s", file->name);
		r = write_text(root, path, file->text, err);
	}
	return r;
}

/* The owner's part: the configuration of the request, else that of nixos-generate-config. */
static int write_guest(
	const struct build_request *build_request, const char *root, struct error *err)
{
	char from[FILE_PATH_BYTES], to[FILE_PATH_BYTES];

	if (build_request->configuration)
		return write_text(root, "guest.nix", build_request->configuration, err);
	file_below(from, root, "/etc/nixos/configuration.nix");
	file_below(to, root, "/etc/nixos/guest.nix");
	return rename(from, to) < 0 ? error_errno(err, -errno, "take %s for guest.nix", from) : 0;
}

/* The files of a flake are written unchanged; they may import the others. */
static int write_flake(
	const struct build_request *build_request, const char *root, struct error *err)
{
	int r = write_text(root, "flake.nix", build_request->flake, err);

	if (r < 0)
		return r;
	if (build_request->lock)
		r = write_text(root, "flake.lock", build_request->lock, err);
	if (r < 0)
		return r;
	if (build_request->configuration)
		return write_text(root, "configuration.nix", build_request->configuration, err);
	return 0;
}

static int write_configuration(const struct build_request *build_request,
	const struct config *config, const struct plan *plan, const char *ssh_keys_text,
	const char *root, struct error *err)
{
	AUTO_FREE char *guest = configuration_guest(plan, config->hostname, ssh_keys_text);
	int r = write_layout(root, plan->layout, err);

	if (r < 0)
		return r;
	r = write_text(root, "guest-installer.nix", guest, err);
	if (r < 0)
		return r;
	if (config->flake[0])
		return build_request->flake ? write_flake(build_request, root, err) : 0;
	r = write_guest(build_request, root, err);
	if (r < 0)
		return r;
	return write_text(root, "configuration.nix", nixconfig_configuration, err);
}

/* -------------------------------------------------------- the whole */

static int build(struct listener *listener, const struct build_request *build_request,
	const struct config *config, const struct plan *plan, const char *ssh_keys_text,
	const struct scratch *scratch, const char *root, struct error *err)
{
	CLEANUP(free_environment) struct environment environment = { 0 };
	AUTO_FREE struct arguments *arguments = calloc(1, sizeof(*arguments));
	int r;

	if (!arguments)
		abort();
	fill_environment(&environment, build_request, config, scratch);
	fill_arguments(arguments, build_request, config, root);
	/* Without a PID namespace: in one, systemd-detect-virt detects a container.
	 */
	r = run_program(listener, &environment,
		(const char *const[]){ build_request->generate_config, "--root", root, NULL },
		false, err);
	if (r < 0)
		return r;
	r = write_configuration(build_request, config, plan, ssh_keys_text, root, err);
	if (r < 0)
		return r;
	listener->log = (struct build_log){ 0 };
	return run_program(listener, &environment, arguments->list, true, err);
}

/* The store path of the profile. */
static int find_system(
	const char *root, const struct config *config, char ret_system[256], struct error *err)
{
	char resolved[FILE_PATH_BYTES];
	const char *system;
	int r = file_resolve(root, PROFILE, resolved, err);

	if (r < 0)
		return error_set(err, r, "nixos-install ended well, but left no system profile.");
	system = resolved + strlen(root);
	if (store_path_check(system) < 0 || text_copy(ret_system, 256, system) < 0)
		return error_set(err, -EBADMSG,
			"nixos-install left a system profile that leads to %s, which is no store path.",
			system);
	if (config->system[0] && strcmp(config->system, system) != 0)
		return error_set(err, -EBADMSG, "nixos-install has installed %s, but system is %s.",
			system, config->system);
	return 0;
}

/* Reports a full target as such. Nix has removed unfinished paths by then, so a margin decides. Nix
 * writes to the target only. */
static void report_full_target(const char *root, struct error *err)
{
	struct statvfs room;
	bool full = statvfs(root, &room) == 0 &&
		    (uint64_t)room.f_bavail * room.f_frsize < FULL_BYTES;

	if (full || strstr(err->text, strerror(ENOSPC)))
		err->code = EXIT_TARGET_FULL;
}

int nixos_install_run(struct shared_state *shared, const struct build_request *build_request,
	const struct config *config, const struct plan *plan, const char *ssh_keys_text,
	const char *root, char ret_system[256], struct error *err)
{
	struct listener listener = { .shared = shared };
	struct scratch scratch;
	struct error second;
	int r = scratch_begin(root, &scratch, err);

	if (r < 0)
		return r;
	r = build(&listener, build_request, config, plan, ssh_keys_text, &scratch, root, err);
	if (r < 0)
		report_full_target(root, err);
	if (scratch_end(&scratch, &second) < 0 && r == 0) {
		*err = second;
		r = -EBUSY;
	}
	if (r < 0)
		return r;
	return find_system(root, config, ret_system, err);
}
