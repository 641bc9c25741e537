/* SPDX-License-Identifier: MIT */
#include "input/cloud_settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "input/cloud_form.h"

#define MAPPING		 "guest-installer"
#define ASSIGNMENT_BYTES 4096
#define NAME_BYTES	 256

struct settings {
	struct config *config;
	const char *source;
	char key[YAML_PATH_BYTES]; /* whose value is being collected; empty: none */
	char value[ASSIGNMENT_BYTES];
	char hostname[NAME_BYTES], fqdn[NAME_BYTES];
};

void cloud_settings_suggest_hostname(struct config *config, const char *name)
{
	char label[sizeof(config->suggested_hostname)];
	size_t length = strcspn(name, ".");

	if (config->suggested_hostname[0] || length >= sizeof(label))
		return;
	snprintf(label, sizeof(label), "%.*s", (int)length, name);
	if (key_table_is_hostname(label))
		snprintf(config->suggested_hostname, sizeof(config->suggested_hostname), "%s",
			label);
}

/* Merges the value that was collected. */
static void end_setting(struct settings *settings)
{
	char assignment[YAML_PATH_BYTES + 1 + ASSIGNMENT_BYTES];

	if (!settings->key[0])
		return;
	snprintf(assignment, sizeof(assignment), "%s=%s", settings->key, settings->value);
	merge_option(settings->config, settings->source, assignment);
	settings->key[0] = settings->value[0] = '\0';
}

/* A member of the mapping: "disk", or "cache[]" for each element of a list. */
static void take_setting(struct settings *settings, const char *member, const char *value)
{
	char key[YAML_PATH_BYTES];
	size_t length = strlen(member);
	bool listed = length > 2 && strcmp(member + length - 2, "[]") == 0;

	snprintf(key, sizeof(key), "%.*s", (int)(listed ? length - 2 : length), member);
	if (!listed || strcmp(settings->key, key) != 0)
		end_setting(settings);
	snprintf(settings->key, sizeof(settings->key), "%s", key);
	if (strlen(settings->value) + strlen(value) + 2 > sizeof(settings->value))
		config_add_error(settings->config, "%s: the value of %s is longer than %d bytes",
			settings->source, key, ASSIGNMENT_BYTES - 2);
	else
		text_append(settings->value, sizeof(settings->value), "%s%s",
			settings->value[0] ? " " : "", value);
}

static int read_user_setting(const char *path, const char *value, void *userdata, struct error *err)
{
	struct settings *settings = userdata;

	(void)err;
	if (value && text_starts_with(path, MAPPING ".")) {
		take_setting(settings, path + strlen(MAPPING "."), value);
		return 0;
	}
	end_setting(settings);
	if (value && (text_starts_with(path, MAPPING "[") || strcmp(path, MAPPING) == 0) && *value)
		config_add_error(settings->config, "%s: it is not a mapping from keys to values",
			settings->source);
	if (value && yaml_is_null(value))
		return 0;
	if (value && strcmp(path, "hostname") == 0)
		snprintf(settings->hostname, sizeof(settings->hostname), "%s", value);
	if (value && strcmp(path, "fqdn") == 0)
		snprintf(settings->fqdn, sizeof(settings->fqdn), "%s", value);
	return 0;
}

int cloud_settings_user_data(struct config *config, const char *name, const char *text,
	size_t size_bytes, struct error *err)
{
	size_t bom_bytes = text_bom_bytes(text, size_bytes);
	struct settings settings = { .config = config };
	char source[200];
	int r;

	if (size_bytes == bom_bytes ||
		cloud_form_ignore_reason(text + bom_bytes, size_bytes - bom_bytes))
		return 0;
	snprintf(source, sizeof(source), MAPPING " in %.150s", name);
	settings.source = source;
	r = yaml_walk(text + bom_bytes, size_bytes - bom_bytes, read_user_setting, &settings, err);
	if (r < 0 && !memmem(text, size_bytes, MAPPING, strlen(MAPPING)))
		return 0;
	if (r < 0) {
		error_wrap(err, "%s", name);
		return r;
	}
	end_setting(&settings);
	cloud_settings_suggest_hostname(config, settings.hostname);
	cloud_settings_suggest_hostname(config, settings.fqdn);
	return 0;
}

static int read_hostname(const char *path, const char *value, void *userdata, struct error *err)
{
	(void)err;
	if (value && !yaml_is_null(value) &&
		(strcmp(path, "local-hostname") == 0 || strcmp(path, "hostname") == 0))
		cloud_settings_suggest_hostname(userdata, value);
	return 0;
}

void cloud_settings_meta_data(struct config *config, const char *text, size_t size_bytes)
{
	struct error ignored;

	(void)!yaml_walk(text, size_bytes, read_hostname, config, &ignored);
}

void cloud_settings_openstack(struct config *config, const char *text, size_t size_bytes)
{
	struct error ignored;

	(void)!json_walk(text, size_bytes, read_hostname, config, &ignored);
}
