/* SPDX-License-Identifier: MIT */
#include "verify/grub_cfg.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "verify/grub_commands.h"

#define SUBMENU_DEPTH_MAX 4

/* A copy of the text without carriage returns, which GRUB drops (grub_file_getline). */
static char *copy_without_returns(const char *text)
{
	char *copy = must_realloc(NULL, strlen(text) + 1, 1), *to = copy;

	for (; *text; text++)
		if (*text != '\r')
			*to++ = *text;
	*to = '\0';
	return copy;
}

/* What GRUB's core has set and exported before it reads a menu. */
static int set_first_variables(
	struct grub_script *script, const struct grub_cfg_settings *settings, struct error *err)
{
	const char *const first[][2] = {
		{ "root", GRUB_DEVICE_PREFIX },
		{ "prefix", "(" GRUB_DEVICE_PREFIX ")/grub" },
		{ "grub_cpu", settings->cpu },
		{ "grub_platform", settings->platform },
		{ "feature_chainloader_bpb", "y" },
		{ "feature_ntldr", "y" },
		{ "feature_platform_search_hint", "y" },
		{ "feature_default_font_path", "y" },
		{ "feature_all_video_module", "y" },
		{ "feature_menuentry_id", "y" },
		{ "feature_menuentry_options", "y" },
		{ "feature_200_final", "y" },
		{ "feature_nativedisk_cmd", "y" },
		{ "feature_timeout_style", "y" },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]) && r == 0; i++) {
		r = grub_script_set(script, first[i][0], first[i][1], false, 0, err);
		grub_script_export(script, first[i][0]);
	}
	return r;
}

/* A variable whose value decides what boots. */
static int get_known(
	const struct grub_script *script, const char *name, const char **ret, struct error *err)
{
	bool unknown;

	*ret = grub_script_get(script, name, &unknown);
	if (!unknown)
		return 0;
	return error_set(err, -EINVAL,
		"grub.cfg sets %s under a condition that is not known here: which entry starts cannot be told.",
		name);
}

/* A whole number as grub_strtoul takes it. *ret_end: what follows; text itself if it is none. */
static unsigned long parse_grub_number(const char *text, const char **ret_end)
{
	char *end;
	const char *from = text;
	unsigned long value;

	while (isspace((unsigned char)*from))
		from++;
	*ret_end = text;
	if (!isdigit((unsigned char)*from))
		return 0;
	value = strtoul(from, &end, 0);
	*ret_end = end;
	return value;
}

/* Whether a default names this title or id: a single ">" ends the name, ">>" stands for ">". */
static bool names_item(const char *name, const char *spec)
{
	for (;; name++, spec++) {
		if (spec[0] == '>' && spec[1] != '>')
			return *name == '\0';
		spec += *spec == '>';
		if (*name != *spec)
			return false;
		if (*name == '\0')
			return true;
	}
}

/* The index that a default stands for: a number first, then a title or an id, else 0. */
static int find_index(
	const struct grub_menu *menu, const char *spec, size_t *ret, struct error *err)
{
	const char *end;
	unsigned long number = parse_grub_number(spec, &end);

	*ret = 0;
	if (end != spec && *end && *end != '>')
		return error_set(err, -EINVAL,
			"grub.cfg sets the default \"%s\": versions of GRUB differ over it.", spec);
	if (end != spec) {
		*ret = number < menu->count ? number : 0;
		return 0;
	}
	for (size_t i = 0; i < menu->count; i++)
		if (menu->items[i].title[0] && (names_item(menu->items[i].title, spec) ||
						       names_item(menu->items[i].id, spec))) {
			*ret = i;
			return 0;
		}
	return 0;
}

/* What follows the first single ">": the default inside the submenu. NULL if there is none. */
static const char *inner_default(const char *spec)
{
	for (; spec && *spec; spec++) {
		if (spec[0] == '>' && spec[1] == '>')
			spec++;
		else if (spec[0] == '>')
			return spec[1] ? spec + 1 : NULL;
	}
	return NULL;
}

static int check_timeout(const struct grub_script *script, struct error *err)
{
	const char *timeout, *end;
	unsigned long seconds;
	int r = get_known(script, "timeout", &timeout, err);

	if (r < 0)
		return r;
	if (!timeout)
		return error_set(err, -EINVAL,
			"grub.cfg sets no timeout, so that its menu waits for ever: set one.");
	seconds = parse_grub_number(timeout, &end);
	if (end == timeout || seconds > 0x7fffffff)
		return error_set(err, -EINVAL,
			"grub.cfg sets timeout=%s, so that its menu waits for ever: set it to 0 or more.",
			timeout);
	return 0;
}

/* GRUB asks for a password before it runs a restricted entry, by itself or not, if the variable
 * superusers is set: to no user, too (GRUB, auth.c, is_authenticated). */
static int check_password(
	const struct grub_menu *menu, const struct grub_menu_item *item, struct error *err)
{
	bool unknown;
	const char *users = grub_script_get(&menu->script, "superusers", &unknown);

	if (!item->restricted || !users)
		return 0;
	return error_set(err, -EINVAL,
		"grub.cfg line %u: the default entry \"%s\" asks for a password: make it --unrestricted.",
		item->line, item->title);
}

static int choose_item(const struct grub_menu *menu, struct grub_menu_item *ret,
	char ret_inner[GRUB_VALUE_BYTES], struct error *err)
{
	const char *spec = NULL, *inner;
	size_t index = 0;
	int r = check_timeout(&menu->script, err);

	if (r < 0)
		return r;
	r = get_known(&menu->script, "default", &spec, err);
	if (r < 0)
		return r;
	if (menu->count == 0)
		return error_set(err, -EINVAL, "grub.cfg has no entry to start.");
	if (spec)
		r = find_index(menu, spec, &index, err);
	if (r < 0)
		return r;
	inner = inner_default(spec);
	snprintf(ret_inner, GRUB_VALUE_BYTES, "%s", inner ? inner : "");
	*ret = menu->items[index];
	return check_password(menu, ret, err);
}

/* The menu inside a submenu: started by the timeout, it starts its own default at once. */
static int open_submenu(struct grub_menu *menu, const struct grub_menu_item *item,
	const char *inner, struct error *err)
{
	int r;

	grub_script_open_context(&menu->script);
	menu->count = 0;
	r = grub_script_set(&menu->script, "timeout", "0", false, item->line, err);
	if (r < 0)
		return r;
	if (inner[0])
		r = grub_script_set(&menu->script, "default", inner, false, item->line, err);
	else
		grub_script_unset(&menu->script, "default");
	if (r < 0)
		return r;
	return grub_script_run(&menu->script, item->body, err);
}

static int run_entry(struct grub_menu *menu, const struct grub_menu_item *item, struct error *err)
{
	int r;

	menu->in_entry = true;
	menu->entry.line = item->line;
	snprintf(menu->entry.title, sizeof(menu->entry.title), "%s", item->title);
	r = grub_script_run(&menu->script, item->body, err);
	if (r < 0)
		return r;
	if (!menu->entry.kernel.path[0])
		return error_set(err, -EINVAL,
			"grub.cfg line %u: the entry \"%s\" boots no kernel.", item->line,
			item->title);
	return 0;
}

static int run_menu(struct grub_menu *menu, struct grub_cursor text, struct error *err)
{
	char inner[GRUB_VALUE_BYTES];
	struct grub_menu_item item;
	int r = grub_script_run(&menu->script, text, err);

	if (r < 0)
		return r;
	r = choose_item(menu, &item, inner, err);
	if (r < 0)
		return r;
	for (int depth = 0; item.submenu; depth++) {
		if (depth == SUBMENU_DEPTH_MAX)
			return error_set(err, -EINVAL,
				"grub.cfg line %u: submenus are nested too deeply.", item.line);
		r = open_submenu(menu, &item, inner, err);
		if (r < 0)
			return r;
		r = choose_item(menu, &item, inner, err);
		if (r < 0)
			return r;
	}
	return run_entry(menu, &item, err);
}

int grub_cfg_default(const char *text, const struct grub_cfg_settings *settings,
	struct grub_entry *ret, struct error *err)
{
	/* Of its many entries a menu uses few: pages that are not used are not touched. */
	AUTO_FREE struct grub_menu *menu = calloc(1, sizeof(*menu));
	AUTO_FREE char *copy = copy_without_returns(text);
	int r;

	if (!menu)
		abort();
	menu->script.run = grub_commands_run;
	menu->script.userdata = menu;
	menu->environment = settings->environment;
	r = set_first_variables(&menu->script, settings, err);
	if (r < 0)
		return r;
	r = run_menu(menu,
		(struct grub_cursor){ .at = copy, .end = copy + strlen(copy), .line = 1 }, err);
	if (r < 0)
		return r;
	*ret = menu->entry;
	return 0;
}
