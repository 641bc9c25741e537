/* SPDX-License-Identifier: MIT */
#include "input/cloud_config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/yaml.h"

#define HEADER	   "#cloud-config"
#define NAME_BYTES 80
#define MORE	   "…"

enum use {
	USE_KEYS,
	USE_NOTHING, /* it asks for nothing that an install could do */
};

/* Paths as yaml_walk writes them; one that ends with a star stands for all that begin so. */
struct rule {
	const char *path;
	enum use use;
};

static const struct rule user_data_rules[] = {
	{ "ssh_authorized_keys", USE_KEYS },
	{ "ssh_authorized_keys[]", USE_KEYS },
	{ "users[].ssh_authorized_keys", USE_KEYS },
	{ "users[].ssh_authorized_keys[]", USE_KEYS },
	{ "users[].ssh-authorized-keys[]", USE_KEYS },
	{ "users[]", USE_NOTHING }, /* "default" */
	{ NULL, USE_NOTHING },
};

static const struct rule meta_data_rules[] = {
	{ "public-keys*", USE_KEYS },
	{ "public_keys*", USE_KEYS },
	{ "instance-id", USE_NOTHING },
	{ NULL, USE_NOTHING },
};

struct reading {
	const struct rule *rules;
	struct ssh_keys *keys;
	const char *name;
	char *ignored;
};

static const struct rule *find_rule(const struct rule *rule, const char *path)
{
	for (; rule->path; rule++) {
		size_t length = strlen(rule->path);

		if (rule->path[length - 1] == '*' ? strncmp(path, rule->path, length - 1) == 0
						  : strcmp(path, rule->path) == 0)
			return rule;
	}
	return NULL;
}

/* Whether a list joined by ", " has the name. */
static bool is_allowed_key(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (; *list; list += strcspn(list, ",") + 2) {
		if (strncmp(list, name, length) == 0 && (list[length] == ',' || !list[length]))
			return true;
		if (!strchr(list, ','))
			break;
	}
	return false;
}

/* Names what was ignored once: by its first member, of a user by the second. */
static void ignore(struct reading *reading, const char *path)
{
	size_t users = strncmp(path, "users[].", 8) == 0 ? 8 : 0;
	int length = (int)(users + strcspn(path + users, ".["));
	size_t used = strlen(reading->ignored);
	char name[NAME_BYTES];

	if (length)
		snprintf(name, sizeof(name), "%.*s", length, path);
	else
		snprintf(name, sizeof(name), "what stands outside a mapping");
	if (is_allowed_key(reading->ignored, name) || is_allowed_key(reading->ignored, MORE))
		return;
	if (used + strlen(name) + sizeof(", , " MORE) > CLOUD_CONFIG_IGNORED_BYTES)
		snprintf(name, sizeof(name), "%s", MORE);
	text_append(reading->ignored, CLOUD_CONFIG_IGNORED_BYTES, "%s%s", used ? ", " : "", name);
}

static int read_user_data_scalar(
	const char *path, const char *value, void *userdata, struct error *err)
{
	struct reading *reading = userdata;
	const struct rule *rule = find_rule(reading->rules, path);
	char place[300];

	if (!rule) {
		ignore(reading, path);
		return 0;
	}
	if (rule->use == USE_NOTHING)
		return 0;
	snprintf(place, sizeof(place), "%.60s in %.100s", path, reading->name);
	return ssh_keys_add(reading->keys, place, value, strlen(value), err);
}

static int read_yaml(const struct rule *rules, struct ssh_keys *keys, const char *name,
	const char *text, size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES],
	struct error *err)
{
	struct reading reading = {
		.rules = rules, .keys = keys, .name = name, .ignored = ret_ignored
	};
	int r = yaml_walk(text, size_bytes, read_user_data_scalar, &reading, err);

	if (r < 0 && err->code == EXIT_CONFIGURATION)
		error_wrap(err, "%s", name);
	return r;
}

/* Whether the first line is the header, blanks behind it aside. */
static bool is_cloud_config(const char *text, size_t size_bytes)
{
	size_t length = strlen(HEADER);

	if (size_bytes < length || memcmp(text, HEADER, length) != 0)
		return false;
	for (; length < size_bytes && text[length] != '\n'; length++)
		if (text[length] != ' ' && text[length] != '\t' && text[length] != '\r')
			return false;
	return true;
}

int cloud_config_user_data(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	ret_ignored[0] = '\0';
	if (size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size_bytes -= 3;
	}
	if (size_bytes == 0)
		return 0;
	if (!is_cloud_config(text, size_bytes)) {
		snprintf(ret_ignored, CLOUD_CONFIG_IGNORED_BYTES,
			"all of it (the first line is not " HEADER ")");
		return 0;
	}
	return read_yaml(user_data_rules, keys, name, text, size_bytes, ret_ignored, err);
}

int cloud_config_meta_data(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	ret_ignored[0] = '\0';
	return read_yaml(meta_data_rules, keys, name, text, size_bytes, ret_ignored, err);
}
