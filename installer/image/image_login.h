/* SPDX-License-Identifier: MIT */
/*
 * image_login — whether the owner of the keys can log in to the guest of an image.
 *
 * The keys, and the folders that lead to them, are read in the image, with their modes and owners.
 * For login_check it puts together the /etc that the guest's first activation makes, as far as the
 * SSH server reads it: the system's own /etc, the accounts of the manifest, and given host keys.
 *
 * Tested by: tests/image/direct.sh.
 */
#pragma once

#include "base/error.h"
#include "image/image_request.h"
#include "image/image_view.h"

/* ret_port: where the server listens. */
int image_login_verify(const struct image_request *request, struct image_view *view,
	unsigned *ret_port, struct error *err) WARN_UNUSED;
