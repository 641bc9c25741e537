/* SPDX-License-Identifier: MIT */
/*
 * install_decision — everything that is known of an install before its first write.
 *
 * It reads disks, configuration, keys, files and closure, chooses the disk, and plans. All refusals
 * are here but those that the content of the store gives cause for. It writes nothing.
 *
 * Tested by: tests/loop/plan.sh.
 */
#pragma once

#include "config/options.h"
#include "engine.h"
#include "guest/extra_files.h"
#include "input/config_sources.h"
#include "input/host_key_file.h"
#include "plan/candidates.h"
#include "verdict/shared_state.h"

struct install_decision {
	struct error no_medium; /* PID 1: why the ISO is not mounted; code 0 if it is */
	struct candidates candidates;
	struct config_sources sources;
	struct config config;
	struct installed_choice installed; /* if-installed=boot: what is started, not installed */
	struct engine engine;
	struct plan plan;
	char *ssh_keys_text; /* authorized_keys; NULL for keys=none */
	struct given_host_keys given_host_keys;
	struct extra_files extra_files;
};

/* Begins the stages from the disks to the plan. Where installed.found is set, an installed guest is
 * to be started, and nothing else is read. decision starts as zeros, but for no_medium. */
int install_decide(const struct options *options, struct shared_state *shared,
	struct install_decision *decision, struct error *err) WARN_UNUSED;
