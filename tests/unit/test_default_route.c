/* SPDX-License-Identifier: MIT */
/* Proves that a way to other machines is seen in the kernel's tables, and only there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/default_route.h"

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define ZERO "00000000000000000000000000000000"
#define REST " " ZERO " 00 fe800000000000000000000000000002 00000400 00000001 00000000 00000003 "

static void a_default_route_is_a_way(void **state)
{
	(void)state;
	assert_true(default_route_has_default(HEAD
		"eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
		NULL));
	assert_true(default_route_has_default(NULL, ZERO " 00" REST "    eth0\n"));
}

static void others_are_none(void **state)
{
	(void)state;
	assert_false(default_route_has_default(NULL, NULL));
	assert_false(default_route_has_default("", ""));
	assert_false(default_route_has_default(
		HEAD, "fe800000000000000000000000000000 40" REST "    eth0\n"));
	/* 0.0.0.0/8 */
	assert_false(default_route_has_default(
		HEAD "eth0\t00000000\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n", NULL));
	/* what the kernel keeps for addresses without a way */
	assert_false(default_route_has_default(NULL, ZERO " 00" REST "      lo\n"));
	assert_false(default_route_has_default(
		HEAD "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n", NULL));
	assert_false(default_route_has_default(NULL, ZERO " 00 cut off\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_default_route_is_a_way),
		cmocka_unit_test(others_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
