/* SPDX-License-Identifier: MIT */
/*
 * settings — what a transfer needs: certificates, passwords, timeouts.
 *
 * Data only. Config fills it.
 *
 * Tested by: tests/unit/test_fetch.c.
 */
#pragma once

#define SETTINGS_TEXT_BYTES 1024
#define REPORT_TOKEN_BYTES  1001 /* what every web server takes in a header */

struct fetch_settings {
	char ca_file[SETTINGS_TEXT_BYTES]; /* empty: the system's */
	char netrc_file[128];		   /* passwords for servers; empty: none */
	unsigned stall_timeout_s;	   /* 0: the default */
	unsigned attempts;		   /* 0: the default */
};

/* Where reports are posted to. */
struct report_target {
	char url[SETTINGS_TEXT_BYTES];
	char token[REPORT_TOKEN_BYTES]; /* empty: none */
	struct fetch_settings fetch;
};
