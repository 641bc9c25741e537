/* SPDX-License-Identifier: MIT */
/*
 * channels — reports one event on every channel: as a line on the consoles, as JSON on the port.
 *
 * protocol makes the text of an event. No call blocks for ever. A verdict waits longest.
 *
 * Tested by: tests/qemu/channels.sh.
 */
#pragma once

#include <stdbool.h>

#include "verdict/protocol.h"

/* Opens the port and sends EVENT_HELLO to the host. To be called before the installer forks.
 * Without this call events go to the consoles only, and standard output may block. as_init: the
 * machine has just been started, and its consoles are open. */
void channels_open(bool as_init);

/* Reports the event on the consoles and on the port. */
void channels_report(const struct event *event);
