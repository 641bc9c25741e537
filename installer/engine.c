/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/source_date.h"
#include "guest/nixos.h"
#include "input/config_sources.h"
#include "input/unused_configuration.h"
#include "install_steps.h"
#include "net/download.h"
#include "net/url.h"
#include "nix/closure_walk.h"
#include "nixos_install/nixos_install.h"
#include "store/database.h"
#include "verdict/progress.h"

#define MANIFEST_MAX_BYTES (1024 * 1024)

static int take_manifest(const struct config *config, const char *text, size_t size_bytes,
	struct manifest *ret, struct error *err)
{
	int r = 0;

	if (config->given[KEY_MANIFEST_SUM])
		r = download_check_sha256(
			text, size_bytes, config->manifest_sha256, "manifest-sha256", err);
	if (r < 0)
		return r;
	r = manifest_parse(text, size_bytes, ret, err);
	if (r < 0)
		return r;
	if (config->system[0] && strcmp(config->system, ret->system) != 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"it is the manifest of %s, but system is %s", ret->system, config->system);
	return 0;
}

int engine_read_manifest(const struct config *config, struct manifest *ret, struct error *err)
{
	AUTO_FREE char *shown = url_shown(config->manifest);
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	int r;

	if (config->manifest[0] == '\0' && layout_needs_host(config->layout)) {
		manifest_assume(config->system, config->layout, ret);
		return 0;
	}
	if (config->manifest[0] == '\0')
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"No manifest is named: set manifest to the guest.json of the system.");
	r = download_fetch(&config->cache.fetch, config->manifest, MANIFEST_MAX_BYTES, &text,
		&size_bytes, err);
	if (r < 0)
		return r;
	r = take_manifest(config, text, size_bytes, ret, err);
	if (r < 0)
		error_wrap(err, "%s", shown);
	return r;
}

/* The size of a system that is not built yet is a guess: this is a small one. */
#define BUILT_BYTES (3 * GIB / 2)
#define BUILT_FILES 100000

static int read_build_request(const struct config *config, const struct key_drive *drive,
	struct engine *ret, struct plan_needs *needs, struct error *err)
{
	enum layout layout;
	int r = planner_layout(config, NULL, needs->on_xen, &layout, err);

	if (r < 0)
		return r;
	manifest_assume(config->system, layout, &ret->manifest);
	needs->nar_bytes = BUILT_BYTES;
	needs->files = BUILT_FILES;
	return build_request_read(config, drive, &ret->build_request, err);
}

int engine_read(const struct config *config, const struct key_drive *drive, struct engine *ret,
	struct plan_needs *needs, struct error *err)
{
	int r = unused_configuration_check(config, drive, err);

	if (r < 0)
		return r;
	ret->engine = config->engine;
	if (config->engine == ENGINE_NIXOS_INSTALL)
		return read_build_request(config, drive, ret, needs, err);
	r = source_date_choose(config, &ret->source_date_s, err);
	if (r < 0)
		return r;
	r = engine_read_manifest(config, &ret->manifest, err);
	if (r < 0)
		return r;
	r = closure_walk(&config->cache, ret->manifest.system, ret->manifest.boot_installer,
		&ret->closure, err);
	if (r < 0)
		return r;
	needs->nar_bytes = ret->closure.nar_bytes;
	needs->files = ret->manifest.files;
	return 0;
}

int engine_copy(struct shared_state *shared, struct engine *engine, const struct config *config,
	const struct plan *plan, struct error *err)
{
	if (engine->engine != ENGINE_CACHE)
		return 0;
	progress_begin(shared, STAGE_COPY, "copying the store");
	return install_steps_copy_store(shared, plan, config, &engine->closure, err);
}

int engine_settle(struct shared_state *shared, const struct engine *engine,
	const struct config *config, const char *ssh_keys_text, struct plan *plan,
	struct error *err)
{
	int r;

	if (engine->engine == ENGINE_NIXOS_INSTALL) {
		progress_begin(shared, STAGE_COPY, "building the system with nixos-install");
		return nixos_install_run(shared, &engine->build_request, config, plan,
			ssh_keys_text, TARGET_PATH, plan->system, err);
	}
	progress_begin(shared, STAGE_DATABASE, "registering the store paths");
	r = database_write(TARGET_PATH, &engine->closure, engine->source_date_s, err);
	if (r < 0)
		return r;
	return nixos_link_profile(TARGET_PATH, plan->system, err);
}

const struct closure *engine_closure(const struct engine *engine)
{
	return engine->engine == ENGINE_CACHE ? &engine->closure : NULL;
}
