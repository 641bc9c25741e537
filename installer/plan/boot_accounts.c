/* SPDX-License-Identifier: MIT */
#include "plan/boot_accounts.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define CHOSEN_NUMBER 60000 /* above those that NixOS gives, below those of systemd */

/* The characters that would end a field of passwd(5) or a list of group(5). */
static bool is_field(const char *text)
{
	return !strpbrk(text, ":,\n");
}

static int parse_account_field(const struct json_value *object, const char *name, char *ret,
	size_t ret_bytes, struct error *err)
{
	int r = json_get_string(object, name, ret, ret_bytes, err);

	if (r < 0)
		return r;
	if (!*ret || !is_field(ret))
		return json_refuse(
			object, name, err, "cannot be \"%s\" in /etc/passwd or /etc/group", ret);
	return 0;
}

static int parse_account_path(const struct json_value *object, const char *name, char *ret,
	size_t ret_bytes, struct error *err)
{
	int r = parse_account_field(object, name, ret, ret_bytes, err);

	if (r < 0)
		return r;
	if (!text_is_clean_path(ret))
		return json_refuse(object, name, err,
			"must be an absolute path without . and .., not \"%s\"", ret);
	return 0;
}

/* Both numbers, or none. */
static int parse_numbers(
	const struct json_value *object, struct boot_account *account, struct error *err)
{
	uint64_t uid, gid;
	int r;

	account->numbered = json_has(object, "uid") && json_has(object, "gid");
	if (!account->numbered)
		return 0;
	r = json_get_number(object, "uid", UINT32_MAX - 1, &uid, err);
	if (r < 0)
		return r;
	r = json_get_number(object, "gid", UINT32_MAX - 1, &gid, err);
	if (r < 0)
		return r;
	account->uid = (unsigned)uid;
	account->gid = (unsigned)gid;
	return 0;
}

static int parse_groups(
	const struct json_value *object, struct boot_account *account, struct error *err)
{
	struct json_value array;
	int r;

	if (!json_has(object, "groups"))
		return 0;
	r = json_get_array(object, "groups", &array, err);
	if (r < 0)
		return r;
	if (json_count(&array) > BOOT_ACCOUNT_GROUPS_MAX)
		return json_refuse(object, "groups", err, "has more than %d elements",
			BOOT_ACCOUNT_GROUPS_MAX);
	for (size_t i = 0; i < json_count(&array); i++) {
		char *name = account->groups[account->group_count++];

		r = json_string_at(&array, i, name, sizeof(account->groups[0]), err);
		if (r < 0)
			return r;
		if (!*name || !is_field(name))
			return json_refuse(object, "groups", err,
				"cannot contain \"%s\": it is no name for /etc/group", name);
	}
	return 0;
}

static int parse_account(
	const struct json_value *object, struct boot_account *account, struct error *err)
{
	static const char *const members[] = { "name", "uid", "gid", "group", "groups", "home",
		"shell", "locked", NULL };
	int r = json_only(object, members, err);

	if (r < 0)
		return r;
	r = parse_account_field(object, "name", account->name, sizeof(account->name), err);
	if (r < 0)
		return r;
	r = parse_account_field(object, "group", account->group, sizeof(account->group), err);
	if (r < 0)
		return r;
	r = parse_account_path(object, "home", account->home, sizeof(account->home), err);
	if (r < 0)
		return r;
	r = parse_account_path(object, "shell", account->shell, sizeof(account->shell), err);
	if (r < 0)
		return r;
	r = json_get_bool(object, "locked", &account->locked, err);
	if (r < 0)
		return r;
	r = parse_numbers(object, account, err);
	if (r < 0)
		return r;
	return parse_groups(object, account, err);
}

int boot_accounts_parse(const struct json_value *root, struct boot_accounts *ret, struct error *err)
{
	struct json_value array, object;
	int r;

	if (!json_has(root, "users"))
		return 0;
	r = json_get_array(root, "users", &array, err);
	if (r < 0)
		return r;
	if (json_count(&array) > BOOT_ACCOUNTS_MAX)
		return json_refuse(
			root, "users", err, "has more than %d elements", BOOT_ACCOUNTS_MAX);
	ret->used = true;
	for (size_t i = 0; i < json_count(&array); i++) {
		r = json_object_at(&array, i, &object, err);
		if (r < 0)
			return r;
		r = parse_account(&object, &ret->list[i], err);
		if (r < 0)
			return r;
		if (boot_accounts_find(ret, ret->list[i].name))
			return json_refuse(
				&object, "name", err, "is %s a second time", ret->list[i].name);
		ret->count++;
	}
	return 0;
}

void boot_accounts_assume(struct boot_accounts *ret)
{
	*ret = (struct boot_accounts){
		.used = true,
		.list = { { .name = "root",
				  .numbered = true,
				  .group = "root",
				  .home = "/root",
				  .shell = "/run/current-system/sw/bin/bash" },
			{ .name = "sshd",
				.group = "sshd",
				.home = "/var/empty",
				.shell = "/run/current-system/sw/bin/nologin",
				.locked = true } },
		.count = 2,
	};
}

const struct boot_account *boot_accounts_find(
	const struct boot_accounts *accounts, const char *name)
{
	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->list[i].name, name) == 0)
			return &accounts->list[i];
	return NULL;
}

void boot_accounts_list(const struct boot_accounts *accounts, char *ret, size_t ret_bytes)
{
	ret[0] = '\0';
	for (size_t i = 0; i < accounts->count; i++)
		text_append(ret, ret_bytes, "%s%s", i ? ", " : "", accounts->list[i].name);
}

static unsigned account_uid(const struct boot_accounts *accounts, size_t index)
{
	const struct boot_account *account = &accounts->list[index];

	return account->numbered ? account->uid : CHOSEN_NUMBER + (unsigned)index;
}

static unsigned account_gid(const struct boot_accounts *accounts, size_t index)
{
	const struct boot_account *account = &accounts->list[index];

	return account->numbered ? account->gid : CHOSEN_NUMBER + (unsigned)index;
}

void boot_accounts_passwd(const struct boot_accounts *accounts, char *ret)
{
	ret[0] = '\0';
	for (size_t i = 0; i < accounts->count; i++)
		text_append(ret, BOOT_ACCOUNTS_TEXT_BYTES, "%s:x:%u:%u::%s:%s\n",
			accounts->list[i].name, account_uid(accounts, i), account_gid(accounts, i),
			accounts->list[i].home, accounts->list[i].shell);
}

/* One line for each account's own group, and one for each further group of an account: group(5)
 * allows a name several times, and readers take the members of all. */
void boot_accounts_group(const struct boot_accounts *accounts, char *ret)
{
	ret[0] = '\0';
	for (size_t i = 0; i < accounts->count; i++) {
		const struct boot_account *account = &accounts->list[i];

		text_append(ret, BOOT_ACCOUNTS_TEXT_BYTES, "%s:x:%u:\n", account->group,
			account_gid(accounts, i));
		for (size_t j = 0; j < account->group_count; j++)
			text_append(ret, BOOT_ACCOUNTS_TEXT_BYTES, "%s:x:%u:%s\n",
				account->groups[j],
				CHOSEN_NUMBER + BOOT_ACCOUNTS_MAX +
					(unsigned)(i * BOOT_ACCOUNT_GROUPS_MAX + j),
				account->name);
	}
}

/* Field 2 as the programs write it for an account without a password, and one that says nothing for
 * one with a password, which is not known here. Last changed on day 1. */
void boot_accounts_shadow(const struct boot_accounts *accounts, char *ret)
{
	ret[0] = '\0';
	for (size_t i = 0; i < accounts->count; i++)
		text_append(ret, BOOT_ACCOUNTS_TEXT_BYTES, "%s:%s:1::::::\n",
			accounts->list[i].name, accounts->list[i].locked ? "!*" : "*");
}
