/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/encoding.h"
#include "nix/narinfo.h"

/* Made and signed by the real Nix: nix-store --add, nix store sign, nix copy. */
#define BASE_NAME	"rajh4fprxq36gbfqwjjpk9khlfdbs59i-top"
#define REFERENCE	"4j10gxd1xaacsrmsrizj0xmn0m29bzsn-dep"
#define FILE_HASH	"14w699sx4gp3virkk5zini88ywadcrm8mcbymcvfb5ng53lbfa5d"
#define NAR_SIZE	1192
#define NAR_HASH	"05v9mnpr8bhivpvpqq8h3rl9xkh2d9pfldccd67nqiwv8wwm60j4"
#define NAR_HASH_HEX	"44025339479b476c8f698c35ea6e6a02ce9e681e10617cf7dd112e94afad6917"
#define NAR_HASH_BASE64 "RAJTOUebR2yPaYw16m5qAs6eaB4QYXz33REulK+taRc="
#define NAR_HASH_OTHER	"0000000000000000000000000000000000000000000000000000"
#define KEY		"test-1:mVTwcwi06kT22Q5rtH+2HpJ8STd7yuPhbuSTjhp3hnQ="
#define OTHER_KEY	"other-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define OTHER_SIGNATURE                                                                            \
	"ZP/kKMWpabNBbSYM7n7dG5CgaWfB/b33grzIUwmygQcrOC5zmoXS5dZwaZYCVk4TFLtlbGCkBPRzBJVb0RNKBg=="

static const char GOOD[] = "StorePath: /nix/store/" BASE_NAME "\n"
			   "URL: nar/" FILE_HASH ".nar.zst\n"
			   "Compression: zstd\n"
			   "FileHash: sha256:" FILE_HASH "\n"
			   "FileSize: 316\n"
			   "NarHash: sha256:" NAR_HASH "\n"
			   "NarSize: 1192\n"
			   "References: " REFERENCE " " BASE_NAME "\n"
			   "Sig: "
			   "test-1:ZP/kKMWpabNBbSYM7n7dG5CgaWfB/"
			   "b33grzIUwmygQcrOC5zmoXS5dZwaZYCVk4TFLtlbGCkBPRzBJVb0RNKBg==\n";

static struct narinfo parse_good(const char *text)
{
	struct narinfo info;
	struct error err = { 0 };

	if (narinfo_parse(text, strlen(text), &info, &err) < 0)
		fail_msg("%s", err.text);
	return info;
}

/* The good narinfo with one text replaced. */
static const char *changed(const char *from, const char *to)
{
	static char text[sizeof(GOOD) + 1024];
	const char *at = strstr(GOOD, from);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
	return text;
}

static void refused(const char *text, const char *sentence)
{
	struct narinfo info;
	struct error err = { 0 };

	assert_int_equal(narinfo_parse(text, strlen(text), &info, &err), -EINVAL);
	assert_int_equal(err.code, EXIT_FETCH);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not say '%s'", err.text, sentence);
}

static struct trusted_key key_of(const char *text)
{
	struct trusted_key key;
	struct error err = { 0 };

	if (trusted_key_parse(text, &key, &err) < 0)
		fail_msg("%s", err.text);
	return key;
}

static void a_narinfo_of_nix_is_read(void **state)
{
	struct narinfo info = parse_good(GOOD);

	(void)state;
	assert_string_equal(info.store_path, "/nix/store/" BASE_NAME);
	assert_string_equal(info.url, "nar/" FILE_HASH ".nar.zst");
	assert_int_equal(info.compression, COMPRESSION_ZSTD);
	assert_int_equal(info.nar_bytes, NAR_SIZE);
	assert_int_equal(info.reference_count, 2);
	assert_string_equal(info.references[0], REFERENCE);
	assert_string_equal(info.references[1], BASE_NAME);
	assert_int_equal(info.signature_count, 1);
	assert_null(info.ca);
	narinfo_free(&info);
}

static void the_hash_is_read_in_every_form(void **state)
{
	static const char *const forms[] = { "sha256:" NAR_HASH_HEX, "sha256:" NAR_HASH_BASE64,
		"sha256-" NAR_HASH_BASE64 };
	struct narinfo good = parse_good(GOOD);

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct narinfo info = parse_good(changed("sha256:" NAR_HASH, forms[i]));

		assert_memory_equal(info.nar_hash, good.nar_hash, SHA256_BYTES);
		narinfo_free(&info);
	}
	narinfo_free(&good);
}

static void references_are_sorted_and_lose_duplicates(void **state)
{
	struct narinfo info = parse_good(changed("References: " REFERENCE " " BASE_NAME,
		"References: " BASE_NAME " " REFERENCE "  " BASE_NAME " " REFERENCE));

	(void)state;
	assert_int_equal(info.reference_count, 2);
	assert_string_equal(info.references[0], REFERENCE);
	assert_string_equal(info.references[1], BASE_NAME);
	narinfo_free(&info);
}

static void no_references_may_be_written_in_any_way(void **state)
{
	static const char *const ways[] = { "References: ", "References:", "X-Other: y" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct narinfo info = parse_good(
			changed("References: " REFERENCE " " BASE_NAME, ways[i]));

		assert_int_equal(info.reference_count, 0);
		narinfo_free(&info);
	}
}

static void a_narinfo_that_misses_a_field_is_refused(void **state)
{
	(void)state;
	refused(changed("StorePath: ", "Other: "), "the field StorePath is missing");
	refused(changed("URL: ", "Other: "), "the field URL is missing");
	refused(changed("NarHash: ", "Other: "), "the field NarHash is missing");
	refused(changed("NarSize: ", "Other: "), "the field NarSize is missing");
	refused("", "the field StorePath is missing");
}

/* As in Nix: only references and a content address are not replaced. */
static void of_a_repeated_field_the_last_one_counts(void **state)
{
	static const char *const before[][2] = {
		{ "StorePath: ", "StorePath: /nix/store/" REFERENCE "\nStorePath: " },
		{ "URL: ", "URL: x\nURL: " },
		{ "Compression: ", "Compression: none\nCompression: " },
		{ "NarHash: ", "NarHash: sha256:" NAR_HASH_OTHER "\nNarHash: " },
		{ "NarSize: ", "NarSize: 1\nNarSize: " },
		{ "References: ", "References: \nReferences: " },
		{ "Sig: ", "CA: \nCA: junk\nSig: " },
	};
	struct trusted_key key = key_of(KEY);
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct narinfo info = parse_good(changed(before[i][0], before[i][1]));

		assert_string_equal(info.store_path, "/nix/store/" BASE_NAME);
		assert_string_equal(info.url, "nar/" FILE_HASH ".nar.zst");
		assert_int_equal(info.compression, COMPRESSION_ZSTD);
		assert_int_equal(narinfo_verify(&info, &key, 1, &err), 0);
		narinfo_free(&info);
	}
	refused(changed("References: ", "References: " REFERENCE "\nReferences: "),
		"References is given twice");
	refused(changed("Sig: ", "CA: junk\nCA: junk\nSig: "), "CA is given twice");
}

static void a_compression_without_a_name_is_looked_for(void **state)
{
	static const char *const lines[] = { "Other: x",
		"Compression: ", "Compression:", "Compression: none\nCompression: " };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct narinfo info = parse_good(changed("Compression: zstd", lines[i]));

		assert_int_equal(info.compression, COMPRESSION_UNNAMED);
		narinfo_free(&info);
	}
	refused(changed("Compression: zstd", "Compression: compressed"),
		"the compression compressed is not supported");
}

static void other_compressions_are_refused_by_name(void **state)
{
	(void)state;
	refused(changed("Compression: zstd", "Compression: br"), "the compression br ");
	refused(changed("Compression: zstd", "Compression: bzip2"), "the compression bzip2 ");
}

static void urls_that_leave_the_cache_are_refused(void **state)
{
	static const char *const urls[] = { "/etc/passwd", "../x.nar", "nar/../../x", "nar/..",
		"http://", "file:///etc/passwd", "ftp://a/b", "nar/a b", "", "nar/\x80",
		"https://a/\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "URL: %s", urls[i]);
		refused(changed("URL: nar/" FILE_HASH ".nar.zst", line), "the field URL is wrong");
	}
}

static void urls_that_nix_takes_are_taken(void **state)
{
	static const char *const urls[] = { "nar/a%2Fb.nar", "nar/sha256:x.nar", "nar/a..b.nar",
		"nar/x.nar?hash=y&z=1", "http://a/b.nar", "https://a:1/nar/../b%20c" };

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		char line[64];
		struct narinfo info;

		snprintf(line, sizeof(line), "URL: %s", urls[i]);
		info = parse_good(changed("URL: nar/" FILE_HASH ".nar.zst", line));
		assert_string_equal(info.url, urls[i]);
		narinfo_free(&info);
	}
}

static void sizes_that_are_not_plain_numbers_are_refused(void **state)
{
	static const char *const sizes[] = { "", "-1", "+1", "0x10", "1 ", "18446744073709551616",
		"99999999999999999999", "0" };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "NarSize: %s\nX: ", sizes[i]);
		refused(changed("NarSize: ", text), "the field NarSize is wrong");
	}
}

static void a_file_size_is_a_hint_and_never_refused(void **state)
{
	static const struct {
		const char *line;
		uint64_t file_bytes;
	} lines[] = {
		{ "FileSize: 316\n", 316 },
		{ "", 0 },
		{ "FileSize: x\n", 0 },
		{ "FileSize: -1\n", 0 },
		{ "FileSize: 18446744073709551616\n", 0 },
		{ "FileSize: 1\nFileSize: 2\n", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct narinfo info = parse_good(changed("FileSize: 316\n", lines[i].line));

		assert_int_equal(info.file_bytes, lines[i].file_bytes);
		narinfo_free(&info);
	}
}

static void wrong_hashes_are_refused(void **state)
{
	(void)state;
	refused(changed("NarHash: sha256:", "NarHash: sha512:"), "NarHash");
	refused(changed("NarHash: sha256:", "NarHash: sha256:0"), "NarHash");
	refused(changed("sha256:" NAR_HASH, "sha256-" NAR_HASH), "NarHash");
	refused(changed("sha256:" NAR_HASH, "sha256"), "NarHash");
}

static void malformed_references_are_refused(void **state)
{
	(void)state;
	refused(changed("References: ", "References: x/y "), "the field References is wrong");
}

static void lines_and_bytes_that_do_not_belong_are_refused(void **state)
{
	struct narinfo info;
	struct error err = { 0 };

	(void)state;
	refused(changed("URL: ", "URL"), "not of the form");
	refused(changed("URL: ", "URL:\t"), "not of the form");
	refused(changed("URL: ", "X-Other y\nURL: "), "not of the form");
	info = parse_good(changed("URL: ", "X-Other:y\nX-Other:\nURL: "));
	narinfo_free(&info);
	assert_int_equal(narinfo_parse(GOOD, sizeof(GOOD), &info, &err), -EINVAL);
	assert_non_null(strstr(err.text, "NUL"));
}

static void the_signature_of_nix_is_good(void **state)
{
	struct narinfo info = parse_good(GOOD);
	struct trusted_key keys[] = { key_of(OTHER_KEY), key_of(KEY) };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(narinfo_verify(&info, keys, 2, &err), 0);
	narinfo_free(&info);
}

/* Nix does not need the padding, and reads nothing behind it. */
static void a_signature_may_lack_its_padding_or_have_blanks_behind(void **state)
{
	static const char *const ends[] = { "0RNKBg\n", "0RNKBg==  \n", "0RNKBg==\t\n" };
	struct trusted_key keys[] = { key_of(KEY), key_of(KEY) };
	char unpadded[] = KEY;
	struct error err = { 0 };

	(void)state;
	*strrchr(unpadded, '=') = '\0';
	keys[1] = key_of(unpadded);
	assert_memory_equal(keys[0].key, keys[1].key, sizeof(keys[0].key));
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct narinfo info = parse_good(changed("0RNKBg==\n", ends[i]));

		assert_int_equal(info.signature_count, 1);
		assert_null(strpbrk(info.signatures[0], " \t"));
		assert_int_equal(narinfo_verify(&info, keys + 1, 1, &err), 0);
		narinfo_free(&info);
	}
}

static void one_good_signature_is_enough_beside_a_wrong_one(void **state)
{
	struct narinfo info = parse_good(
		changed("Sig: test-1:", "Sig: other-1:" OTHER_SIGNATURE "\nSig: test-1:"));
	struct trusted_key keys[] = { key_of(OTHER_KEY), key_of(KEY) };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(info.signature_count, 2);
	assert_int_equal(narinfo_verify(&info, keys, 2, &err), 0);
	narinfo_free(&info);
}

static void malformed_signatures_are_ignored_and_the_others_sorted(void **state)
{
	struct narinfo info = parse_good(changed("Sig: test-1:",
		"Sig: junk\nSig: test-1: AAAA\nSig: a b:AAAA\nSig: :AAAA\nSig: test-1:AAAA\n"
		"Sig: a b:" OTHER_SIGNATURE "\nSig: :" OTHER_SIGNATURE "\n"
		"Sig: zz:" OTHER_SIGNATURE "\nSig: aa:" OTHER_SIGNATURE "\n"
		"Sig: aa:" OTHER_SIGNATURE "\nSig: test-1:"));

	(void)state;
	assert_int_equal(info.signature_count, 3);
	assert_string_equal(info.signatures[0], "aa:" OTHER_SIGNATURE);
	assert_memory_equal(info.signatures[1], "test-1:", 7);
	assert_string_equal(info.signatures[2], "zz:" OTHER_SIGNATURE);
	narinfo_free(&info);
}

static void a_content_address_that_the_path_does_not_follow_from_is_ignored(void **state)
{
	static const char *const lines[] = { "CA: junk", "CA: fixed:r:sha256:junk",
		"CA: fixed:r:sha256:" NAR_HASH, "CA: text:sha256:" NAR_HASH, "CA: text:md5:x",
		"CA: fixed:r:sha256:" NAR_HASH " x" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[128];
		struct narinfo info;

		snprintf(text, sizeof(text), "%s\nSig: ", lines[i]);
		info = parse_good(changed("Sig: ", text));
		assert_null(info.ca);
		assert_true(info.ca_ignored);
		assert_false(narinfo_is_content_addressed(&info));
		narinfo_free(&info);
	}
}

/* `nix-store --print-fixed-path --recursive sha256 NAR_HASH fixed` says this name. */
static void an_archive_has_the_hash_of_its_content_address(void **state)
{
	static const char lines[] = "StorePath: /nix/store/0wbjnqp872lm8kwyndwmxjpmmf1jwa71-fixed\n"
				    "URL: nar/x.nar\nCompression: none\nNarSize: 1192\n"
				    "CA: fixed:r:sha256:" NAR_HASH "\nNarHash: sha256:";
	struct error err = { 0 };
	struct narinfo info;
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "%s%s\n", lines, NAR_HASH);
	info = parse_good(text);
	assert_true(narinfo_is_content_addressed(&info));
	narinfo_free(&info);
	snprintf(text, sizeof(text), "%s%s\n", lines, NAR_HASH_OTHER);
	assert_int_equal(narinfo_parse(text, strlen(text), &info, &err), -EBADMSG);
	assert_int_equal(err.code, EXIT_VERIFY);
	assert_non_null(strstr(err.text, "is another one than its content address"));
}

/* Its path follows from the hash of the archive without the path's own name, which is not compared
 * here, so that such a path needs a signature. */
static void an_archive_that_names_itself_has_another_hash_than_its_address(void **state)
{
	static const char base_name[] = "ylzjc6pany87pmd6xrfqck8v1fn7lyb5-fixed";
	struct narinfo info;
	char text[512];

	(void)state;
	snprintf(text, sizeof(text),
		"StorePath: /nix/store/%s\nURL: nar/x.nar\nCompression: none\nNarSize: 1192\n"
		"CA: fixed:r:sha256:" NAR_HASH "\nNarHash: sha256:" NAR_HASH_OTHER
		"\nReferences: %s\n",
		base_name, base_name);
	info = parse_good(text);
	assert_non_null(info.ca);
	assert_false(narinfo_is_content_addressed(&info));
	narinfo_free(&info);
}

static void refused_signature(const char *text, const char *key_text, const char *sentence)
{
	struct narinfo info = parse_good(text);
	struct trusted_key key = key_of(key_text);
	struct error err = { 0 };

	assert_int_equal(narinfo_verify(&info, &key, 1, &err), -EBADMSG);
	assert_int_equal(err.code, EXIT_VERIFY);
	if (!strstr(err.text, sentence) || !strstr(err.text, "/nix/store/" BASE_NAME))
		fail_msg("'%s' does not say '%s' and the path", err.text, sentence);
	narinfo_free(&info);
}

static void every_signed_field_is_under_the_signature(void **state)
{
	static const char *const sentence = "wrong signature of the trusted key test-1";

	(void)state;
	refused_signature(changed("NarSize: ", "NarSize: 1"), KEY, sentence);
	refused_signature(changed("sha256:" NAR_HASH, "sha256:" NAR_HASH_OTHER), KEY, sentence);
	refused_signature(changed("References: " REFERENCE, "References: "), KEY, sentence);
	refused_signature(changed("Sig: test-1:Z", "Sig: test-1:A"), KEY, sentence);
	refused_signature(GOOD, "test-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", sentence);
}

static void a_path_without_a_trusted_signature_is_refused(void **state)
{
	(void)state;
	refused_signature(GOOD, OTHER_KEY, "(trusted: other-1; its signatures: test-1)");
	refused_signature(changed("Sig: test-1:", "Sig: test-10:"), KEY,
		"(trusted: test-1; its signatures: test-10)");
	refused_signature(
		changed("Sig: ", "NoSig: "), KEY, "(trusted: test-1; its signatures: none)");
}

static void keys_that_are_not_keys_are_refused(void **state)
{
	static const char *const texts[] = { "", "test-1", ":AAAA", "test-1:AAAA", "test-1:" };
	struct trusted_key key;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(trusted_key_parse(texts[i], &key, &err), -EINVAL);
		assert_int_equal(err.code, EXIT_CONFIGURATION);
	}
}

static void the_name_of_a_key_has_an_end(void **state)
{
	struct trusted_key key = { 0 };
	struct error err = { 0 };
	char text[sizeof(key.name) + sizeof(KEY)];

	(void)state;
	memset(text, 'n', sizeof(key.name));
	strcpy(text + sizeof(key.name), strchr(KEY, ':'));
	assert_int_equal(trusted_key_parse(text, &key, &err), -EINVAL);
	assert_int_equal(trusted_key_parse(text + 1, &key, &err), 0);
	assert_int_equal(strlen(key.name), sizeof(key.name) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_narinfo_of_nix_is_read),
		cmocka_unit_test(the_hash_is_read_in_every_form),
		cmocka_unit_test(references_are_sorted_and_lose_duplicates),
		cmocka_unit_test(no_references_may_be_written_in_any_way),
		cmocka_unit_test(a_narinfo_that_misses_a_field_is_refused),
		cmocka_unit_test(of_a_repeated_field_the_last_one_counts),
		cmocka_unit_test(a_compression_without_a_name_is_looked_for),
		cmocka_unit_test(other_compressions_are_refused_by_name),
		cmocka_unit_test(urls_that_leave_the_cache_are_refused),
		cmocka_unit_test(urls_that_nix_takes_are_taken),
		cmocka_unit_test(sizes_that_are_not_plain_numbers_are_refused),
		cmocka_unit_test(a_file_size_is_a_hint_and_never_refused),
		cmocka_unit_test(wrong_hashes_are_refused),
		cmocka_unit_test(malformed_references_are_refused),
		cmocka_unit_test(lines_and_bytes_that_do_not_belong_are_refused),
		cmocka_unit_test(the_signature_of_nix_is_good),
		cmocka_unit_test(a_signature_may_lack_its_padding_or_have_blanks_behind),
		cmocka_unit_test(one_good_signature_is_enough_beside_a_wrong_one),
		cmocka_unit_test(malformed_signatures_are_ignored_and_the_others_sorted),
		cmocka_unit_test(a_content_address_that_the_path_does_not_follow_from_is_ignored),
		cmocka_unit_test(an_archive_has_the_hash_of_its_content_address),
		cmocka_unit_test(an_archive_that_names_itself_has_another_hash_than_its_address),
		cmocka_unit_test(every_signed_field_is_under_the_signature),
		cmocka_unit_test(a_path_without_a_trusted_signature_is_refused),
		cmocka_unit_test(keys_that_are_not_keys_are_refused),
		cmocka_unit_test(the_name_of_a_key_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
