/* SPDX-License-Identifier: MIT */
/*
 * image_verify — reads an image back before it gets its name: what an install verifies on the
 * mounted target, as far as files tell it.
 *
 * Everything is read from the closed image by other code than has written it: libext2fs's reader
 * and mtools. The readers of verify and login_check judge copies of the files. No program of the
 * guest runs, so what only sshd could judge is refused (RevokedKeys, Match blocks that could
 * apply), and so is a file that the first activation would replace.
 *
 * Tested by: tests/image/direct.sh, tests/image/systemd_boot.sh.
 */
#pragma once

#include "base/error.h"
#include "image/image_request.h"
#include "verify/verify.h"

/* Whether the given host keys can be judged without the guest's ssh-keygen: those of ed25519 alone.
 * EXIT_NO_KEY. */
int image_verify_given_host_keys(
	const struct given_host_keys *given, struct error *err) WARN_UNUSED;

/* Every error has the code EXIT_VERIFY. */
int image_verify(
	const struct image_request *request, struct verified *ret, struct error *err) WARN_UNUSED;
