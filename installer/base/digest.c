/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* libcrypto fails here only when it is out of memory or was built without the algorithm, and no
 * caller could go on in either case. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

struct digest {
	EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
	struct digest *digest = must_realloc(NULL, 1, sizeof(*digest));

	digest->context = EVP_MD_CTX_new();
	must(digest->context != NULL);
	must(EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
	return digest;
}

void digest_update(struct digest *digest, const void *data, size_t size_bytes)
{
	must(EVP_DigestUpdate(digest->context, data, size_bytes));
}

void digest_finish(struct digest *digest, uint8_t ret_sum[SHA256_BYTES])
{
	must(EVP_DigestFinal_ex(digest->context, ret_sum, NULL));
	digest_free(&digest);
}

void digest_free(struct digest **digest)
{
	if (!*digest)
		return;
	EVP_MD_CTX_free((*digest)->context);
	free(*digest);
	*digest = NULL;
}

void digest_sha256(const void *data, size_t size_bytes, uint8_t ret_sum[SHA256_BYTES])
{
	must(EVP_Digest(data, size_bytes, ret_sum, NULL, EVP_sha256(), NULL));
}

int digest_verify_ed25519(const uint8_t key[ED25519_KEY_BYTES],
	const uint8_t sig[ED25519_SIG_BYTES], const void *data, size_t size_bytes)
{
	EVP_PKEY *public_key = EVP_PKEY_new_raw_public_key(
		EVP_PKEY_ED25519, NULL, key, ED25519_KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int good = 0;

	must(context != NULL);
	if (public_key && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1)
		good = EVP_DigestVerify(context, sig, ED25519_SIG_BYTES, data, size_bytes) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(public_key);
	return good;
}

void digest_ed25519_public(
	const uint8_t private_key[ED25519_KEY_BYTES], uint8_t ret_public[ED25519_KEY_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
		EVP_PKEY_ED25519, NULL, private_key, ED25519_KEY_BYTES);
	size_t size_bytes = ED25519_KEY_BYTES;

	must(key != NULL);
	must(EVP_PKEY_get_raw_public_key(key, ret_public, &size_bytes));
	EVP_PKEY_free(key);
}

static int curve_number(const char *curve)
{
	if (strcmp(curve, "nistp256") == 0)
		return NID_X9_62_prime256v1;
	return strcmp(curve, "nistp384") == 0 ? NID_secp384r1 : NID_secp521r1;
}

bool digest_is_curve_point(const char *curve, const uint8_t *point, size_t size_bytes)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(curve_number(curve));
	EC_POINT *decoded = group ? EC_POINT_new(group) : NULL;
	bool good;

	if (!decoded)
		abort();
	good = size_bytes > 0 && point[0] == POINT_CONVERSION_UNCOMPRESSED &&
	       EC_POINT_oct2point(group, decoded, point, size_bytes, NULL) == 1 &&
	       !EC_POINT_is_at_infinity(group, decoded);
	EC_POINT_free(decoded);
	EC_GROUP_free(group);
	return good;
}
