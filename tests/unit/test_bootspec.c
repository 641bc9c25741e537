/* SPDX-License-Identifier: MIT */
/* Proves that boot.json is read as RFC 125 writes it, and what of it must be there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/bootspec.h"

#define SYSTEM	    "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define KERNEL	    "/nix/store/1123456789abcdfghijklmnpqrsvwxyz-linux-6.1/bzImage"
#define INITRD	    "/nix/store/2123456789abcdfghijklmnpqrsvwxyz-initrd-linux-6.1/initrd"
#define V1(members) "{\"org.nixos.bootspec.v1\":{" members "},\"org.nixos.specialisation.v1\":{}}"
#define M_SYSTEM    "\"system\":\"x86_64-linux\","
#define M_KERNEL    "\"kernel\":\"" KERNEL "\","
#define M_INITRD    "\"initrd\":\"" INITRD "\","
#define M_INIT	    "\"init\":\"" SYSTEM "/init\","
#define M_LABEL	    "\"label\":\"NixOS 26.05 (Linux 6.1)\","
#define M_PARAMS    "\"kernelParams\":[\"console=ttyS0\",\"loglevel=4\"],"
#define M_TOP	    "\"toplevel\":\"" SYSTEM "\""

static struct bootspec accepts(const char *text)
{
	struct bootspec spec;
	struct error err = { 0 };

	if (bootspec_parse(text, strlen(text), &spec, &err) < 0)
		fail_msg("%s", err.text);
	return spec;
}

static void refuses(const char *text, const char *says)
{
	struct bootspec spec = { .label = "old" };
	struct error err = { 0 };

	assert_true(bootspec_parse(text, strlen(text), &spec, &err) < 0);
	assert_string_equal(spec.label, "old");
	if (strncmp(err.text, says, strlen(says)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", err.text, says);
}

static void a_whole_document_is_read(void **state)
{
	struct bootspec spec = accepts(
		V1(M_SYSTEM M_KERNEL M_INITRD M_INIT M_LABEL M_PARAMS M_TOP));

	(void)state;
	assert_string_equal(spec.kernel, KERNEL);
	assert_string_equal(spec.initrd, INITRD);
	assert_string_equal(spec.init, SYSTEM "/init");
	assert_string_equal(spec.label, "NixOS 26.05 (Linux 6.1)");
	assert_string_equal(spec.kernel_params, "console=ttyS0 loglevel=4");
	assert_string_equal(spec.toplevel, SYSTEM);
}

static void an_initrd_is_optional(void **state)
{
	(void)state;
	assert_string_equal(accepts(V1(M_KERNEL M_INIT M_LABEL M_PARAMS M_TOP)).initrd, "");
	assert_string_equal(
		accepts(V1("\"initrd\":null," M_KERNEL M_INIT M_LABEL M_PARAMS M_TOP)).initrd, "");
}

static void members_that_we_do_not_know_are_no_matter(void **state)
{
	(void)state;
	accepts(V1("\"initrdSecrets\":\"/x\",\"new\":[1]," M_KERNEL M_INIT M_LABEL M_PARAMS M_TOP));
}

static void no_parameters_are_no_parameters(void **state)
{
	(void)state;
	assert_string_equal(
		accepts(V1(M_KERNEL M_INIT M_LABEL "\"kernelParams\":[]," M_TOP)).kernel_params,
		"");
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	refuses("{}", "boot.json: org.nixos.bootspec.v1 is missing");
	refuses("{\"v1\":{}}", "boot.json: org.nixos.bootspec.v1 is missing");
	refuses(V1(M_INIT M_LABEL M_PARAMS M_TOP),
		"boot.json: org.nixos.bootspec.v1.kernel is missing");
	refuses(V1(M_KERNEL M_LABEL M_PARAMS M_TOP),
		"boot.json: org.nixos.bootspec.v1.init is missing");
	refuses(V1(M_KERNEL M_INIT M_PARAMS M_TOP),
		"boot.json: org.nixos.bootspec.v1.label is missing");
	refuses(V1(M_KERNEL M_INIT M_LABEL M_TOP),
		"boot.json: org.nixos.bootspec.v1.kernelParams is missing");
	refuses(V1(M_KERNEL M_INIT M_LABEL "\"kernelParams\":[]"),
		"boot.json: org.nixos.bootspec.v1.toplevel is missing");
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	refuses(V1("\"kernel\":\"/boot/vmlinuz\"," M_INIT M_LABEL M_PARAMS M_TOP),
		"boot.json: org.nixos.bootspec.v1.kernel must be a file below /nix/store");
	refuses(V1("\"kernel\":\"/nix/store/../../x\"," M_INIT M_LABEL M_PARAMS M_TOP),
		"boot.json: org.nixos.bootspec.v1.kernel must be");
	refuses(V1("\"initrd\":1," M_KERNEL M_INIT M_LABEL M_PARAMS M_TOP),
		"boot.json: org.nixos.bootspec.v1.initrd must be a string");
	refuses(V1(M_KERNEL M_INIT M_LABEL "\"kernelParams\":[1]," M_TOP),
		"boot.json: org.nixos.bootspec.v1.kernelParams[0] must be a string");
	refuses(V1(M_KERNEL M_INIT M_LABEL "\"kernelParams\":[\"a\\nb\"]," M_TOP),
		"boot.json: org.nixos.bootspec.v1.kernelParams[0] has control characters");
	refuses(V1(M_KERNEL M_INIT M_LABEL M_PARAMS "\"toplevel\":\"" SYSTEM "/init\""),
		"boot.json: org.nixos.bootspec.v1.toplevel must be a store path");
	refuses("{\"org.nixos.bootspec.v1\":[]}",
		"boot.json: org.nixos.bootspec.v1 must be an object");
	refuses("nonsense", "boot.json: it is not well-formed JSON");
}

static void too_many_parameters_are_refused(void **state)
{
	static char text[20000];
	char *p = text;

	(void)state;
	p += sprintf(
		p, "{\"org.nixos.bootspec.v1\":{" M_KERNEL M_INIT M_LABEL "\"kernelParams\":[");
	for (int i = 0; i < 400; i++)
		p += sprintf(p, "%s\"parameter.number=%04d\"", i ? "," : "", i);
	sprintf(p, "]," M_TOP "}}");
	refuses(text, "boot.json: org.nixos.bootspec.v1.kernelParams are longer than 4095 bytes");
}

#define MAIN	 M_SYSTEM M_KERNEL M_INITRD M_INIT M_LABEL M_PARAMS M_TOP
#define WITH(it) "{\"org.nixos.bootspec.v1\":{" MAIN "}," it "}"
#define SPECIALISED                                                                                \
	WITH("\"org.nixos.specialisation.v1\":{\"zeta\":" WITH(                                    \
		"\"org.nixos.systemd-boot\":{"                                                     \
		"\"sortKey\":\"late\"}") ",\"alpha\":"                                             \
					 "{\"org.nixos."                                           \
					 "bootspec.v1\":{" MAIN "}}}")

static void the_members_for_systemd_boot_are_read(void **state)
{
	struct bootspec spec = accepts(WITH("\"x\":{}"));

	(void)state;
	assert_string_equal(spec.sort_key, "nixos");
	assert_false(spec.initrd_secrets);
	assert_string_equal(spec.devicetree, "");
	spec = accepts(WITH(
		"\"org.nixos.systemd-boot\":{\"sortKey\":\"a\",\"devicetree\":\"/nix/store/x/y.dtb\"}"));
	assert_string_equal(spec.sort_key, "a");
	assert_string_equal(spec.devicetree, "/nix/store/x/y.dtb");
	spec = accepts(WITH("\"org.nixos.systemd-boot\":{\"devicetree\":null}"));
	assert_string_equal(spec.devicetree, "");
	assert_string_equal(spec.sort_key, "nixos");
	refuses(WITH("\"org.nixos.systemd-boot\":{\"devicetree\":\"/x\"}"),
		"boot.json: org.nixos.systemd-boot.devicetree must be a file below /nix/store");
	spec = accepts(WITH("\"org.nixos.systemd-boot\":{\"sortKey\":null}"));
	assert_string_equal(spec.sort_key, "nixos");
	spec = accepts(WITH("\"org.nixos.systemd-boot\":null"));
	assert_string_equal(spec.sort_key, "nixos");
	spec = accepts(V1(MAIN ",\"initrdSecrets\":\"/nix/store/x\""));
	assert_true(spec.initrd_secrets);
	spec = accepts(V1(MAIN ",\"initrdSecrets\":null"));
	assert_false(spec.initrd_secrets);
}

static void specialisations_come_in_the_order_of_the_document(void **state)
{
	static const char text[] = SPECIALISED;
	char name[BOOTSPEC_NAME_BYTES];
	struct bootspec spec;
	struct error err;

	(void)state;
	assert_int_equal(
		bootspec_parse_specialisation(text, strlen(text), 0, name, &spec, &err), 0);
	assert_string_equal(name, "zeta");
	assert_string_equal(spec.sort_key, "late");
	assert_int_equal(
		bootspec_parse_specialisation(text, strlen(text), 1, name, &spec, &err), 0);
	assert_string_equal(name, "alpha");
	assert_int_equal(
		bootspec_parse_specialisation(text, strlen(text), 2, name, &spec, &err), -ENOENT);
}

static void null_is_no_specialisation(void **state)
{
	static const char text[] = WITH("\"org.nixos.specialisation.v1\":null");
	char name[BOOTSPEC_NAME_BYTES];
	struct bootspec spec;
	struct error err;

	(void)state;
	assert_int_equal(
		bootspec_parse_specialisation(text, strlen(text), 0, name, &spec, &err), -ENOENT);
}

static void a_name_that_leads_out_of_the_folder_is_refused(void **state)
{
	static const char text[] = WITH(
		"\"org.nixos.specialisation.v1\":{\"../x\":{\"org.nixos.bootspec.v1\":{" MAIN
		"}}}");
	char name[BOOTSPEC_NAME_BYTES];
	struct bootspec spec;
	struct error err;

	(void)state;
	assert_int_equal(
		bootspec_parse_specialisation(text, strlen(text), 0, name, &spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is no name of a specialisation"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_document_is_read),
		cmocka_unit_test(the_members_for_systemd_boot_are_read),
		cmocka_unit_test(specialisations_come_in_the_order_of_the_document),
		cmocka_unit_test(null_is_no_specialisation),
		cmocka_unit_test(a_name_that_leads_out_of_the_folder_is_refused),
		cmocka_unit_test(an_initrd_is_optional),
		cmocka_unit_test(members_that_we_do_not_know_are_no_matter),
		cmocka_unit_test(no_parameters_are_no_parameters),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(too_many_parameters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
