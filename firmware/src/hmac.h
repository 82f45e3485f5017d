/*
 * HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869), small rather than fast. Nobody has audited
 * them; a board that has a library for it gives it to the node (linnet_crypto in linnet_port.h).
 */
#ifndef LINNET_HMAC_H
#define LINNET_HMAC_H

#include <stdbool.h>
#include "bytes.h"
#include "sha256.h"

struct linnet_hmac {
    struct linnet_sha256 inner;
    uint32_t outer[8]; /* state of the outer hash after the key */
};

/* A key of any length. */
void linnet_hmac_init(struct linnet_hmac *hmac, struct linnet_span key);
void linnet_hmac_update(struct linnet_hmac *hmac, const uint8_t *data, uint32_t length);
/* Writes the MAC; the context must be initialised before its next use. */
void linnet_hmac_finish(struct linnet_hmac *hmac, uint8_t mac[LINNET_HASH_BYTES]);

/* Extract and expand to 32 bytes; no salt is one of 32 zeros, as RFC 5869 says. */
void linnet_hkdf(struct linnet_span secret, struct linnet_span salt, struct linnet_span info,
                 uint8_t key[LINNET_HASH_BYTES]);

/* Whether the bytes are equal; how long that takes says nothing about where they differ. */
bool linnet_is_equal(const uint8_t *a, const uint8_t *b, uint32_t length);

#endif
