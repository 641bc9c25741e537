/* SPDX-License-Identifier: MIT */
#include "verdict/channels.h"

#include <string.h>

#include "base/cleanup.h"
#include "verdict/console.h"
#include "verdict/virtio_port.h"

/* Without a port no JSON is made: it takes memory, and a lack of that must not end the parent. */
static bool write_json(const struct event *event, bool must_deliver)
{
	AUTO_FREE char *line = virtio_port_is_open() ? protocol_json(event) : NULL;

	return line && virtio_port_write(line, strlen(line), must_deliver);
}

/* Sends EVENT_HELLO once, as soon as the host has opened its end. */
static void greet(void)
{
	static bool greeted;

	if (!greeted)
		greeted = write_json(&(const struct event){ .type = EVENT_HELLO }, false);
}

void channels_open(bool as_init)
{
	if (!as_init)
		console_open_standard();
	virtio_port_open(as_init);
	/* hvc0 is a port of the same device. */
	if (as_init)
		console_open_all();
	greet();
}

void channels_report(const struct event *event)
{
	bool verdict = event->type == EVENT_FAILED || event->type == EVENT_SUCCESSFUL;
	char line[PROTOCOL_LINE_BYTES];
	size_t size_bytes = protocol_line(line, event);

	if (size_bytes)
		console_write(line, size_bytes, verdict);
	greet();
	write_json(event, verdict);
}
