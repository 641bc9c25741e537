/* SPDX-License-Identifier: MIT */
/* Any texts as the guest's passwd, group and shadow, with a byte of 0xff between them. */
/* Modules: guest/account, guest/nixos. */
#include "guest/account.h"

#include <errno.h>

#include "folder.h"

static const char *const folders[] = { "/etc" };
static const char *const files[] = { "/etc/passwd", "/etc/group", "/etc/shadow" };

static void check_account(const struct account *account)
{
	promised(memchr(account->owner.home, '\0', sizeof(account->owner.home)));
	promised(memchr(account->owner.shell, '\0', sizeof(account->owner.shell)));
	promised(memchr(account->groups, '\0', sizeof(account->groups)));
	promised(!strpbrk(account->groups, "\n:"));
}

static void check_shadow(const char *text, size_t size_bytes)
{
	AUTO_FREE char *shadow = fuzz_text((const uint8_t *)text, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	bool locked;
	int r = account_check_shadow(shadow, "alice", 1700000000, &locked, &err);

	promised(r == 0 || (r == -EACCES && fuzz_error_is_set(&err) && err.code == EXIT_VERIFY));
	promised(strstr(shadow, "alice:") || (r == 0 && !locked));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const char *root = fuzz_folder_get(folders, 1);
	struct error err = FUZZ_NO_ERROR;
	struct account account;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t part_bytes;
		const uint8_t *part = fuzz_part(&data, &size_bytes, &part_bytes);

		fuzz_folder_write(files[i], part, part_bytes);
		check_shadow((const char *)part, part_bytes);
	}
	if (account_read(root, "alice", &account, &err) < 0)
		promised(fuzz_error_is_set(&err));
	else
		check_account(&account);
	return 0;
}
