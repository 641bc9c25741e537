/* SPDX-License-Identifier: MIT */
#include "guest/sshd_match.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

#define WORD_BLANKS   " \t\r\""
#define ADDRESS_BYTES 16

bool sshd_match_pattern(const char *text, const char *pattern)
{
	const char *star = NULL, *retry = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool sshd_match_list(const char *list, const char *name)
{
	while (*list) {
		size_t length = strcspn(list, ",");
		char word[128];

		snprintf(word, sizeof(word), "%.*s", (int)length, list);
		if (sshd_match_pattern(name, word))
			return true;
		list += length + (list[length] == ',');
	}
	return false;
}

/* The bytes of an address in network order; returns how many there are, 0 if it is none. */
static size_t parse_address(const char *text, unsigned char ret[ADDRESS_BYTES])
{
	if (inet_pton(AF_INET, text, ret) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
}

/* Whether all bits behind the first ones are zero. */
static bool is_zero_behind(const unsigned char *bytes, size_t size_bytes, unsigned long bits)
{
	for (size_t i = bits; i < size_bytes * 8; i++)
		if (bytes[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* Compares an address with ADDRESS or ADDRESS/BITS: 1 or 0; -ENOENT if the word is neither; -EINVAL
 * if there are too many bits, or other ones behind them than zeros (OpenSSH, addr.c,
 * addr_pton_cidr). */
static int match_network(const char *address, const char *word)
{
	unsigned char a[ADDRESS_BYTES], b[ADDRESS_BYTES];
	char base[64], *end;
	const char *slash = strchr(word, '/');
	size_t size, base_chars = slash ? (size_t)(slash - word) : strlen(word);
	unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : 0;

	if (base_chars >= sizeof(base) || (slash && (!slash[1] || *end || bits > 128)))
		return -ENOENT;
	memcpy(base, word, base_chars);
	base[base_chars] = '\0';
	size = parse_address(base, b);
	if (size == 0)
		return -ENOENT;
	if (!slash)
		bits = size * 8;
	if (bits > size * 8 || !is_zero_behind(b, size, bits))
		return -EINVAL;
	if (parse_address(address, a) != size || memcmp(a, b, bits / 8) != 0)
		return 0;
	return bits % 8 == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8) == 0;
}

/* As match_network; every other word is a pattern. Names have no case. */
static int match_origin_word(const struct sshd_origin *origin, char *word)
{
	char host[sizeof(origin->host)];
	int r = match_network(origin->address, word);

	if (r != -ENOENT)
		return r;
	if (sshd_match_pattern(origin->address, word))
		return 1;
	memcpy(host, origin->host, sizeof(host));
	text_lower(host);
	text_lower(word);
	return sshd_match_pattern(host, word);
}

int sshd_match_origin(const struct sshd_origin *origin, const char *list)
{
	int found = 0;

	while (*list) {
		size_t length = strcspn(list, ",");
		bool negated = *list == '!';
		char word[160];
		int r;

		snprintf(word, sizeof(word), "%.*s", (int)(length - negated), list + negated);
		r = *word ? match_origin_word(origin, word) : 0;
		if (r < 0)
			return 0;
		if (r == 1 && negated)
			return -1;
		found |= r;
		list += length + (list[length] == ',');
	}
	return found;
}

/* OpenSSH, match.c, match_user: the last '@' divides the word, and '!' is no negation here. */
bool sshd_match_user(const char *user, const struct sshd_origin *origin, const char *word)
{
	const char *at = strrchr(word, '@');
	AUTO_FREE char *pattern = text_duplicate_bytes(
		word, at ? (size_t)(at - word) : strlen(word));

	return sshd_match_pattern(user, pattern) && (!at || sshd_match_origin(origin, at + 1) == 1);
}

bool sshd_match_is_loopback(const char *address)
{
	return text_starts_with(address, "127.") || strcmp(address, "::1") == 0 ||
	       strcmp(address, "localhost") == 0;
}

/* ------------------------------------------------------------------- proposing origins */

struct origins {
	struct sshd_origin *list;
	size_t count;
};

/* Host names and addresses end in an argument of sshd, where a comma would divide them. */
static bool is_plain_host(const char *text)
{
	return !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789.:-_")];
}

static void add_origin(struct origins *origins, const char *address, const char *host)
{
	struct sshd_origin *origin = &origins->list[origins->count];

	if (origins->count == SSHD_ORIGINS_MAX || sshd_match_is_loopback(address))
		return;
	snprintf(origin->address, sizeof(origin->address), "%s", address);
	snprintf(origin->host, sizeof(origin->host), "%s", host);
	origins->count++;
}

/* An example of what a pattern matches: wildcards become 1, and a short IPv4 address is filled up.
 * A network stands for its own first address. */
static void propose_pattern(struct origins *origins, const char *pattern, size_t length)
{
	unsigned char bytes[ADDRESS_BYTES];
	unsigned dots = 0;
	char text[128];

	if (length > 100 || *pattern == '!')
		return;
	snprintf(text, sizeof(text), "%.*s", (int)length, pattern);
	text[strcspn(text, "/")] = '\0';
	if (!*text)
		return;
	for (char *p = text; *p; p++) {
		if (*p == '*' || *p == '?')
			*p = '1';
		dots += *p == '.';
	}
	for (; dots < 3 && text[strspn(text, "0123456789.")] == '\0'; dots++)
		strcat(text, ".1");
	if (!is_plain_host(text))
		return;
	if (parse_address(text, bytes))
		add_origin(origins, text, text);
	else
		add_origin(origins, "203.0.113.9", text);
}

static void propose_list(struct origins *origins, const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		propose_pattern(origins, list, length);
		list += length + (list[length] == ',');
	}
}

/* One line of sshd_config, cut up in place: the words behind Address and Host of a Match line, and
 * the hosts of AllowUsers and DenyUsers. */
static void propose_line(struct origins *origins, char *line)
{
	char *save = NULL;
	char *keyword = strtok_r(line, WORD_BLANKS "=", &save);
	bool match = keyword && strcasecmp(keyword, "Match") == 0;
	bool users = keyword && (strcasecmp(keyword, "AllowUsers") == 0 ||
					strcasecmp(keyword, "DenyUsers") == 0);
	char *word, *before = NULL;

	while ((match || users) && (word = strtok_r(NULL, WORD_BLANKS "=", &save))) {
		if (users && strrchr(word, '@'))
			propose_list(origins, strrchr(word, '@') + 1);
		else if (match && before &&
			 (strcasecmp(before, "Address") == 0 || strcasecmp(before, "Host") == 0))
			propose_list(origins, word);
		before = word;
	}
}

size_t sshd_match_propose_origins(const char *config_text, struct sshd_origin ret[SSHD_ORIGINS_MAX])
{
	/* A public address (RFC 5737 and RFC 3849 keep these free), and QEMU's user network. */
	static const char *const common[] = { "203.0.113.9", "10.0.2.2", "192.168.122.1",
		"2001:db8::9" };
	struct origins origins = { .list = ret };
	AUTO_FREE char *copy = text_duplicate(config_text);
	char *rest = copy, *line;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		add_origin(&origins, common[i], common[i]);
	while ((line = strsep(&rest, "\n")))
		propose_line(&origins, line);
	return origins.count;
}
