/* SPDX-License-Identifier: MIT */
/*
 * answers — what the parsers of installer/ say of many inputs, for the programs beside it.
 *
 *     answers COMMAND <requests >answers
 *
 * A request and an answer are a number of bytes (32 bits, of this machine) and the bytes. In an
 * answer, "-" stands for a refusal and "+" is before what was read. Parts of either are separated
 * by NUL.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/yaml.h"
#include "disk/mount.h"
#include "guest/sshd_match.h"
#include "input/smbios.h"
#include "input/ssh_key_line.h"
#include "net/url.h"
#include "nix/nar.h"

#define PARTS_MAX 4

/* An answer that grows. */
struct answer {
	char *bytes;
	size_t size_bytes;
};

static void add(struct answer *answer, const void *data, size_t size_bytes)
{
	answer->bytes = must_realloc(answer->bytes, answer->size_bytes + size_bytes + 1, 1);
	if (size_bytes)
		memcpy(answer->bytes + answer->size_bytes, data, size_bytes);
	answer->size_bytes += size_bytes;
}

static void add_text(struct answer *answer, const char *text)
{
	add(answer, text, strlen(text) + 1);
}

/* ------------------------------------------------------------------- an archive, written again */

struct writer {
	struct answer *answer;
	unsigned depth;
	size_t padding_bytes;
};

static void write_nar_string(struct writer *writer, const void *data, size_t size_bytes)
{
	static const char zeros[8];
	uint64_t length = size_bytes;

	add(writer->answer, &length, sizeof(length));
	add(writer->answer, data, size_bytes);
	add(writer->answer, zeros, (8 - size_bytes % 8) % 8);
}

static void write_words(struct writer *writer, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_nar_string(writer, words[i], strlen(words[i]));
}

#define WRITE(writer, ...)                                                                         \
	write_words(writer, (const char *const[]){ __VA_ARGS__ },                                  \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void begin_node(struct writer *writer, const char *name)
{
	if (name)
		WRITE(writer, "entry", "(", "name", name, "node");
	else
		WRITE(writer, "nix-archive-1");
}

/* Ends a node, and the entry that it is in. */
static void end_node(struct writer *writer)
{
	WRITE(writer, ")");
	if (writer->depth)
		WRITE(writer, ")");
}

static int on_directory(void *userdata, const char *name, struct error *err)
{
	struct writer *writer = userdata;

	(void)err;
	begin_node(writer, name);
	WRITE(writer, "(", "type", "directory");
	writer->depth++;
	return 0;
}

static int on_directory_end(void *userdata, struct error *err)
{
	struct writer *writer = userdata;

	(void)err;
	writer->depth--;
	end_node(writer);
	return 0;
}

static int on_file(
	void *userdata, const char *name, bool executable, uint64_t size_bytes, struct error *err)
{
	struct writer *writer = userdata;

	(void)err;
	begin_node(writer, name);
	WRITE(writer, "(", "type", "regular");
	if (executable)
		WRITE(writer, "executable", "");
	WRITE(writer, "contents");
	add(writer->answer, &size_bytes, sizeof(size_bytes));
	writer->padding_bytes = (8 - size_bytes % 8) % 8;
	return 0;
}

static int on_file_data(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct writer *writer = userdata;

	(void)err;
	add(writer->answer, data, size_bytes);
	return 0;
}

static int on_file_end(void *userdata, struct error *err)
{
	static const char zeros[8];
	struct writer *writer = userdata;

	(void)err;
	add(writer->answer, zeros, writer->padding_bytes);
	end_node(writer);
	return 0;
}

static int on_link(void *userdata, const char *name, const char *target, struct error *err)
{
	struct writer *writer = userdata;

	(void)err;
	begin_node(writer, name);
	WRITE(writer, "(", "type", "symlink", "target", target);
	end_node(writer);
	return 0;
}

static bool answer_nar(char *request, size_t size_bytes, struct answer *answer)
{
	static const struct nar_events events = { on_directory, on_directory_end, on_file,
		on_file_data, on_file_end, on_link };
	struct writer writer = { .answer = answer };
	CLEANUP(nar_free) struct nar *nar = nar_new(&events, &writer);
	struct error err;

	return nar_feed(nar, (const uint8_t *)request, size_bytes, &err) == 0 &&
	       nar_finish(nar, &err) == 0;
}

/* ------------------------------------------------------------------- documents and tables */

static int add_scalar(const char *path, const char *value, void *userdata, struct error *err)
{
	(void)err;
	add_text(userdata, path);
	add_text(userdata, value ? value : "\1begins");
	return 0;
}

static bool answer_yaml(char *request, size_t size_bytes, struct answer *answer)
{
	struct error err;

	return yaml_walk(request, size_bytes, add_scalar, answer, &err) == 0;
}

static bool answer_json(char *request, size_t size_bytes, struct answer *answer)
{
	struct error err;

	return json_walk(request, size_bytes, add_scalar, answer, &err) == 0;
}

static int add_line(const char *device, const char *path, const char *options, void *userdata,
	struct error *err)
{
	(void)err;
	add_text(userdata, device);
	add_text(userdata, path);
	add_text(userdata, options);
	return 0;
}

static bool answer_fstab(char *request, size_t size_bytes, struct answer *answer)
{
	struct error err;

	return strlen(request) == size_bytes &&
	       mount_read_fstab(request, add_line, answer, &err) == 0;
}

static bool answer_smbios(char *request, size_t size_bytes, struct answer *answer)
{
	const char *string;

	for (size_t i = 0; (string = smbios_oem_string((const uint8_t *)request, size_bytes, i));
		i++)
		add_text(answer, string);
	return true;
}

/* ------------------------------------------------------------------- texts */

/* The parts of a request; missing ones are empty. */
static void split_request(char *request, size_t size_bytes, const char *parts[PARTS_MAX])
{
	char *end = request + size_bytes;

	for (size_t i = 0; i < PARTS_MAX; i++) {
		parts[i] = request;
		request += strlen(request);
		request += request < end;
	}
}

static bool answer_url(char *request, size_t size_bytes, struct answer *answer)
{
	AUTO_FREE char *shown = NULL, *quoted = NULL, *joined = NULL;
	const char *parts[PARTS_MAX];
	struct error err;

	split_request(request, size_bytes, parts);
	shown = url_shown(parts[0]);
	quoted = url_quote_path(parts[1]);
	joined = url_join(parts[0], quoted);
	add_text(answer, url_is_allowed(parts[0]) ? "allowed" : "");
	add_text(answer, url_is_remote(parts[0]) ? "remote" : "");
	add_text(answer, url_is_base(parts[0]) ? "base" : "");
	add_text(answer, shown);
	add_text(answer, quoted);
	add_text(answer, joined);
	add_text(answer, url_check_redirect(parts[0], parts[1], &err) == 0 ? "redirect" : "");
	return true;
}

/* What libcurl reads in a URL. */
static bool answer_curl(char *request, size_t size_bytes, struct answer *answer)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_USER, CURLUPART_PASSWORD,
		CURLUPART_HOST, CURLUPART_PORT, CURLUPART_PATH, CURLUPART_QUERY,
		CURLUPART_FRAGMENT };
	CURLU *url = curl_url();
	bool read = strlen(request) == size_bytes &&
		    curl_url_set(url, CURLUPART_URL, request, 0) == CURLUE_OK;

	for (size_t i = 0; read && i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *value = NULL;

		curl_url_get(url, parts[i], &value, 0);
		add_text(answer, value ? value : "");
		curl_free(value);
	}
	curl_url_cleanup(url);
	return read;
}

/* "user" or "origin", a word of AllowUsers or a list of origins, an address, its host name. */
static bool answer_match(char *request, size_t size_bytes, struct answer *answer)
{
	struct sshd_origin origin = { .address = "" };
	const char *parts[PARTS_MAX];

	(void)answer;
	split_request(request, size_bytes, parts);
	snprintf(origin.address, sizeof(origin.address), "%s", parts[2]);
	snprintf(origin.host, sizeof(origin.host), "%s", parts[3]);
	if (strcmp(parts[0], "user") == 0)
		return sshd_match_user("alice", &origin, parts[1]);
	return sshd_match_origin(&origin, parts[1]) == 1;
}

static bool answer_key(char *request, size_t size_bytes, struct answer *answer)
{
	struct ssh_key_line line;
	struct error err;

	if (strlen(request) != size_bytes || ssh_key_line_parse(request, &line, &err) < 0)
		return false;
	add_text(answer, line.known_type ? "known" : "");
	add_text(answer, line.comment);
	return true;
}

static bool answer_base64(char *request, size_t size_bytes, struct answer *answer)
{
	size_t decoded_bytes = base64_decoded_bytes(request, size_bytes);
	AUTO_FREE uint8_t *decoded = must_realloc(NULL, decoded_bytes + 1, 1);

	if (base64_decode(request, size_bytes, decoded, decoded_bytes) < 0)
		return false;
	add(answer, decoded, decoded_bytes);
	return true;
}

/* ------------------------------------------------------------------- all requests */

typedef bool answer_fn(char *request, size_t size_bytes, struct answer *answer);

static const struct {
	const char *name;
	answer_fn *answer;
} commands[] = {
	{ "nar", answer_nar },
	{ "yaml", answer_yaml },
	{ "json", answer_json },
	{ "fstab", answer_fstab },
	{ "smbios", answer_smbios },
	{ "url", answer_url },
	{ "curl", answer_curl },
	{ "match", answer_match },
	{ "key", answer_key },
	{ "base64", answer_base64 },
};

static void answer_all(answer_fn *function)
{
	uint32_t size_bytes;

	while (fread(&size_bytes, sizeof(size_bytes), 1, stdin) == 1) {
		AUTO_FREE char *request = must_realloc(NULL, (size_t)size_bytes + 1, 1);
		struct answer answer = { NULL, 0 };
		bool read;
		uint32_t answer_bytes;

		if (fread(request, 1, size_bytes, stdin) != size_bytes)
			abort();
		request[size_bytes] = '\0';
		read = function(request, size_bytes, &answer);
		answer_bytes = read ? (uint32_t)answer.size_bytes + 1 : 1;
		fwrite(&answer_bytes, sizeof(answer_bytes), 1, stdout);
		putchar(read ? '+' : '-');
		if (read && answer.size_bytes)
			fwrite(answer.bytes, 1, answer.size_bytes, stdout);
		free(answer.bytes);
	}
}

int main(int argc, char *argv[])
{
	for (size_t i = 0; argc == 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			answer_all(commands[i].answer);
			return ferror(stdin) || fflush(stdout) != 0;
		}
	}
	fprintf(stderr, "usage: answers COMMAND <requests >answers\n");
	return 2;
}
