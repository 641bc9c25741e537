/* SPDX-License-Identifier: MIT */
#include "input/ssh_key_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define VALUE_BYTES   8192	 /* of a line, and so of a value */
#define CIDR_BYTES    64	 /* a longer word is a name to OpenSSH */
#define HOST_MAX      1024	 /* NI_MAXHOST */
#define TUNNEL_MAX    0x7ffffffd /* OpenSSH's SSH_TUNID_MAX */
#define NAME_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static int refuse_option(struct error *err, const char *what)
{
	return error_set_code(err, EXIT_NO_KEY, -EINVAL, "has an option %s", what);
}

/* Options without a value, and whether "no-" may stand before them. */
static const struct {
	const char *name;
	bool negatable;
} flags[] = {
	{ "restrict", false },
	{ "cert-authority", false },
	{ "port-forwarding", true },
	{ "agent-forwarding", true },
	{ "x11-forwarding", true },
	{ "touch-required", true },
	{ "verify-required", true },
	{ "pty", true },
	{ "user-rc", true },
};

/* The end of a flag at the start of text; NULL if there is none. */
static const char *skip_flag(const char *text, struct ssh_key_options *ret)
{
	bool negated = strncasecmp(text, "no-", 3) == 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const char *name = text + (negated && flags[i].negatable ? 3 : 0);
		size_t length = strlen(flags[i].name);

		if (strncasecmp(name, flags[i].name, length) != 0)
			continue;
		if (strcmp(flags[i].name, "cert-authority") == 0)
			ret->authority = true;
		return name + length;
	}
	return NULL;
}

/* ------------------------------------------------------------------- values */

/* YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, perhaps with Z or UTC behind it. Local time is taken
 * for UTC, because the guest's time zone is unknown here. */
static time_t parse_time(const char *text)
{
	static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%d-%H-%M", "%Y-%m-%d-%H-%M-%S" };
	size_t length = strspn(text, "0123456789");
	const char *zone = text + length, *end;
	struct tm parts = { 0 };
	char spaced[32];

	if ((length != 8 && length != 12 && length != 14) ||
		(*zone && strcasecmp(zone, "z") != 0 && strcasecmp(zone, "utc") != 0))
		return -1;
	snprintf(spaced, sizeof(spaced), "%.4s-%.2s-%.2s", text, text + 4, text + 6);
	for (size_t at = 8; at < length; at += 2)
		snprintf(spaced + strlen(spaced), 4, "-%.2s", text + at);
	end = strptime(spaced, formats[length == 8 ? 0 : length / 2 - 5], &parts);
	return end && *end == '\0' ? timegm(&parts) : -1;
}

/* PORT, a service's name or *. The words none and any are for sshd_config: they name no service. */
static bool is_port(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (strcmp(text, "*") == 0)
		return true;
	if (*text >= '0' && *text <= '9')
		return *end == '\0' && number >= 1 && number <= 65535;
	if (strcmp(text, "none") == 0 || strcmp(text, "any") == 0)
		return false;
	return *text >= 'a' && *text <= 'z' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

/* HOST:PORT, with brackets around an IPv6 address; a bare PORT where that is allowed. */
static bool is_permission(const char *text, bool bare_port)
{
	const char *end;

	if (bare_port && !strchr(text, ':'))
		return is_port(text);
	if (*text == '[') {
		end = strchr(text, ']');
		return end && end - text < HOST_MAX && end[1] == ':' && is_port(end + 2);
	}
	end = strpbrk(text, ":/");
	return end && end - text < HOST_MAX && is_port(end + 1);
}

static bool is_environment(const char *text)
{
	size_t length = strspn(text, NAME_ALPHABET);

	return length && text[length] == '=';
}

static bool is_tunnel(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (strcasecmp(text, "any") == 0)
		return true;
	return *text >= '0' && *text <= '9' && *end == '\0' && number <= TUNNEL_MAX;
}

/* Whether ADDRESS/BITS is a network: bits that the address has, and no bit of the host set. A word
 * that is no address with a number is a name with wildcards (OpenSSH, addr.c, addr_pton_cidr). */
static bool is_network_or_name(const char *word)
{
	const char *slash = strchr(word, '/');
	unsigned char bytes[16] = { 0 };
	struct in_addr ipv4;
	char address[CIDR_BYTES], *end;
	size_t size = 4;
	unsigned long bits;

	if (!slash || strlen(word) >= sizeof(address))
		return true;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - word), word);
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || bits > 128)
		return true;
	if (inet_aton(address, &ipv4))
		memcpy(bytes, &ipv4, sizeof(ipv4));
	else if (inet_pton(AF_INET6, address, bytes) == 1)
		size = sizeof(bytes);
	else
		return true;
	if (bits > size * 8)
		return false;
	for (size_t bit = bits; bit < size * 8; bit++)
		if (bytes[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool is_from_list(const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ",");
		char word[HOST_MAX];

		snprintf(word, sizeof(word), "%.*s", (int)length, list);
		if (length >= sizeof(word) || !is_network_or_name(word + (*word == '!')))
			return false;
		list += length + (list[length] == ',');
	}
	return true;
}

static bool is_loopback(const char *word, size_t length)
{
	return (length > 4 && text_starts_with(word, "127.")) ||
	       (length == 3 && text_starts_with(word, "::1")) ||
	       (length == 9 && strncasecmp(word, "localhost", 9) == 0);
}

/* From where a list lets a client in: a client has to match a word, and none of the negated
 * ones. */
enum reach {
	REACH_NOWHERE,
	REACH_LOCAL,
	REACH_OTHERS,
};

static enum reach find_reach(const char *list)
{
	enum reach reach = REACH_NOWHERE;

	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == 2 && text_starts_with(list, "!*"))
			return REACH_NOWHERE;
		if (length && *list != '!' && reach != REACH_OTHERS)
			reach = is_loopback(list, length) ? REACH_LOCAL : REACH_OTHERS;
		list += length + (list[length] == ',');
	}
	return reach;
}

/* What has been read of a line so far. */
struct option_state {
	struct ssh_key_options *ret;
	bool principals, from;
	struct error *err;
};

typedef int option_fn(struct option_state *state, const char *value);

static int take_command(struct option_state *state, const char *value)
{
	(void)value;
	if (state->ret->forced_command)
		return refuse_option(state->err, "command= twice, which SSH servers refuse");
	state->ret->forced_command = true;
	return 0;
}

static int take_principals(struct option_state *state, const char *value)
{
	(void)value;
	if (state->principals)
		return refuse_option(state->err, "principals= twice, which SSH servers refuse");
	state->principals = true;
	return 0;
}

static int take_from_list(struct option_state *state, const char *value)
{
	if (state->from)
		return refuse_option(state->err, "from= twice, which SSH servers refuse");
	state->from = true;
	if (!is_from_list(value))
		return refuse_option(state->err,
			"from= with an address range that is none, such as 10.0.0.0/99");
	if (find_reach(value) == REACH_NOWHERE)
		return refuse_option(state->err,
			"from= that no address matches: add the addresses that may log in, such as * before !10.0.0.0/8");
	state->ret->local_only = find_reach(value) == REACH_LOCAL;
	return 0;
}

static int take_expiry(struct option_state *state, const char *value)
{
	time_t expires = parse_time(value);

	if (expires <= 0)
		return refuse_option(state->err,
			"expiry-time= with a time that is none: write YYYYMMDD or YYYYMMDDHHMM");
	if (state->ret->expires == 0 || expires < state->ret->expires)
		state->ret->expires = expires;
	return 0;
}

static int take_environment(struct option_state *state, const char *value)
{
	return is_environment(value)
		       ? 0
		       : refuse_option(state->err, "environment= that is not NAME=VALUE");
}

static int take_permitopen(struct option_state *state, const char *value)
{
	return is_permission(value, false)
		       ? 0
		       : refuse_option(state->err, "permitopen= that is not HOST:PORT");
}

static int take_permitlisten(struct option_state *state, const char *value)
{
	return is_permission(value, true)
		       ? 0
		       : refuse_option(state->err, "permitlisten= that is not HOST:PORT or PORT");
}

static int take_tunnel(struct option_state *state, const char *value)
{
	return is_tunnel(value)
		       ? 0
		       : refuse_option(state->err, "tunnel= that is neither a number nor any");
}

static const struct {
	const char *name;
	option_fn *take;
} valued[] = {
	{ "command=", take_command },
	{ "principals=", take_principals },
	{ "from=", take_from_list },
	{ "expiry-time=", take_expiry },
	{ "environment=", take_environment },
	{ "permitopen=", take_permitopen },
	{ "permitlisten=", take_permitlisten },
	{ "tunnel=", take_tunnel },
};

/* Reads "…" with \" for a quote; returns where it ends, NULL if it is not quoted. */
static const char *unquote(const char *text, char ret[VALUE_BYTES])
{
	size_t used = 0;

	if (*text++ != '"')
		return NULL;
	for (; *text && *text != '"' && used < VALUE_BYTES - 1; text++) {
		if (text[0] == '\\' && text[1] == '"')
			text++;
		ret[used++] = *text;
	}
	ret[used] = '\0';
	return *text == '"' ? text + 1 : NULL;
}

/* 1 if an option with a value was read, which *text then points behind; 0 if there is none. */
static int take_valued(struct option_state *state, const char **text)
{
	for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++) {
		size_t length = strlen(valued[i].name);
		char value[VALUE_BYTES];
		const char *end;
		int r;

		if (strncasecmp(*text, valued[i].name, length) != 0)
			continue;
		end = unquote(*text + length, value);
		if (!end)
			return error_set_code(state->err, EXIT_NO_KEY, -EINVAL,
				"has an option %s whose value is not in double quotes",
				valued[i].name);
		r = valued[i].take(state, value);
		if (r < 0)
			return r;
		*text = end;
		return 1;
	}
	return 0;
}

static int refuse_unknown(struct error *err, const char *text)
{
	return error_set_code(err, EXIT_NO_KEY, -EINVAL,
		"has an option that SSH servers do not know: \"%.40s\"", text);
}

/* Takes one option or none: sshd skips an empty one. Behind it stands a comma or the end. */
static int take_key_option(struct option_state *state, const char **text)
{
	const char *start = *text, *end = skip_flag(*text, state->ret);
	int r;

	if (end)
		*text = end;
	r = end ? 1 : take_valued(state, text);
	if (r < 0)
		return r;
	return **text && **text != ',' ? refuse_unknown(state->err, start) : 0;
}

int ssh_key_options_parse(const char *text, struct ssh_key_options *ret, struct error *err)
{
	struct ssh_key_options options = { 0 };
	struct option_state state = { .ret = &options, .err = err };

	while (*text) {
		int r = take_key_option(&state, &text);

		if (r < 0)
			return r;
		text += *text == ',';
	}
	if (state.principals && !options.authority)
		return refuse_option(
			err, "principals= without cert-authority, which SSH servers refuse");
	*ret = options;
	return 0;
}
