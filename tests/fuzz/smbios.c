/* SPDX-License-Identifier: MIT */
/* Any bytes as an SMBIOS structure, and its strings as credentials. */
#include "input/smbios.h"
#include "mutate.h"

/* Of type 11, as long as its header, and with the number of its strings. */
static void repair_structure(uint8_t *data, size_t size_bytes)
{
	if (size_bytes < 6)
		return;
	data[0] = 11;
	data[1] = 5;
	data[4] = 0;
	for (size_t i = 5; i < size_bytes && data[4] < UINT8_MAX; i++)
		data[4] += data[i] == '\0' && data[i - 1] != '\0';
}
FUZZ_MUTATE_AND_REPAIR(repair_structure);

static void check_credential(const char *string)
{
	struct error err = FUZZ_NO_ERROR;
	char *text = NULL;
	size_t size_bytes;
	int r = smbios_credential(string, "n", &text, &size_bytes, &err);

	promised(r == 1 || r == 0 || (fuzz_error_is_set(&err) && err.code == EXIT_NO_KEY));
	promised((r == 1) == (text != NULL));
	if (text)
		promised(text[size_bytes] == '\0');
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE uint8_t *raw = must_realloc(NULL, size_bytes, 1);
	const char *string;
	size_t i;

	memcpy(raw, data, size_bytes);
	for (i = 0; (string = smbios_oem_string(raw, size_bytes, i)); i++) {
		promised((const uint8_t *)string > raw);
		promised((const uint8_t *)string + strlen(string) < raw + size_bytes);
		check_credential(string);
	}
	promised(i <= 255);
	return 0;
}
