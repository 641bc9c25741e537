/* SPDX-License-Identifier: MIT */
#include "input/cloud_config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#define HEADER	    "#cloud-config"
#define JINJA	    "## template: jinja"
#define NAME_BYTES  80
#define USERS_MAX   64
#define USER_BYTES  64
#define MORE	    "…"
#define CERTIFICATE "-----BEGIN CERTIFICATE-----"

enum use {
	USE_KEYS,
	USE_USER_KEYS, /* keys of an entry of users */
	USE_NOTHING,   /* it asks for nothing that an install could do */
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
	{ "users[].ssh-authorized-keys", USE_USER_KEYS },
	{ "users[].ssh-authorized-keys[]", USE_USER_KEYS },
	{ "users[].name", USE_NOTHING },
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
	size_t users = strncmp(path, "users[].", 8) == 0 ? 8 : 0;
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

/* users may also be a mapping from names to entries; its keys are those of one user, too. */
static const char *strip_user(const char *path, const char *user)
{
	size_t length = strlen(user);

	if (strncmp(path, "users.", 6) != 0 || strncmp(path + 6, user, length) != 0 ||
		path[6 + length] != '.')
		return NULL;
	return path + 6 + length + 1;
}

static enum use find_rule_use(const struct reading *reading, const char *path, bool *ret_known)
{
	const char *member = reading->user ? strip_user(path, reading->user) : NULL;
	const struct rule *rule = find_rule(reading->rules, path);

	*ret_known = rule || (member && find_rule(reading->rules, member));
	if (member && *ret_known)
		return USE_KEYS;
	return rule ? rule->use : USE_NOTHING;
}

/* Whether the keys of the entry at hand are those of keys-user; others are named as ignored. */
static bool is_keys_user(struct reading *reading)
{
	char name[NAME_BYTES];

	if (strcmp(entry_name(reading), reading->user) == 0)
		return true;
	snprintf(name, sizeof(name), "the keys of the user %.40s", entry_name(reading));
	for (char *p = name; *p; p++)
		if (*p == ',' || (unsigned char)*p < ' ')
			*p = '?';
	ignore_name(reading, name);
	return false;
}

/* Like a bad line of authorized_keys, a bad value is only warned of if another one is good. */
static int take_cloud_keys(
	struct reading *reading, const char *place, const char *value, struct error *err)
{
	int r = ssh_keys_add(reading->keys, place, value, strlen(value), err);

	reading->taken |= r == 0;
	if (r != -EINVAL)
		return r;
	ssh_keys_warn(reading->keys, err->text);
	if (!reading->refusal.text[0])
		reading->refusal = *err;
	return 0;
}

static int read_scalar(const char *path, const char *value, void *userdata, struct error *err)
{
	struct reading *reading = userdata;
	char place[300];
	bool known;
	enum use use;

	if (!value) {
		reading->entry += strcmp(path, "users[]") == 0;
		return 0;
	}
	use = find_rule_use(reading, path, &known);
	if (!known)
		ignore(reading, path);
	/* OpenStack also lists the certificates with which Windows encrypts its password. */
	if (use == USE_KEYS && text_starts_with(value, CERTIFICATE)) {
		ignore_name(reading, "a certificate");
		return 0;
	}
	if (use == USE_NOTHING || (use == USE_USER_KEYS && !is_keys_user(reading)))
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

/* ------------------------------------------------------------------- the form of user-data */

/* How user-data of other forms begins, and what they are. Case does not count, as in cloud-init's
 * user_data.py and handlers. */
static const struct {
	const char *start, *what;
} forms[] = {
	{ "\x1f\x8b", "it is compressed with gzip" },
	{ "Content-Type:", "it is a multipart archive" },
	{ "MIME-Version:", "it is a multipart archive" },
	{ HEADER "-archive", "it is a " HEADER "-archive" },
	{ HEADER "-jsonp", "it is a " HEADER "-jsonp" },
	{ "#include", "it is a list of URLs (#include)" },
	{ "#!", "it is a script" },
};

static bool begins_with(const char *text, size_t size_bytes, const char *start)
{
	size_t length = strlen(start);

	return size_bytes >= length && strncasecmp(text, start, length) == 0;
}

/* A template in which nothing is to be filled in is the text itself, without its first line. */
static const char *find_template_reason(const char *text, size_t size_bytes)
{
	if (memmem(text, size_bytes, "{{", 2) || memmem(text, size_bytes, "{%", 2) ||
		memmem(text, size_bytes, "{#", 2))
		return "it is a Jinja template, which is not filled in here";
	return NULL;
}

/* Moves behind blanks at the start, and behind a line that says it is a template. NULL if the text
 * is #cloud-config then; else the reason why it is ignored. */
static const char *find_ignore_reason(const char *text, size_t size_bytes)
{
	const char *end = text + size_bytes, *reason = NULL;

	while (text < end && strchr(" \t\r\n", *text) && *text)
		text++;
	if (begins_with(text, (size_t)(end - text), JINJA)) {
		reason = find_template_reason(text, (size_t)(end - text));
		text = memchr(text, '\n', (size_t)(end - text));
		if (reason || !text)
			return reason ? reason : "it is an empty Jinja template";
		text++;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (begins_with(text, (size_t)(end - text), forms[i].start))
			return forms[i].what;
	return begins_with(text, (size_t)(end - text), HEADER) ? NULL
							       : "the first line is not " HEADER;
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
	reason = find_ignore_reason(text, size_bytes);
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

bool cloud_config_is_document(const char *text, size_t size_bytes)
{
	size_t bom_bytes = text_bom_bytes(text, size_bytes);

	return size_bytes > bom_bytes &&
	       !find_ignore_reason(text + bom_bytes, size_bytes - bom_bytes);
}
