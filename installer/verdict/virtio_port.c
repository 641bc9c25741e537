/* SPDX-License-Identifier: MIT */
#include "verdict/virtio_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "verdict/line_writer.h"

#define PORT_NAME	 "org.guest-installer.0"
#define CLASS_FOLDER	 "/sys/class/virtio-ports"
#define DEVICES_FOLDER	 "/sys/bus/virtio/devices"
#define VIRTIO_CONSOLE	 "0x0003" /* Virtual I/O Device (VIRTIO) 1.2, section 5 */
#define APPEAR_MS	 3000	  /* for the first port to be named */
#define OTHERS_APPEAR_MS 300	  /* for the others after it */
#define CONNECT_MS	 500	  /* for the host to open its end */
#define NAP_MS		 10

static struct line_writer writer = { .fd = -1 };

/* Whether a folder of /sys has an entry whose attribute has this value (NULL: any non-empty
 * one). */
static bool find_entry(
	const char *folder, const char *attribute, const char *value, char *ret, size_t ret_bytes)
{
	AUTO_CLOSEDIR DIR *dir = opendir(folder);
	char path[FILE_PATH_BYTES], found[128];
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", folder, entry->d_name, attribute);
		file_read_line(path, found, sizeof(found));
		if (value ? strcmp(found, value) == 0 : found[0] != '\0') {
			snprintf(ret, ret_bytes, "%.60s", entry->d_name);
			return true;
		}
	}
	return false;
}

/* The device announces its ports one after the other. */
bool virtio_port_find(const char *port, bool wait, char *ret, size_t ret_bytes)
{
	char other[64];
	int64_t end = clock_now_ms();

	if (wait && find_entry(DEVICES_FOLDER, "device", VIRTIO_CONSOLE, other, sizeof(other)))
		end += APPEAR_MS;
	while (!find_entry(CLASS_FOLDER, "name", port, ret, ret_bytes)) {
		int64_t now = clock_now_ms();

		if (now >= end)
			return false;
		if (find_entry(CLASS_FOLDER, "name", NULL, other, sizeof(other)) &&
			end > now + OTHERS_APPEAR_MS)
			end = now + OTHERS_APPEAR_MS;
		poll(NULL, 0, NAP_MS);
	}
	return true;
}

/* The device announces the host's end after the name. If the host has not opened it, poll reports
 * POLLHUP at once. */
static void wait_for_host(void)
{
	int64_t end = clock_now_ms() + CONNECT_MS;
	struct pollfd host = { .fd = writer.fd, .events = POLLOUT };

	while (poll(&host, 1, NAP_MS) >= 0 && !(host.revents & POLLOUT) && clock_now_ms() < end)
		poll(NULL, 0, NAP_MS);
}

void virtio_port_open(bool wait)
{
	char name[64], path[128];

	if (!virtio_port_find(PORT_NAME, wait, name, sizeof(name)))
		return;
	snprintf(path, sizeof(path), "/dev/%s", name);
	writer.fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (writer.fd < 0)
		log_line("port: open %s: %s", path, strerror(errno));
	else
		wait_for_host();
}

bool virtio_port_is_open(void)
{
	return writer.fd >= 0;
}

bool virtio_port_write(const char *line, size_t size_bytes, bool must_deliver)
{
	return virtio_port_is_open() && line_writer_write(&writer, line, size_bytes, must_deliver);
}
