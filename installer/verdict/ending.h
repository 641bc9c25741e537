/* SPDX-License-Identifier: MIT */
/*
 * ending — what the machine does after the install (keys on-success and on-failure).
 *
 * Tested by: tests/unit/test_config.c.
 */
#pragma once

enum ending {
	ENDING_POWEROFF,
	ENDING_REBOOT,
	ENDING_SHELL,
	ENDING_EXIT,
	ENDING_KEXEC, /* start the guest's kernel, which is loaded already; only after success */
};

#define INSTALL_TIMEOUT_S 3600 /* unless configuration says otherwise */
