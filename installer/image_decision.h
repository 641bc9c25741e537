/* SPDX-License-Identifier: MIT */
/*
 * image_decision — everything that is known of an image before its first byte is written.
 *
 * It reads configuration, keys, files and closure, looks at the outputs, and plans. All refusals
 * are here but those that the content of the store gives cause for. It writes nothing.
 *
 * Tested by: tests/image/refusals.sh.
 */
#pragma once

#include "config/options.h"
#include "engine.h"
#include "guest/extra_files.h"
#include "image/image_folder.h"
#include "image/image_output.h"
#include "image/image_request.h"
#include "input/config_sources.h"
#include "input/host_key_file.h"
#include "verdict/shared_state.h"

struct image_decision {
	const struct options *options;
	struct shared_state *shared;
	char folder[IMAGE_FOLDER_BYTES]; /* for temporary files */
	struct config_sources sources;	 /* only files: the drives of this machine do not matter */
	struct config config;
	struct engine engine;
	bool accounts_assumed; /* the manifest lists none */
	struct given_host_keys given_host_keys;
	struct extra_files extra_files;
	char *ssh_keys_text; /* authorized_keys; NULL for keys=none */
	struct plan plan;
	struct image_output output, boot_output;
};

/* The first half of it: configuration, outputs, keys and files, without a closure and a plan. */
int image_decide_inputs(struct image_decision *decision, struct error *err) WARN_UNUSED;

/* options, shared, folder and output.standard_output are set. */
int image_decide(struct image_decision *decision, struct error *err) WARN_UNUSED;

/* What the modules of image/ take of it, besides times and accounts. closure: NULL for the copy of
 * an image. */
void image_decision_set_request(const struct image_decision *decision,
	const struct manifest *manifest, const struct closure *closure, struct image_request *ret);
