/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/configkey.h"
#include "config/value.h"
#include "net/url.h"
#include "nix/flake.h"

#define LINE_BYTES	    4096 /* with the NUL */
#define COMMAND_LINE_PREFIX "guest-installer."
#define COMMAND_LINE_SOURCE "the kernel command line"

/* Kept free at the end of the collected errors for "and N more". */
#define MORE_BYTES 32

void config_init(struct config *config)
{
	*config = (struct config){
		.disk = "auto",
		.boot_disk = "auto",
		.layout = LAYOUT_AUTO,
		.esp_label = "ESP",
		.keys_from = KEYS_FROM_ALL,
		.keys_user = "root",
		.interface = "auto",
		.on_success = ENDING_POWEROFF,
		.on_failure = ENDING_POWEROFF,
		.timeout_s = INSTALL_TIMEOUT_S,
		.cache.fetch = { .stall_timeout_s = 30, .attempts = 8 },
	};
}

/* Adds a sentence to the errors; one that does not fit is only counted. */
static void add_error(struct config *config, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void add_error(struct config *config, const char *fmt, ...)
{
	size_t used = strlen(config->errors);
	size_t room = sizeof(config->errors) - MORE_BYTES - used;
	va_list args;
	int length;

	config->error_count++;
	va_start(args, fmt);
	length = vsnprintf(config->errors + used, room, fmt, args);
	va_end(args);
	if (length < 0 || (size_t)length + 1 >= room) {
		config->errors[used] = '\0';
		return;
	}
	url_hide_credentials(config->errors + used);
	length = (int)strlen(config->errors + used);
	/* One a line, whatever a value held. */
	for (char *p = config->errors + used; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	memcpy(config->errors + used + length, "\n", 2);
}

static void report_unknown_key(struct config *config, const char *where, const char *name)
{
	enum config_key near = configkey_near(name);

	if (near == CONFIG_KEY_COUNT)
		add_error(config, "%s: there is no key \"%.64s\"", where, name);
	else
		add_error(config, "%s: there is no key \"%.64s\", \"%s\" was probably meant", where,
			name, config_keys[near].name);
}

/* Sets one key. Returns it, or CONFIG_KEY_COUNT if there is no such key. */
static enum config_key set(
	struct config *config, const char *where, const char *name, const char *text)
{
	enum config_key key = configkey_find(name);

	if (key == CONFIG_KEY_COUNT) {
		report_unknown_key(config, where, name);
		return key;
	}
	/* A refused value counts as given too: it is not also missing. */
	config->given[key] = true;
	if (value_set(config, key, text) == 0)
		return key;
	if (!*text)
		add_error(config, "%s: %s is empty: it can be %s", where, name,
			config_keys[key].values);
	else
		add_error(config, "%s: %s cannot be \"%.200s\": it can be %s", where, name, text,
			config_keys[key].values);
	return key;
}

static bool value_has_control_characters(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text) && *text != '\t')
			return true;
	return false;
}

/* Cuts off a comment: a # at the start of the line or after a blank. */
static void cut_comment(char *line)
{
	for (char *p = line; *p; p++) {
		if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			return;
		}
	}
}

/* One line of a file; seen[key] is the line on which this file has already set a key, or 0. */
static void merge_line(struct config *config, const char *source, unsigned number, char *line,
	unsigned seen[CONFIG_KEY_COUNT])
{
	char where[256];
	char *equals;
	enum config_key key;

	snprintf(where, sizeof(where), "%.200s:%u", source, number);
	cut_comment(line);
	line = text_trim(line);
	if (!*line)
		return;
	equals = strchr(line, '=');
	if (!equals) {
		add_error(config, "%s: \"%.64s\" is not of the form key = value", where, line);
		return;
	}
	*equals = '\0';
	line = text_trim(line);
	key = configkey_find(line);
	if (key != CONFIG_KEY_COUNT && seen[key]) {
		add_error(config, "%s: %s is set a second time, after line %u", where, line,
			seen[key]);
		return;
	}
	key = set(config, where, line, text_trim(equals + 1));
	if (key != CONFIG_KEY_COUNT)
		seen[key] = number;
}

/* Copies one line of a file without its end and sees that it is text. */
static int copy_line(struct config *config, const char *source, unsigned number, const char *text,
	size_t length, char ret[LINE_BYTES])
{
	if (length && text[length - 1] == '\r')
		length--;
	if (length >= LINE_BYTES) {
		add_error(config, "%s:%u: the line is longer than %d bytes", source, number,
			LINE_BYTES - 1);
		return -EINVAL;
	}
	memcpy(ret, text, length);
	ret[length] = '\0';
	if (strlen(ret) != length || value_has_control_characters(ret)) {
		add_error(config, "%s:%u: the line has control characters, so this is no text",
			source, number);
		return -EINVAL;
	}
	return 0;
}

void config_merge_text(
	struct config *config, const char *source, const char *text, size_t size_bytes)
{
	unsigned seen[CONFIG_KEY_COUNT] = { 0 };
	const char *end = text + size_bytes;
	char line[LINE_BYTES];

	if (size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (unsigned number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);

		if (copy_line(config, source, number, text, length, line) == 0)
			merge_line(config, source, number, line, seen);
		text = newline ? newline + 1 : end;
	}
}

/* One word of the kernel command line, without its quotes. */
static void merge_ip(struct config *config, char *word)
{
	if (strncmp(word, "ip=", 3) == 0)
		set(config, COMMAND_LINE_SOURCE, "ip", word + 3);
}

static void merge_word(struct config *config, char *word)
{
	char *equals;

	if (strncmp(word, COMMAND_LINE_PREFIX, strlen(COMMAND_LINE_PREFIX)) != 0)
		return;
	word += strlen(COMMAND_LINE_PREFIX);
	equals = strchr(word, '=');
	if (equals)
		*equals = '\0';
	/* The service of a NixOS ISO looks at this one. */
	if (strcmp(word, "disable") == 0)
		return;
	if (value_has_control_characters(word) ||
		(equals && value_has_control_characters(equals + 1)))
		add_error(config, "%s: the value of \"%.64s\" has control characters",
			COMMAND_LINE_SOURCE, word);
	else if (equals)
		set(config, COMMAND_LINE_SOURCE, word, text_trim(equals + 1));
	else if (configkey_find(word) == CONFIG_KEY_COUNT)
		report_unknown_key(config, COMMAND_LINE_SOURCE, word);
	else
		add_error(config, "%s: %s has no value: it can be %s", COMMAND_LINE_SOURCE, word,
			config_keys[configkey_find(word)].values);
}

static void merge_words(struct config *config, const char *command_line,
	void (*merge)(struct config *config, char *word))
{
	char word[LINE_BYTES];
	size_t length = 0;
	bool quoted = false;

	for (const char *p = command_line;; p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (*p && (quoted || !isspace((unsigned char)*p))) {
			if (length < LINE_BYTES - 1)
				word[length++] = *p;
		} else {
			word[length] = '\0';
			merge(config, word);
			length = 0;
			if (!*p)
				return;
		}
	}
}

void config_merge_kernel_ip(struct config *config, const char *command_line)
{
	merge_words(config, command_line, merge_ip);
}

void config_merge_command_line(struct config *config, const char *command_line)
{
	merge_words(config, command_line, merge_word);
}

void config_merge_option(struct config *config, const char *source, const char *assignment)
{
	char line[LINE_BYTES];
	char *equals;

	if (text_copy(line, sizeof(line), assignment) < 0 || value_has_control_characters(line)) {
		add_error(
			config, "%s: an assignment has control characters or is too long", source);
		return;
	}
	equals = strchr(line, '=');
	if (!equals) {
		add_error(config, "%s: \"%.64s\" is not of the form key=value", source, line);
		return;
	}
	*equals = '\0';
	set(config, source, text_trim(line), text_trim(equals + 1));
}

/* The cache engine copies one system, which the manifest or a key names. */
static void check_cache_engine(struct config *config)
{
	static const enum config_key foreign[] = { KEY_CONFIGURATION, KEY_CONFIGURATION_SUM,
		KEY_FLAKE, KEY_HOSTNAME };

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (config->given[foreign[i]])
			add_error(config,
				"%s is set, but a closure is copied as it was built: leave it out, "
				"or say engine = nixos-install",
				config_keys[foreign[i]].name);
	if (!config->given[KEY_CACHE])
		add_error(config, "cache is not set: say where the binary cache is, as in "
				  "cache = file:///medium/cache");
	if (!config->given[KEY_MANIFEST] && !config->given[KEY_SYSTEM])
		add_error(config, "neither manifest nor system is set: say which system to "
				  "install, as in manifest = file:///medium/guest.json");
	if (url_is_remote(config->manifest) && !config->given[KEY_MANIFEST_SUM])
		add_error(config, "manifest-sha256 is not set: a manifest from the network decides "
				  "what is installed and how, so say which one it is (sha256sum "
				  "guest.json)");
}

/* Nix writes the addresses that it asks into its log. Of ssh:// it is only a name that all share.
 */
static bool holds_credentials(const char *url)
{
	AUTO_FREE char *shown = url_shown(url);

	return strcmp(shown, url) != 0 && !strstr(url, "ssh://");
}

static void check_credentials(struct config *config)
{
	bool found = holds_credentials(config->flake);

	for (size_t i = 0; i < config->cache.cache_count; i++)
		found = found || holds_credentials(config->cache.caches[i]);
	if (found)
		add_error(config, "an address in cache or flake holds a password, which Nix would "
				  "tell in its log: leave it out, and say it in the file netrc on "
				  "the key drive");
}

/* nixos-install builds one system: from a configuration or a flake, or takes one that is built. */
static void check_nixos_install(struct config *config)
{
	bool built = config->given[KEY_FLAKE] || config->given[KEY_SYSTEM];

	if (config->given[KEY_MANIFEST])
		add_error(config, "manifest is set, but nixos-install builds a system of which "
				  "there is none yet: leave it out, or say engine = cache");
	if (config->given[KEY_CONFIGURATION] + config->given[KEY_FLAKE] +
			config->given[KEY_SYSTEM] >
		1)
		add_error(config, "of configuration, flake and system more than one is set: say "
				  "one of them");
	if (built && config->given[KEY_HOSTNAME])
		add_error(config, "hostname is set, but a %s has its own: leave it out",
			config->given[KEY_FLAKE] ? "flake" : "built system");
	if (url_is_remote(config->configuration) && !config->given[KEY_CONFIGURATION_SUM])
		add_error(config, "configuration-sha256 is not set: a configuration from the "
				  "network decides what is installed, so say which one it is "
				  "(sha256sum configuration.nix)");
	check_credentials(config);
}

/* The end of PID 1 is the kernel's panic. */
static void check_ending(struct config *config, enum config_key key, enum ending ending)
{
	if (config->as_init && ending == ENDING_EXIT)
		add_error(config,
			"%s is exit, but the installer is PID 1 here, and there is nobody to go "
			"back to: say poweroff, reboot or shell",
			config_keys[key].name);
}

static void check_whole(struct config *config)
{
	check_ending(config, KEY_ON_SUCCESS, config->on_success);
	check_ending(config, KEY_ON_FAILURE, config->on_failure);
	if (config->engine == ENGINE_NIXOS_INSTALL)
		check_nixos_install(config);
	else
		check_cache_engine(config);
	if ((config->given[KEY_CACHE] || config->engine == ENGINE_CACHE) &&
		!config->given[KEY_TRUSTED_KEYS])
		add_error(config, "trusted-keys is not set: name the keys that may sign, or say "
				  "trusted-keys = none");
}

/* Joins the first errors, as many as fit, into one sentence. */
static void join_errors(const struct config *config, struct error *err)
{
	const char *line = config->errors;
	size_t room = sizeof(err->text) - MORE_BYTES;
	size_t shown = 0;

	err->text[0] = '\0';
	while (*line) {
		size_t length = strcspn(line, "\n");

		if (strlen(err->text) + 2 + length >= room)
			break;
		text_append(err->text, sizeof(err->text), "%s%.*s", shown ? "; " : "", (int)length,
			line);
		line += length + 1;
		shown++;
	}
	if (shown < config->error_count)
		text_append(err->text, sizeof(err->text), "; and %zu more",
			config->error_count - shown);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		if (*text == '\n')
			count++;
	return count;
}

int config_finish(struct config *config, struct error *err)
{
	size_t collected;

	check_whole(config);
	if (config->error_count == 0)
		return 0;
	err->code = EXIT_CONFIGURATION;
	join_errors(config, err);
	collected = count_lines(config->errors);
	if (collected < config->error_count)
		text_append(config->errors, sizeof(config->errors), "and %zu more\n",
			config->error_count - collected);
	return -EINVAL;
}

bool config_needs_network(const struct config *config)
{
	bool needs = url_is_remote(config->manifest) || url_is_remote(config->configuration) ||
		     flake_is_remote(config->flake);

	for (size_t i = 0; i < config->cache.cache_count; i++)
		needs = needs || url_is_remote(config->cache.caches[i]);
	return needs;
}

bool config_wants_network(const struct config *config)
{
	return config_needs_network(config) || config->report_url[0];
}
