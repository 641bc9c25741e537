/* SPDX-License-Identifier: MIT */
/*
 * ending — what the machine does when the installer is through.
 */
#pragma once

enum ending {
	ENDING_POWEROFF,
	ENDING_REBOOT,
	ENDING_SHELL,
	ENDING_EXIT,
};

#define INSTALL_TIMEOUT_S 3600 /* unless configuration says otherwise */
