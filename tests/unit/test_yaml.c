/* SPDX-License-Identifier: MIT */
/* Proves which paths lead to the scalars of a YAML document, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/yaml.h"

static char seen[4096];
static struct error err;

static int note(const char *path, const char *value, void *userdata, struct error *e)
{
	(void)userdata;
	(void)e;
	if (value)
		text_append(seen, sizeof(seen), "%s=%s;", path, value);
	return 0;
}

static int walk(const char *text)
{
	seen[0] = '\0';
	err = (struct error){ 0 };
	return yaml_walk(text, strlen(text), note, NULL, &err);
}

static void sees(const char *text, const char *expected)
{
	if (walk(text) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(seen, expected);
}

static void refuses(const char *text, const char *sentence)
{
	assert_int_equal(walk(text), -EINVAL);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" has no \"%s\"", err.text, sentence);
}

static void paths_lead_to_scalars(void **state)
{
	(void)state;
	sees("a: 1\nb: [2, 3]\nc:\n  d: 4\n  e: [{f: 5}, {f: 6, g: [7]}]\nh: 8\n",
		"a=1;b[]=2;b[]=3;c.d=4;c.e[].f=5;c.e[].f=6;c.e[].g[]=7;h=8;");
	sees("- x\n- [y, z]\n- {a: b}\n- w\n", "[]=x;[][]=y;[][]=z;[].a=b;[]=w;");
	sees("alone", "=alone;");
	sees("", "");
	sees("# nothing\n", "");
	sees("a:\nb: ''\n", "a=;b=;");
	sees("t: |\n  one\n  two\nu: >-\n  three\n  four\n", "t=one\ntwo\n;u=three four;");
	sees("\xef\xbb\xbf# windows\r\na: 1\r\n", "a=1;");
}

static void odd_names_are_made_plain(void **state)
{
	(void)state;
	sees("\"a.b[]\": 1\n\"\\n\": 2\n\"<<\": 3\n", "a?b?"
						      "?=1;?=2;?"
						      "?=3;");
}

static void aliases_and_merged_mappings_are_followed(void **state)
{
	(void)state;
	sees("a: &x [1, 2]\nb: *x\n", "a[]=1;a[]=2;b[]=1;b[]=2;");
	sees("a: &x {m: 1, n: 2}\nb: {n: 3, <<: *x}\n", "a.m=1;a.n=2;b.m=1;b.n=3;");
	sees("a: &x {m: 1}\nb: &y {m: 2, n: 3}\nc: {<<: [*x, *y]}\n",
		"a.m=1;b.m=2;b.n=3;c.n=3;c.m=1;");
	sees("a: &x {k: [1]}\nb: {<<: *x, k: [2]}\n", "a.k[]=1;b.k[]=2;");
	refuses("b: *x\n", "line 1: it is not well-formed YAML");
}

static void of_members_with_one_name_the_last_one_counts(void **state)
{
	(void)state;
	sees("a: [1, 2]\nb: 3\na: [4]\n", "b=3;a[]=4;");
	sees("a: {m: 1}\n'a': {n: 2}\n", "a.n=2;");
	refuses("a: {b: {<<: c}}\na: 1\n", "line 1: << stands before text");
}

static void what_is_merged_has_to_be_a_mapping(void **state)
{
	(void)state;
	refuses("a: 1\n<<: b\n", "line 2: << stands before text");
	refuses("<<: [{a: 1}, b]\n", "line 1: << merges what is no mapping");
	refuses("<<: [[{a: 1}]]\n", "line 1: << merges what is no mapping");
}

static void tags_change_no_text_and_unknown_ones_are_refused(void **state)
{
	(void)state;
	sees("a: !!binary YQ==\nb: !!str 1\nc: ! x\nd: !!set {}\n", "a=YQ==;b=1;c=x;");
	sees("a: !!python/unicode x\n", "a=x;");
	refuses("a: 1\nb: !x y\n", "line 2: there is a tag");
	refuses("!x a: 1\n", "line 1: there is a tag");
	refuses("a: !!int [1]\n", "line 1: there is a tag");
	refuses("a: !<tag:yaml.org,2002:python/object:os.system> {}\n", "line 1: there is a tag");
}

static void what_multiplies_itself_is_refused(void **state)
{
	(void)state;
	refuses("a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n"
		"c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\n"
		"e: [*d,*d,*d,*d,*d,*d,*d,*d]\n",
		"too many values");
	refuses("a: &a [*a]\n", "nested too deeply");
	refuses("a: &a\n  <<: *a\n", "too large");
	refuses("a: 1\n---\nb: 2\n", "line 2: a second document");
	refuses("[[[[[[[[[[[[[[[[[ 1 ]]]]]]]]]]]]]]]]]", "nested too deeply");
	sees("[[[[[[[[[[[[[[[[ 1 ]]]]]]]]]]]]]]]]", "[][][][][][][][][][][][][][][][]=1;");
}

static void what_is_no_yaml_is_refused_with_its_line(void **state)
{
	(void)state;
	refuses("a: 1\nb: [\n", "line 3: it is not well-formed YAML");
	refuses("a: 1\n\tb: 2\n", "line 2: it is not well-formed YAML");
	refuses("a: \"\\0\"\n", "line 1: there is a NUL");
	refuses("? [a]\n: b\n", "line 1: a name is a list");
	refuses("a: \x01\n", "it is not well-formed YAML");
	refuses("a: \xff\xfe\n", "it is not well-formed YAML");
}

static void too_long_a_path_is_cut_off(void **state)
{
	char text[2048] = "";

	(void)state;
	for (unsigned i = 0; i < 15; i++)
		text_append(text, sizeof(text), "{a234567890123456789012345678901234567890: ");
	text_append(text, sizeof(text), "1");
	for (unsigned i = 0; i < 15; i++)
		text_append(text, sizeof(text), "}");
	assert_int_equal(walk(text), 0);
	assert_true(strlen(seen) < YAML_PATH_BYTES + 3);
	assert_int_equal(strncmp(seen, "a234567890123456789012345678901234567890.a23", 44), 0);
}

static void too_large_a_text_is_refused(void **state)
{
	size_t size_bytes = YAML_MAX_BYTES + 1;
	char *text = malloc(size_bytes);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size_bytes);
	assert_int_equal(yaml_walk(text, size_bytes, note, NULL, &err), -EFBIG);
	assert_int_equal(yaml_walk(text, size_bytes - 1, note, NULL, &err), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_lead_to_scalars),
		cmocka_unit_test(odd_names_are_made_plain),
		cmocka_unit_test(aliases_and_merged_mappings_are_followed),
		cmocka_unit_test(of_members_with_one_name_the_last_one_counts),
		cmocka_unit_test(what_is_merged_has_to_be_a_mapping),
		cmocka_unit_test(tags_change_no_text_and_unknown_ones_are_refused),
		cmocka_unit_test(what_multiplies_itself_is_refused),
		cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
		cmocka_unit_test(too_long_a_path_is_cut_off),
		cmocka_unit_test(too_large_a_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
