/* SPDX-License-Identifier: MIT */
#include "disk/loop_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

#define CONTROL	  "/dev/loop-control"
#define TRIES_MAX 64 /* other programs may take a device that was just free */

static int open_free(int control, char ret_node[LOOP_NODE_BYTES], struct error *err)
{
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	int fd;

	if (number < 0)
		return error_errno(err, -errno, "find a free loop device");
	snprintf(ret_node, LOOP_NODE_BYTES, "/dev/loop%d", number);
	fd = open(ret_node, O_RDWR | O_CLOEXEC);
	return fd < 0 ? error_errno(err, -errno, "open %s", ret_node) : fd;
}

int loop_device_attach(const struct loop_request *request, char ret_node[LOOP_NODE_BYTES],
	int *ret_fd, struct error *err)
{
	AUTO_CLOSE int control = open(CONTROL, O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)request->fd,
		.info = {
			.lo_offset = request->offset_bytes,
			.lo_sizelimit = request->size_bytes,
			.lo_flags = LO_FLAGS_AUTOCLEAR |
				    (request->read_only ? LO_FLAGS_READ_ONLY : 0),
		},
	};

	if (control < 0)
		return error_errno(err, -errno, "open " CONTROL);
	snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s",
		request->name);
	for (int i = 0; i < TRIES_MAX; i++) {
		AUTO_CLOSE int fd = open_free(control, ret_node, err);

		if (fd < 0)
			return fd;
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
			*ret_fd = steal_fd(&fd);
			return 0;
		}
		if (errno != EBUSY)
			return error_errno(err, -errno, "attach %s to %s", request->name, ret_node);
	}
	return error_set(err, -EBUSY, "other programs take every loop device that is free");
}
