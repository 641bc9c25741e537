/* SPDX-License-Identifier: MIT */
#include "origin.h"

#include <time.h>

#include "store/database.h"
#include "guest/guest.h"
#include "nixos_install/nixosinstall.h"
#include "verdict/progress.h"
#include "input/sources.h"
#include "target.h"

/* Of a system that is still to be built only a guess is had: this much is a small one of today. */
#define BUILT_BYTES (3 * GIB / 2)
#define BUILT_FILES 100000

static int read_recipe(const struct config *config, const struct keydrive *drive,
	struct origin *ret, struct plan_needs *needs, struct error *err)
{
	enum layout layout;
	int r = plan_layout(config, NULL, needs->on_xen, &layout, err);

	if (r < 0)
		return r;
	manifest_assume(config->system, layout, &ret->manifest);
	needs->nar_bytes = BUILT_BYTES;
	needs->files = BUILT_FILES;
	return recipe_read(config, drive, &ret->recipe, err);
}

int origin_read(const struct config *config, const struct keydrive *drive, struct origin *ret,
	struct plan_needs *needs, struct error *err)
{
	int r;

	ret->engine = config->engine;
	if (config->engine == ENGINE_NIXOS_INSTALL)
		return read_recipe(config, drive, ret, needs, err);
	r = sources_read_manifest(config, &ret->manifest, err);
	if (r == 0)
		r = closure_walk(config, ret->manifest.system, &ret->closure, err);
	needs->nar_bytes = ret->closure.nar_bytes;
	needs->files = ret->manifest.files;
	return r;
}

int origin_copy(struct outcome *outcome, struct origin *origin, const struct config *config,
	const struct plan *plan, struct error *err)
{
	if (origin->engine != ENGINE_CACHE)
		return 0;
	progress_begin(outcome, STAGE_COPY, "copying the store");
	return target_copy_store(outcome, plan, config, &origin->closure, err);
}

int origin_settle(struct outcome *outcome, const struct origin *origin, const struct config *config,
	const char *keys_text, struct plan *plan, struct error *err)
{
	int r;

	if (origin->engine == ENGINE_NIXOS_INSTALL) {
		progress_begin(outcome, STAGE_COPY, "building the system with nixos-install");
		return nixosinstall_run(outcome, &origin->recipe, config, plan, keys_text,
			TARGET_PATH, plan->system, err);
	}
	progress_begin(outcome, STAGE_DATABASE, "registering the store paths");
	r = database_write(TARGET_PATH, &origin->closure, time(NULL), err);
	return r < 0 ? r : guest_link_profile(TARGET_PATH, plan->system, err);
}

const struct closure *origin_closure(const struct origin *origin)
{
	return origin->engine == ENGINE_CACHE ? &origin->closure : NULL;
}
