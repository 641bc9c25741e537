/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

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
	struct digest *digest = calloc(1, sizeof(*digest));

	must(digest != NULL);
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
