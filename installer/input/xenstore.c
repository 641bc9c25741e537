/* SPDX-License-Identifier: MIT */
#include "input/xenstore.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Of enum xsd_sockmsg_type. */
#define XS_DIRECTORY 1
#define XS_READ	     2
#define XS_ERROR     16

#define SETTINGS_FOLDER	  "vm-data/guest-installer"
#define KEYS_PATH	  "vm-data/ssh_authorized_keys"
#define NAME_MAX_BYTES	  64
#define PAYLOAD_MAX_BYTES 4096 /* XENSTORE_PAYLOAD_MAX */
#define ANSWER_MS	  5000

/* In the byte order of the machine. */
struct message {
	uint32_t type, request, transaction, size_bytes;
};

int xenstore_open(struct error *err)
{
	static const char *const paths[] = { "/dev/xen/xenbus", "/proc/xen/xenbus" };
	int fd = open(paths[0], O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fd = open(paths[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "open %s", paths[0]);
	return fd;
}

static int read_bytes(int fd, void *ret, size_t size_bytes, struct error *err)
{
	size_t used = 0;

	while (used < size_bytes) {
		struct pollfd waiting = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&waiting, 1, ANSWER_MS) <= 0)
			return error_set(err, -ETIMEDOUT, "xenstore does not answer");
		n = read(fd, (char *)ret + used, size_bytes - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(err, -EIO, "xenstore ended in the middle of an answer");
		used += (size_t)n;
	}
	return 0;
}

/* Sends a request with one path; the device takes a request in several writes, too. */
static int send_request(int fd, uint32_t type, const char *path, struct error *err)
{
	struct message message = { .type = type, .size_bytes = (uint32_t)strlen(path) + 1 };
	struct iovec parts[2] = { { &message, sizeof(message) },
		{ (void *)(uintptr_t)path, message.size_bytes } };

	if (writev(fd, parts, 2) != (ssize_t)(sizeof(message) + message.size_bytes))
		return error_errno(err, errno ? -errno : -EIO, "ask xenstore for %s", path);
	return 0;
}

/* The errors of xenstored are names. Without a right to read something it is not for this
 * domain. */
static int refuse_answer(const char *path, const char *name, struct error *err)
{
	int r = strcmp(name, "ENOENT") == 0 || strcmp(name, "EACCES") == 0 ? -ENOENT : -EIO;

	return error_set(err, r, "xenstore answers %.20s for %s", name, path);
}

static int ask(
	int fd, uint32_t type, const char *path, char **ret, size_t *ret_bytes, struct error *err)
{
	AUTO_FREE char *text = NULL;
	struct message answer;
	int r = send_request(fd, type, path, err);

	if (r < 0)
		return r;
	r = read_bytes(fd, &answer, sizeof(answer), err);
	if (r < 0)
		return r;
	if (answer.size_bytes > PAYLOAD_MAX_BYTES)
		return error_set(err, -EBADMSG, "xenstore answers with %u bytes for %s",
			answer.size_bytes, path);
	text = must_realloc(NULL, (size_t)answer.size_bytes + 1, 1);
	r = read_bytes(fd, text, answer.size_bytes, err);
	if (r < 0)
		return r;
	text[answer.size_bytes] = '\0';
	if (answer.type == XS_ERROR)
		return refuse_answer(path, text, err);
	if (answer.type != type)
		return error_set(err, -EBADMSG, "xenstore answers another question than %s", path);
	*ret = text;
	*ret_bytes = answer.size_bytes;
	text = NULL;
	return 0;
}

/* Appends "name=value". */
static int add_xenstore_setting(
	int fd, const char *name, struct xenstore_data *data, struct error *err)
{
	char path[sizeof(SETTINGS_FOLDER) + NAME_MAX_BYTES + 1];
	AUTO_FREE char *value = NULL;
	size_t value_bytes, length = strlen(name);
	int r;

	if (length > NAME_MAX_BYTES)
		return error_set(err, -ENAMETOOLONG,
			SETTINGS_FOLDER " in xenstore has a name of %zu bytes", length);
	snprintf(path, sizeof(path), SETTINGS_FOLDER "/%s", name);
	r = ask(fd, XS_READ, path, &value, &value_bytes, err);
	if (r < 0)
		return r == -ENOENT ? -EIO : r; /* it was listed */
	length += 1 + strlen(value) + 1;
	data->settings = must_realloc(data->settings, data->settings_bytes + length, 1);
	snprintf(data->settings + data->settings_bytes, length, "%s=%s", name, value);
	data->settings_bytes += length;
	return 0;
}

static int read_settings(int fd, struct xenstore_data *data, struct error *err)
{
	AUTO_FREE char *names = NULL;
	size_t size_bytes;
	int r = ask(fd, XS_DIRECTORY, SETTINGS_FOLDER, &names, &size_bytes, err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (const char *name = names; name < names + size_bytes; name += strlen(name) + 1) {
		r = add_xenstore_setting(fd, name, data, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int xenstore_read(int fd, struct xenstore_data *ret, struct error *err)
{
	struct xenstore_data data = { .settings = NULL };
	int r = read_settings(fd, &data, err);

	if (r == 0)
		r = ask(fd, XS_READ, KEYS_PATH, &data.keys_text, &data.keys_bytes, err);
	if (r < 0 && r != -ENOENT) {
		xenstore_free(&data);
		return r;
	}
	*ret = data;
	return 0;
}

void xenstore_free(struct xenstore_data *data)
{
	free(data->settings);
	free(data->keys_text);
	*data = (struct xenstore_data){ .settings = NULL };
}
