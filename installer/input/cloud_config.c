/* SPDX-License-Identifier: MIT */
#include "input/cloud_config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "input/cloud_form.h"

#define NAME_BYTES  80
#define USERS_MAX   64
#define USER_BYTES  64
#define MORE	    "…"
#define CERTIFICATE "-----BEGIN CERTIFICATE-----"

enum use {
	USE_KEYS,
	USE_USER_KEYS,	  /* keys of an entry of users */
	USE_DEFAULT_KEYS, /* keys of the user that "user" describes, or of no named one */
	USE_NOTHING,	  /* it asks for nothing that an install could do */
};

/* Paths as yaml_walk writes them; one that ends with a star stands for all that begin so. */
struct rule {
	const char *path;
	enum use use;
};

static const struct rule user_data_rules[] = {
	{ "ssh_authorized_keys", USE_KEYS },
	{ "ssh_authorized_keys[]", USE_KEYS },
	{ "ssh-authorized-keys", USE_KEYS },
	{ "ssh-authorized-keys[]", USE_KEYS },
	{ "autoinstall.ssh.authorized-keys", USE_KEYS },
	{ "autoinstall.ssh.authorized-keys[]", USE_KEYS },
	{ "autoinstall.version", USE_NOTHING },
	{ "autoinstall.ssh.install-server", USE_NOTHING },
	{ "users[].ssh_authorized_keys", USE_USER_KEYS },
	{ "users[].ssh_authorized_keys[]", USE_USER_KEYS },
	{ "users[].ssh_authorized_keys.*", USE_USER_KEYS },
	{ "users[].ssh-authorized-keys", USE_USER_KEYS },
	{ "users[].ssh-authorized-keys[]", USE_USER_KEYS },
	{ "users[].ssh-authorized-keys.*", USE_USER_KEYS },
	{ "users[].name", USE_NOTHING },
	{ "user.ssh_authorized_keys", USE_DEFAULT_KEYS },
	{ "user.ssh_authorized_keys[]", USE_DEFAULT_KEYS },
	{ "user.ssh_authorized_keys.*", USE_DEFAULT_KEYS },
	{ "user.ssh-authorized-keys", USE_DEFAULT_KEYS },
	{ "user.ssh-authorized-keys[]", USE_DEFAULT_KEYS },
	{ "user.ssh-authorized-keys.*", USE_DEFAULT_KEYS },
	{ "user.name", USE_NOTHING },
	{ "users[]", USE_NOTHING },  /* "default" */
	{ "hostname", USE_NOTHING }, /* and what follows: cloud_settings reads it */
	{ "fqdn", USE_NOTHING },
	{ "guest-installer*", USE_NOTHING },
	{ NULL, USE_NOTHING },
};

static const struct rule meta_data_rules[] = {
	{ "public-keys*", USE_KEYS },
	{ "public_keys*", USE_KEYS },
	{ "instance-id", USE_NOTHING },
	{ "local-hostname", USE_NOTHING }, /* cloud_settings reads it */
	{ "hostname", USE_NOTHING },
	{ NULL, USE_NOTHING },
};

/* What describes the instance asks for nothing. */
static const struct rule openstack_rules[] = {
	{ "public_keys*", USE_KEYS },
	{ "keys[].data", USE_KEYS },
	{ "keys[].name", USE_NOTHING },
	{ "keys[].type", USE_NOTHING },
	{ "hostname", USE_NOTHING }, /* cloud_settings reads it */
	{ "uuid", USE_NOTHING },
	{ "name", USE_NOTHING },
	{ "project_id", USE_NOTHING },
	{ "launch_index", USE_NOTHING },
	{ "availability_zone", USE_NOTHING },
	{ "random_seed", USE_NOTHING },
	{ "meta.*", USE_NOTHING },
	{ "devices[]*", USE_NOTHING },
	{ "network_config.*", USE_NOTHING },
	{ NULL, USE_NOTHING },
};

/* The entries of users that are mappings, in their order. */
struct users {
	char names[USERS_MAX][USER_BYTES];
	size_t count;
	/* The name in "user"; empty if its keys are those of the default user. */
	char default_name[USER_BYTES];
};

struct reading {
	const struct rule *rules;
	const char *user;	   /* keys-user */
	const struct users *users; /* of the whole document */
	size_t entry;		   /* how many entries of users have begun */
	struct ssh_keys *keys;
	const char *name;
	char *ignored;
	bool taken;	      /* a value was taken for keys */
	struct error refusal; /* of the first value that has none */
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
static bool is_listed(const char *list, const char *name)
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

/* Adds a name to what was ignored, once. */
static void ignore_name(struct reading *reading, const char *name)
{
	size_t used = strlen(reading->ignored);

	if (is_listed(reading->ignored, name) || is_listed(reading->ignored, MORE))
		return;
	if (used + strlen(name) + sizeof(", , " MORE) > CLOUD_CONFIG_IGNORED_BYTES)
		name = MORE;
	text_append(reading->ignored, CLOUD_CONFIG_IGNORED_BYTES, "%s%s", used ? ", " : "", name);
}

/* Names a path by its first member, of an entry of users by the second. */
static void ignore(struct reading *reading, const char *path)
{
	size_t users = text_starts_with(path, "users[].") ? 8 : 0;
	int length = (int)(users + strcspn(path + users, ".["));
	char name[NAME_BYTES];

	if (length)
		snprintf(name, sizeof(name), "%.*s", length, path);
	else
		snprintf(name, sizeof(name), "what stands outside a mapping");
	ignore_name(reading, name);
}

/* The name of the entry of users that is being read; empty if it has none. */
static const char *entry_name(const struct reading *reading)
{
	size_t entry = reading->entry;

	return entry >= 1 && entry <= USERS_MAX ? reading->users->names[entry - 1] : "";
}

/* users may also be a mapping from names to entries. Writes "users.NAME.member" as
 * "users[].member", and the name, in which yaml_walk has replaced the dots. */
static bool split_user(const char *path, char ret_path[YAML_PATH_BYTES], char ret_name[USER_BYTES])
{
	const char *name = path + strlen("users."), *member;

	if (!text_starts_with(path, "users."))
		return false;
	member = strchr(name, '.');
	if (!member || member - name >= USER_BYTES)
		return false;
	snprintf(ret_name, USER_BYTES, "%.*s", (int)(member - name), name);
	snprintf(ret_path, YAML_PATH_BYTES, "users[]%.200s", member);
	return true;
}

/* Whether a path shows this name. */
static bool is_shown_name(const char *shown, const char *name)
{
	for (; *shown && *name; shown++, name++)
		if (*shown != *name && (*shown != '?' || *name != '.'))
			return false;
	return !*shown && !*name;
}

/* The rule for a path; keys of a mapping users have those of the list. */
static const struct rule *find_path_rule(const struct reading *reading, const char *path)
{
	char entry[YAML_PATH_BYTES], name[USER_BYTES];
	const struct rule *rule = find_rule(reading->rules, path);

	if (!rule && reading->user && split_user(path, entry, name))
		rule = find_rule(reading->rules, entry);
	return rule;
}

/* Whose keys stand at the path: the name of a user, or NULL for keys of the default user, which are
 * meant for any. */
static const char *find_keys_owner(
	const struct reading *reading, const char *path, enum use use, char ret_name[USER_BYTES])
{
	char ignored[YAML_PATH_BYTES];
	const char *owner = split_user(path, ignored, ret_name) ? ret_name : entry_name(reading);

	if (use != USE_DEFAULT_KEYS && strcmp(owner, "default") != 0)
		return owner;
	return reading->users->default_name[0] ? reading->users->default_name : NULL;
}

/* Whether the keys at the path are those of keys-user; others are named as ignored. */
static bool is_keys_user(struct reading *reading, const char *path, enum use use)
{
	char name[NAME_BYTES], shown[USER_BYTES];
	const char *owner = find_keys_owner(reading, path, use, shown);

	if (!owner || strcmp(owner, reading->user) == 0 ||
		(owner == shown && is_shown_name(owner, reading->user)))
		return true;
	snprintf(name, sizeof(name), CLOUD_CONFIG_OTHER_USER "%.40s", owner);
	for (char *p = name; *p; p++)
		if (*p == ',' || (unsigned char)*p < ' ')
			*p = '?';
	ignore_name(reading, name);
	return false;
}

/* Like a bad line of authorized_keys, a bad value is only warned of if another one is good. */
static int keep_refusal(struct reading *reading, const struct error *err)
{
	ssh_keys_warn(reading->keys, err->text);
	if (!reading->refusal.text[0])
		reading->refusal = *err;
	return 0;
}

static int take_cloud_keys(
	struct reading *reading, const char *place, const char *value, struct error *err)
{
	int r = ssh_keys_add(reading->keys, place, value, strlen(value), err);

	reading->taken |= r == 0;
	return r == -EINVAL ? keep_refusal(reading, err) : r;
}

/* Whether a list or a mapping stands at the path where a key belongs. */
static bool is_below_keys(struct reading *reading, const char *path)
{
	for (const struct rule *rule = reading->rules; rule->path; rule++) {
		size_t length = strlen(rule->path);

		if (rule->use != USE_NOTHING && rule->path[length - 1] != '*' &&
			strncmp(path, rule->path, length) == 0 &&
			(path[length] == '.' || path[length] == '['))
			return rule->use == USE_KEYS || is_keys_user(reading, path, rule->use);
	}
	return false;
}

static int refuse_shape(struct reading *reading, const char *path, struct error *err)
{
	error_set_code(err, EXIT_NO_KEY, -EINVAL,
		"%.60s in %.100s is a list or a mapping where a key belongs: write each key as one line, in quotes if it has a colon",
		path, reading->name);
	return keep_refusal(reading, err);
}

static int read_scalar(const char *path, const char *value, void *userdata, struct error *err)
{
	struct reading *reading = userdata;
	const struct rule *rule;
	char place[300];
	enum use use;

	if (!value) {
		reading->entry += strcmp(path, "users[]") == 0;
		return 0;
	}
	rule = find_path_rule(reading, path);
	if (!rule && is_below_keys(reading, path))
		return refuse_shape(reading, path, err);
	if (!rule)
		ignore(reading, path);
	use = rule ? rule->use : USE_NOTHING;
	/* OpenStack also lists the certificates with which Windows encrypts its password. */
	if (use == USE_KEYS && text_starts_with(value, CERTIFICATE)) {
		ignore_name(reading, "a certificate");
		return 0;
	}
	if (use == USE_NOTHING || (use != USE_KEYS && !is_keys_user(reading, path, use)))
		return 0;
	if (yaml_is_null(value))
		return 0;
	snprintf(place, sizeof(place), "%.60s in %.100s", path, reading->name);
	return take_cloud_keys(reading, place, value, err);
}

/* The first of two walks: which user each entry of users is, wherever its name stands in it. */
static int note_user(const char *path, const char *value, void *userdata, struct error *err)
{
	struct users *users = userdata;

	(void)err;
	if (!value && strcmp(path, "users[]") == 0)
		users->count++;
	if (value && strcmp(path, "users[].name") == 0 && users->count >= 1 &&
		users->count <= USERS_MAX)
		snprintf(users->names[users->count - 1], USER_BYTES, "%s", value);
	if (value && (strcmp(path, "user") == 0 || strcmp(path, "user.name") == 0) &&
		!yaml_is_null(value))
		snprintf(users->default_name, USER_BYTES, "%s", value);
	return 0;
}

static int read_document(yaml_walk_fn *walk, const struct rule *rules, struct ssh_keys *keys,
	const char *user, const char *name, const char *text, size_t size_bytes,
	char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	struct users users = { .count = 0 };
	struct reading reading = { .rules = rules,
		.keys = keys,
		.user = user,
		.users = &users,
		.name = name,
		.ignored = ret_ignored };
	int r = walk(text, size_bytes, note_user, &users, err);

	if (r == 0)
		r = walk(text, size_bytes, read_scalar, &reading, err);
	if (r == 0 && reading.refusal.text[0] && !reading.taken) {
		*err = reading.refusal;
		r = -EINVAL;
	}
	if (r < 0 && err->code == EXIT_CONFIGURATION)
		error_wrap(err, "%s", name);
	return r == -EPERM ? -EINVAL : r;
}

int cloud_config_user_data(struct ssh_keys *keys, const char *user, const char *name,
	const char *text, size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES],
	struct error *err)
{
	const char *reason;
	size_t bom_bytes = text_bom_bytes(text, size_bytes);

	ret_ignored[0] = '\0';
	text += bom_bytes;
	size_bytes -= bom_bytes;
	if (size_bytes == 0)
		return 0;
	reason = cloud_form_ignore_reason(text, size_bytes);
	if (reason) {
		snprintf(ret_ignored, CLOUD_CONFIG_IGNORED_BYTES, CLOUD_CONFIG_WHOLE "%s)", reason);
		return 0;
	}
	return read_document(
		yaml_walk, user_data_rules, keys, user, name, text, size_bytes, ret_ignored, err);
}

int cloud_config_meta_data(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	ret_ignored[0] = '\0';
	return read_document(
		yaml_walk, meta_data_rules, keys, NULL, name, text, size_bytes, ret_ignored, err);
}

int cloud_config_openstack(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	ret_ignored[0] = '\0';
	return read_document(
		json_walk, openstack_rules, keys, NULL, name, text, size_bytes, ret_ignored, err);
}
