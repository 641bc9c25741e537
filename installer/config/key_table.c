/* SPDX-License-Identifier: MIT */
#include "config/key_table.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "base/text.h"
#include "disk/disk_key.h"
#include "disk/wipe_token.h"
#include "net/url.h"
#include "nix/flake.h"
#include "nix/narinfo.h"

#define NAME_MAX_CHARS	 64
#define KEY_BASE64_CHARS 43 /* of 32 bytes, without the padding */
#define NIL_UUID	 "00000000-0000-0000-0000-000000000000"

/* -------------------------------------------------------- the table */

#define TEXT_OF_VALUE(number) #number
#define TEXT_OF(macro)	      TEXT_OF_VALUE(macro)
#define VALUE(text)	      .value = text
#define UNSET(words)	      .unset = words
#define KEY(key_name, id, otherwise, may_hold, is_for, setter)                                     \
	[KEY_##id] = { .name = key_name, otherwise, .values = may_hold, .meaning = is_for },

const struct config_key_info config_keys[CONFIG_KEY_COUNT] = {
#include "config/keys.def"
};

#undef KEY

/* -------------------------------------------------------- names */

enum config_key key_table_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		if (strcmp(name, config_keys[i].name) == 0)
			return (enum config_key)i;
	return CONFIG_KEY_COUNT;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Levenshtein's distance: how many letters to insert, delete or replace. Case and the kind of dash
 * do not count. Both are shorter than NAME_MAX_CHARS. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_CHARS];

	for (unsigned j = 0; j <= strlen(b); j++)
		row[j] = j;
	for (unsigned i = 1; i <= strlen(a); i++) {
		unsigned diagonal = row[0];
		char letter = a[i - 1] == '_' ? '-' : (char)tolower((unsigned char)a[i - 1]);

		row[0] = i;
		for (unsigned j = 1; j <= strlen(b); j++) {
			unsigned above = row[j];

			row[j] = smallest(
				above + 1, row[j - 1] + 1, diagonal + (letter == b[j - 1] ? 0 : 1));
			diagonal = above;
		}
	}
	return row[strlen(b)];
}

enum config_key key_table_nearest(const char *name)
{
	enum config_key best = CONFIG_KEY_COUNT;
	unsigned best_distance = 3;

	if (strlen(name) >= NAME_MAX_CHARS)
		return best;
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		unsigned d = distance(name, config_keys[i].name);

		if (d < best_distance && d < strlen(config_keys[i].name) / 2 + 1) {
			best_distance = d;
			best = (enum config_key)i;
		}
	}
	return best;
}

/* -------------------------------------------------------- values */

/* Index of text in a NULL-terminated list, or -EINVAL. */
static int choose_word(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -EINVAL;
}

/* One of two words into a flag that the second one sets. */
static int set_flag(bool *ret, const char *text, const char *off, const char *on)
{
	int i = choose_word(text, (const char *const[]){ off, on, NULL });

	if (i < 0)
		return i;
	*ret = i == 1;
	return 0;
}

static int set_disk(char ret[CONFIG_TEXT_BYTES], const char *text)
{
	struct disk_key key;
	int r = disk_key_parse(text, &key);

	if (r < 0)
		return r;
	return text_copy(ret, CONFIG_TEXT_BYTES, text) < 0 ? -EINVAL : 0;
}

static int set_named_disk(char ret[CONFIG_TEXT_BYTES], const char *text)
{
	if (strcmp(text, "auto") != 0 && !disk_key_is_name(text))
		return -EINVAL;
	return set_disk(ret, text);
}

/* Each source replaces what an earlier one allows. */
static int set_wipe(struct config *config, const char *text)
{
	char tokens[CONFIG_TEXT_BYTES], *save = NULL;
	bool force = strcmp(text, "force") == 0;
	bool plain = force || strcmp(text, "refuse") == 0;

	if (text_copy(tokens, sizeof(tokens), text) < 0 || !*text)
		return -EINVAL;
	for (char *token = plain ? NULL : strtok_r(tokens, ",", &save); token;
		token = strtok_r(NULL, ",", &save))
		if (!wipe_token_is_valid(token))
			return -EINVAL;
	config->wipe_force = force;
	return text_copy(config->wipe_tokens, sizeof(config->wipe_tokens), plain ? "" : text);
}

static int set_uuid(char ret[37], const char *text)
{
	if (!text_is_uuid(text) || strcmp(text, NIL_UUID) == 0)
		return -EINVAL;
	memcpy(ret, text, 37);
	text_lower(ret);
	return 0;
}

int key_table_parse_size(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	uint64_t size = 0;

	for (; *text >= '0' && *text <= '9' && size <= SWAP_MAX_BYTES; text++)
		size = size * 10 + (uint64_t)(*text - '0');
	suffix = *text ? strchr(suffixes, *text) : NULL;
	if (!suffix || text[1])
		return -EINVAL;
	for (; suffix >= suffixes && size <= SWAP_MAX_BYTES; suffix--)
		size *= 1024;
	if (size < MIB || size > SWAP_MAX_BYTES || size % MIB != 0)
		return -EINVAL;
	*ret = size;
	return 0;
}

static int set_swap(uint64_t *ret, const char *text)
{
	if (strcmp(text, "none") != 0)
		return key_table_parse_size(text, ret);
	*ret = 0;
	return 0;
}

static int set_workers(unsigned *ret, const char *text)
{
	if (strlen(text) == 1 && strchr("124", text[0]))
		*ret = (unsigned)(text[0] - '0');
	else if (strcmp(text, "auto") == 0)
		*ret = 0;
	else
		return -EINVAL;
	return 0;
}

/* After a failure there is no guest that kexec could start. */
static int set_ending(enum ending *ret, const char *text, bool success)
{
	static const char *const words[] = { [ENDING_POWEROFF] = "poweroff",
		[ENDING_REBOOT] = "reboot",
		[ENDING_SHELL] = "shell",
		[ENDING_EXIT] = "exit",
		[ENDING_KEXEC] = "kexec",
		NULL };
	int i = choose_word(text, words);

	if (i < 0)
		return i;
	if (i == ENDING_KEXEC && !success)
		return -EINVAL;
	*ret = (enum ending)i;
	return 0;
}

static int set_engine(enum engine_kind *ret, const char *text)
{
	static const char *const words[] = {
		[ENGINE_CACHE] = "cache",
		[ENGINE_NIXOS_INSTALL] = "nixos-install",
		NULL,
	};
	int i = choose_word(text, words);

	if (i < 0)
		return i;
	*ret = (enum engine_kind)i;
	return 0;
}

/* Decimal digits, from 1 to max. */
static int set_count(unsigned *ret, const char *text, unsigned max)
{
	unsigned long count = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || count > max)
			return -EINVAL;
		count = count * 10 + (unsigned long)(*p - '0');
	}
	if (count < 1 || count > max)
		return -EINVAL;
	*ret = (unsigned)count;
	return 0;
}

/* Copies the next word between blanks; 0 at the end, -EINVAL if it is too long. */
static int next_list_word(const char **text, char *ret, size_t ret_bytes)
{
	size_t length;

	*text += strspn(*text, " \t");
	length = strcspn(*text, " \t");
	if (length >= ret_bytes)
		return -EINVAL;
	memcpy(ret, *text, length);
	ret[length] = '\0';
	*text += length;
	return length > 0;
}

/* Whether the settings of a store in Nix's form say only in which order caches are asked. */
static bool are_of_order(const char *settings)
{
	static const char *const names[] = { "priority=", "want-mass-query=" };
	bool known = true;

	while (known && *settings) {
		known = false;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			known = known || text_starts_with(settings, names[i]);
		settings += strcspn(settings, "&");
		settings += *settings == '&';
	}
	return known;
}

/* The order is that of the list. A path may have the character in its name. */
static void cut_order(char *cache)
{
	char *query = cache[0] == '/' ? NULL : strchr(cache, '?');

	if (query && query[1] && are_of_order(query + 1))
		*query = '\0';
}

static int set_caches(struct cache_settings *ret, const char *text)
{
	char caches[CACHES_MAX][CONFIG_TEXT_BYTES], word[CONFIG_TEXT_BYTES];
	size_t count = 0;
	int r;

	while ((r = next_list_word(&text, word, sizeof(word))) > 0) {
		cut_order(word);
		if (count == CACHES_MAX || !url_is_base(word))
			return -EINVAL;
		memcpy(caches[count++], word, sizeof(word));
	}
	if (r < 0 || count == 0)
		return -EINVAL;
	memcpy(ret->caches, caches, count * sizeof(caches[0]));
	ret->cache_count = count;
	return 0;
}

/* Places and files. */
static int set_keys(struct key_settings *ret, const char *text)
{
	static const char *const places[] = { "drive", "cidata", "credential", "config-2", NULL };
	char paths[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES], word[CONFIG_TEXT_BYTES];
	bool none = strcmp(text, "none") == 0;
	unsigned from = 0;
	size_t count = 0;
	int r = 0;

	while (!none && (r = next_list_word(&text, word, sizeof(word))) > 0) {
		int place = choose_word(word, places);

		if (place < 0 && (count == CONFIG_KEYS_MAX || !text_is_clean_path(word)))
			return -EINVAL;
		if (place < 0)
			memcpy(paths[count++], word, sizeof(word));
		from |= place < 0 ? KEYS_FROM_FILES : 1U << place;
	}
	if (r < 0 || (!none && !from))
		return -EINVAL;
	ret->from = from;
	memcpy(ret->files, paths, count * sizeof(paths[0]));
	ret->file_count = count;
	return 0;
}

/* generate, none, or the places of given keys. */
static int set_host_keys(struct host_key_settings *ret, const char *text)
{
	struct host_key_settings settings = { .mode = HOST_KEYS_GIVEN };
	int whole = choose_word(text, (const char *const[]){ "generate", "none", NULL }), r;
	char word[CONFIG_TEXT_BYTES];

	if (whole >= 0) {
		*ret = (struct host_key_settings){
			.mode = whole == 0 ? HOST_KEYS_GENERATE : HOST_KEYS_NONE,
		};
		return 0;
	}
	while ((r = next_list_word(&text, word, sizeof(word))) > 0) {
		if (strcmp(word, "drive") == 0)
			settings.from_drive = true;
		else if (settings.file_count == CONFIG_KEYS_MAX || !text_is_clean_path(word))
			return -EINVAL;
		else
			memcpy(settings.files[settings.file_count++], word, sizeof(word));
	}
	if (r < 0 || (!settings.from_drive && settings.file_count == 0))
		return -EINVAL;
	*ret = settings;
	return 0;
}

/* Where a further file of the guest may lie: not in the store, whose content is registered, nor in
 * what is only mounted. */
static bool is_file_target(const char *path)
{
	static const char *const folders[] = { "/nix", "/dev", "/proc", "/run", "/sys" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t length = strlen(folders[i]);

		if (text_starts_with(path, folders[i]) && (path[length] == '/' || !path[length]))
			return false;
	}
	return path[0] && path[1] && text_is_clean_path(path);
}

/* ":0600" or ":0600:1000:100", and nothing behind it. */
static int parse_file_access(
	const char *text, unsigned *ret_mode, unsigned *ret_uid, unsigned *ret_gid)
{
	*ret_uid = *ret_gid = 0;
	if (text[0] != ':' || text[1] != '0' || strspn(text + 1, "01234567") != 4)
		return -EINVAL;
	*ret_mode = (unsigned)strtoul(text + 1, NULL, 8);
	text += 5;
	if (*text == '\0')
		return 0;
	if (*text++ != ':' || text_take_id(&text, ret_uid) < 0 || *text++ != ':')
		return -EINVAL;
	return text_take_id(&text, ret_gid) < 0 || *text ? -EINVAL : 0;
}

size_t key_table_file_access(
	const char *source, unsigned *ret_mode, unsigned *ret_uid, unsigned *ret_gid)
{
	for (const char *colon = strchr(source, ':'); colon; colon = strchr(colon + 1, ':'))
		if (parse_file_access(colon, ret_mode, ret_uid, ret_gid) == 0)
			return (size_t)(colon - source);
	*ret_mode = 0644;
	*ret_uid = *ret_gid = 0;
	return strlen(source);
}

/* The name of a file in the root folder of the key drive. */
static bool is_drive_name(const char *name)
{
	return name[0] && name[0] != '.' && strlen(name) <= NAME_MAX && !strchr(name, '/');
}

/* SOURCE[:MODE[:UID:GID]]; cuts text. */
static int parse_file_source(char *text, struct extra_file *ret)
{
	text[key_table_file_access(text, &ret->mode, &ret->uid, &ret->gid)] = '\0';
	ret->on_drive = text_starts_with(text, CONFIG_DRIVE_PREFIX);
	if (ret->on_drive)
		text += strlen(CONFIG_DRIVE_PREFIX);
	if (!(ret->on_drive ? is_drive_name(text) : text_is_clean_path(text)))
		return -EINVAL;
	return text_copy(ret->source, sizeof(ret->source), text);
}

static int parse_file(char *word, struct extra_file *ret)
{
	char *equals = strchr(word, '=');

	if (!equals)
		return -EINVAL;
	*equals = '\0';
	if (!is_file_target(word) || text_copy(ret->target, sizeof(ret->target), word) < 0)
		return -EINVAL;
	return parse_file_source(equals + 1, ret);
}

/* Adds a file, or replaces one of an earlier source. */
static int add_file(struct extra_file_settings *ret, const struct extra_file *file)
{
	size_t at = 0;

	while (at < ret->count && strcmp(ret->files[at].target, file->target) != 0)
		at++;
	if (at == CONFIG_FILES_MAX)
		return -EINVAL;
	ret->files[at] = *file;
	if (at == ret->count)
		ret->count++;
	return 0;
}

/* Other sources of the configuration add files to those of earlier ones. */
static int set_files(struct extra_file_settings *ret, const char *text)
{
	char word[sizeof(ret->files[0])];
	struct extra_file_settings settings = *ret;
	struct extra_file file;
	bool any = false;
	int r;

	while ((r = next_list_word(&text, word, sizeof(word))) > 0) {
		if (parse_file(word, &file) < 0 || add_file(&settings, &file) < 0)
			return -EINVAL;
		any = true;
	}
	if (r < 0 || !any)
		return -EINVAL;
	*ret = settings;
	return 0;
}

/* NAME:BASE64 as `nix key convert-secret-to-public` prints it; whether the bytes are a key is seen
 * when they are used. */
static bool is_trusted_key(const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || base64_digits(colon + 1) != KEY_BASE64_CHARS)
		return false;
	colon += 1 + KEY_BASE64_CHARS;
	return !*colon || strcmp(colon, "=") == 0;
}

static int set_trusted_keys(struct cache_settings *ret, const char *text)
{
	char keys[TRUSTED_KEYS_MAX][sizeof(ret->trusted_keys[0])];
	char word[sizeof(keys[0])];
	size_t count = 0;
	int r;

	if (strcmp(text, "none") == 0) {
		ret->trust_anything = true;
		ret->trusted_key_count = 0;
		return 0;
	}
	while ((r = next_list_word(&text, word, sizeof(word))) > 0) {
		if (count == TRUSTED_KEYS_MAX || !is_trusted_key(word))
			return -EINVAL;
		memcpy(keys[count++], word, sizeof(word));
	}
	if (r < 0 || count == 0)
		return -EINVAL;
	memcpy(ret->trusted_keys, keys, count * sizeof(keys[0]));
	ret->trusted_key_count = count;
	ret->trust_anything = false;
	return 0;
}

/* As NixOS wants networking.hostName: a label of RFC 1123, 2.1; an underscore is accepted. */
bool key_table_is_hostname(const char *text)
{
	size_t length = strlen(text);

	if (length < 1 || length > 63 || !isalnum((unsigned char)text[0]) ||
		!isalnum((unsigned char)text[length - 1]))
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	       length;
}

static bool is_interface(const char *text)
{
	return ipconfig_is_interface(text) || ipconfig_is_mac(text);
}

/* The syntax of b64token (RFC 6750, 2.1). */
static bool is_bearer_token(const char *text)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/";
	size_t length = strspn(text, letters);

	return length > 0 && strspn(text + length, "=") == strlen(text + length);
}

/* Copies text if it passes the check. */
static int set_text(char *ret, size_t ret_bytes, const char *text, bool good)
{
	return good && text_copy(ret, ret_bytes, text) == 0 ? 0 : -EINVAL;
}

#define FIELD(array) array, sizeof(array)
#define KEY(name, id, otherwise, values, meaning, setter)                                          \
	case KEY_##id:                                                                             \
		return setter;

int key_table_set(struct config *config, enum config_key key, const char *text)
{
	switch (key) {
#include "config/keys.def"
	case CONFIG_KEY_COUNT:
		break;
	}
	return -EINVAL;
}

void key_table_set_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++)
		if (config_keys[key].value &&
			key_table_set(config, key, config_keys[key].value) < 0)
			abort();
}
