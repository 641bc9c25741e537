/* SPDX-License-Identifier: MIT */
/*
 * channels — tells one event everywhere: as a line on the consoles, as JSON on the port.
 *
 * What an event looks like is protocol's. A verdict is insisted on; nothing blocks for ever.
 */
#pragma once

#include <stdbool.h>

#include "verdict/protocol.h"

/* Opens the port and greets the host there. Before the installer forks; without a call, events go
 * to the consoles alone, and standard output may block. as_init: the machine has just been started,
 * and its consoles are open. */
void channels_open(bool as_init);

void channels_tell(const struct event *event);
