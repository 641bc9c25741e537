/* SPDX-License-Identifier: MIT */
#include "input/host_key_make.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encoding.h"

#define BEGIN	     "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END	     "-----END OPENSSH PRIVATE KEY-----\n"
#define NAME	     "ssh_host_ed25519_key"
#define TYPE	     "ssh-ed25519"
#define BLOCK_BYTES  8	 /* of the cipher "none", to which the private part is padded */
#define BUFFER_BYTES 512 /* the whole key has 289 */
#define ARMOUR_BYTES 1024

/* Bytes that are put one behind the other; the buffers are large enough for this type. */
struct wire {
	uint8_t data[BUFFER_BYTES];
	size_t size_bytes;
};

static void put_bytes(struct wire *wire, const void *data, size_t size_bytes)
{
	memcpy(wire->data + wire->size_bytes, data, size_bytes);
	wire->size_bytes += size_bytes;
}

/* RFC 4251, section 5: big endian. */
static void put_uint32(struct wire *wire, uint32_t number)
{
	const uint8_t bytes[] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number };

	put_bytes(wire, bytes, sizeof(bytes));
}

static void put_string(struct wire *wire, const void *data, size_t size_bytes)
{
	put_uint32(wire, (uint32_t)size_bytes);
	put_bytes(wire, data, size_bytes);
}

static void put_text(struct wire *wire, const char *text)
{
	put_string(wire, text, strlen(text));
}

/* Two equal numbers, the key, an empty comment, and the bytes 1, 2, 3… up to a whole block. */
static void put_private_part(struct wire *wire, const uint8_t seed[HOST_KEY_SEED_BYTES],
	const uint8_t public_key[ED25519_KEY_BYTES], uint32_t check)
{
	struct wire part = { .size_bytes = 0 };
	uint8_t both[HOST_KEY_SEED_BYTES + ED25519_KEY_BYTES];

	memcpy(both, seed, HOST_KEY_SEED_BYTES);
	memcpy(both + HOST_KEY_SEED_BYTES, public_key, ED25519_KEY_BYTES);
	put_uint32(&part, check);
	put_uint32(&part, check);
	put_text(&part, TYPE);
	put_string(&part, public_key, ED25519_KEY_BYTES);
	put_string(&part, both, sizeof(both));
	put_text(&part, "");
	for (uint8_t pad = 1; part.size_bytes % BLOCK_BYTES; pad++)
		put_bytes(&part, &pad, 1);
	put_string(wire, part.data, part.size_bytes);
}

static void put_key(struct wire *wire, const struct wire *public_blob,
	const uint8_t seed[HOST_KEY_SEED_BYTES], const uint8_t public_key[ED25519_KEY_BYTES],
	uint32_t check)
{
	static const char magic[] = "openssh-key-v1";

	put_bytes(wire, magic, sizeof(magic));
	put_text(wire, "none");
	put_text(wire, "none");
	put_text(wire, "");
	put_uint32(wire, 1);
	put_string(wire, public_blob->data, public_blob->size_bytes);
	put_private_part(wire, seed, public_key, check);
}

void host_key_make(
	const uint8_t seed[HOST_KEY_SEED_BYTES], uint32_t check, struct host_key_pair *ret)
{
	struct wire whole = { .size_bytes = 0 }, public_blob = { .size_bytes = 0 };
	uint8_t public_key[ED25519_KEY_BYTES];
	char base64[BASE64_CHARS(BUFFER_BYTES) + 1], text[ARMOUR_BYTES];
	struct error err;

	digest_ed25519_public(seed, public_key);
	put_text(&public_blob, TYPE);
	put_string(&public_blob, public_key, sizeof(public_key));
	put_key(&whole, &public_blob, seed, public_key, check);
	base64_encode(whole.data, whole.size_bytes, base64);
	stpcpy(stpcpy(stpcpy(text, BEGIN), base64), "\n" END);
	/* The reader wraps the lines and derives the public key's text. */
	if (host_key_file_read(NAME, NAME, text, strlen(text), ret, &err) < 0)
		abort();
}
