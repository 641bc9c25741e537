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
};

#define INSTALL_TIMEOUT_S 3600 /* unless configuration says otherwise */
