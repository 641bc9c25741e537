/* SPDX-License-Identifier: MIT */
/* Proves the replies to requests of the guest agent's protocol, whole, in pieces, hostile and too
 * long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "verdict/guest_agent.h"

static struct guest_agent agent;

static int forget(void **state)
{
	(void)state;
	memset(&agent, 0, sizeof(agent));
	return 0;
}

/* The reply to these bytes, NUL-terminated; NULL for none. The caller frees it. */
static char *answer(const char *data, size_t size_bytes)
{
	size_t reply_bytes;
	char *reply = guest_agent_answer(&agent, data, size_bytes, &reply_bytes);

	if (!reply) {
		assert_int_equal(reply_bytes, 0);
		return NULL;
	}
	reply = realloc(reply, reply_bytes + 1);
	assert_non_null(reply);
	reply[reply_bytes] = '\0';
	return reply;
}

static void expect_reply(const char *request, const char *expected)
{
	char *reply = answer(request, strlen(request));

	assert_non_null(reply);
	assert_string_equal(reply, expected);
	free(reply);
}

static void expect_class(const char *request, const char *class)
{
	char *reply = answer(request, strlen(request));
	char start[64] = "{\"error\":{\"class\":\"";

	assert_non_null(reply);
	strcat(start, class);
	assert_memory_equal(reply, start, strlen(start));
	assert_string_equal(reply + strlen(reply) - 2, "}\n");
	free(reply);
}

static void expect_nothing(const char *data)
{
	assert_null(answer(data, strlen(data)));
}

static void commands_of_a_client_are_answered(void **state)
{
	(void)state;
	expect_reply("{\"execute\":\"guest-ping\"}\n", "{\"return\":{}}\n");
	expect_reply("{\"execute\":\"guest-sync\",\"arguments\":{\"id\":1753900000123}}",
		"{\"return\":1753900000123}\n");
	expect_reply("{\"execute\": \"guest-sync\", \"arguments\": {\"id\": -7}}\r\n",
		"{\"return\":-7}\n");
	expect_reply("\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":5}}",
		"\xff{\"return\":5}\n");
	expect_reply("{\"execute\":\"guest-info\"}",
		"{\"return\":{\"version\":\"guest-installer " VERSION "\",\"supported_commands\":["
		"{\"name\":\"guest-sync-delimited\",\"enabled\":true,\"success-response\":true},"
		"{\"name\":\"guest-sync\",\"enabled\":true,\"success-response\":true},"
		"{\"name\":\"guest-ping\",\"enabled\":true,\"success-response\":true},"
		"{\"name\":\"guest-info\",\"enabled\":true,\"success-response\":true}]}}\n");
}

static void a_request_that_arrives_byte_by_byte_is_answered_once(void **state)
{
	static const char request[] =
		"{\"execute\":\"guest-ping\",\"arguments\":{\"a\":\"}\\\"{\"}}";

	(void)state;
	for (size_t i = 0; i < strlen(request) - 1; i++)
		assert_null(answer(request + i, 1));
	expect_reply("}", "{\"return\":{}}\n");
}

static void several_requests_have_several_replies(void **state)
{
	(void)state;
	expect_reply(
		"{\"execute\":\"guest-ping\"}{\"execute\":\"guest-sync\",\"arguments\":{\"id\":1}}",
		"{\"return\":{}}\n{\"return\":1}\n");
}

static void the_id_of_a_request_comes_back(void **state)
{
	(void)state;
	expect_reply("{\"execute\":\"guest-ping\",\"id\":[\"a\",{\"b\":1.5}]}",
		"{\"return\":{},\"id\":[\"a\",{\"b\":1.5}]}\n");
}

static void other_commands_are_not_found(void **state)
{
	(void)state;
	expect_class("{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/sh\"}}",
		"CommandNotFound");
	expect_class("{\"execute\":\"guest-shutdown\"}", "CommandNotFound");
	expect_class("{\"execute\":\"guest-fsfreeze-freeze\"}", "CommandNotFound");
	expect_class("{\"execute\":\"\"}", "CommandNotFound");
}

static void what_is_no_request_is_an_error(void **state)
{
	(void)state;
	expect_class("{}", "GenericError");
	expect_class("{\"execute\":7}", "GenericError");
	expect_class("{\"execute\":\"guest-ping\",\"execute\":\"guest-ping\"}", "GenericError");
	expect_class("{\"execute\":\"guest-ping\\u0000\"}", "GenericError");
	expect_class("{\"execute\":\"guest-sync\"}", "GenericError");
	expect_class("{\"execute\":\"guest-sync\",\"arguments\":{\"id\":\"1\"}}", "GenericError");
	expect_class("{\"execute\":\"guest-sync\",\"arguments\":{\"id\":99999999999999999999}}",
		"GenericError");
	expect_class("{'execute'}", "GenericError");
	expect_nothing("[1, 2] hello }}} \"text\n");
	expect_reply("{\"execute\":\"guest-ping\"}", "{\"return\":{}}\n");
}

static void a_client_that_resynchronises_discards_an_incomplete_request(void **state)
{
	(void)state;
	expect_nothing("{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"");
	expect_reply("\xff{\"execute\":\"guest-ping\"}", "{\"return\":{}}\n");
}

static void a_request_that_is_too_long_is_refused_and_the_next_one_is_not(void **state)
{
	char long_text[GUEST_AGENT_REQUEST_BYTES + 1];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	expect_nothing("{\"execute\":\"");
	for (int i = 0; i < 100; i++)
		expect_nothing(long_text);
	expect_class("\"}", "GenericError");
	expect_reply("{\"execute\":\"guest-ping\"}", "{\"return\":{}}\n");
}

static void deep_nesting_is_an_error(void **state)
{
	char deep[GUEST_AGENT_REQUEST_BYTES];
	char *reply;

	(void)state;
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "{\"id\":", 6);
	deep[sizeof(deep) - 1] = '}';
	reply = answer(deep, sizeof(deep));
	assert_non_null(reply);
	assert_memory_equal(reply, "{\"error\":", 9);
	free(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(commands_of_a_client_are_answered, forget),
		cmocka_unit_test_setup(
			a_request_that_arrives_byte_by_byte_is_answered_once, forget),
		cmocka_unit_test_setup(several_requests_have_several_replies, forget),
		cmocka_unit_test_setup(the_id_of_a_request_comes_back, forget),
		cmocka_unit_test_setup(other_commands_are_not_found, forget),
		cmocka_unit_test_setup(what_is_no_request_is_an_error, forget),
		cmocka_unit_test_setup(
			a_client_that_resynchronises_discards_an_incomplete_request, forget),
		cmocka_unit_test_setup(
			a_request_that_is_too_long_is_refused_and_the_next_one_is_not, forget),
		cmocka_unit_test_setup(deep_nesting_is_an_error, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
