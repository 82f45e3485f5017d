#include "hmac.h"

#include <string.h>

#define INNER_PAD 0x36u
#define OUTER_PAD 0x5cu

static void flip(uint8_t block[LINNET_SHA256_BLOCK_BYTES], uint8_t pad) {
    for (uint32_t i = 0; i < LINNET_SHA256_BLOCK_BYTES; i++) {
        block[i] = (uint8_t)(block[i] ^ pad);
    }
}

void linnet_hmac_init(struct linnet_hmac *hmac, struct linnet_span key) {
    uint8_t block[LINNET_SHA256_BLOCK_BYTES] = {0};
    if (key.length > sizeof block) {
        linnet_sha256(key.data, key.length, block);
    } else if (key.length > 0) {
        memcpy(block, key.data, key.length);
    }
    flip(block, OUTER_PAD);
    linnet_sha256_init(&hmac->inner);
    linnet_sha256_update(&hmac->inner, block, sizeof block);
    memcpy(hmac->outer, hmac->inner.state, sizeof hmac->outer);
    flip(block, OUTER_PAD ^ INNER_PAD);
    linnet_sha256_init(&hmac->inner);
    linnet_sha256_update(&hmac->inner, block, sizeof block);
}

void linnet_hmac_update(struct linnet_hmac *hmac, const uint8_t *data, uint32_t length) {
    linnet_sha256_update(&hmac->inner, data, length);
}

void linnet_hmac_finish(struct linnet_hmac *hmac, uint8_t mac[LINNET_HASH_BYTES]) {
    uint8_t digest[LINNET_HASH_BYTES];
    linnet_sha256_finish(&hmac->inner, digest);
    memcpy(hmac->inner.state, hmac->outer, sizeof hmac->outer);
    hmac->inner.length = LINNET_SHA256_BLOCK_BYTES;
    linnet_sha256_update(&hmac->inner, digest, sizeof digest);
    linnet_sha256_finish(&hmac->inner, mac);
}

void linnet_hkdf(struct linnet_span secret, struct linnet_span salt, struct linnet_span info,
                 uint8_t key[LINNET_HASH_BYTES]) {
    static const uint8_t first = 1; /* number of the only block */
    struct linnet_hmac hmac;
    struct linnet_span extracted = {key, LINNET_HASH_BYTES};
    linnet_hmac_init(&hmac, salt);
    linnet_hmac_update(&hmac, secret.data, secret.length);
    linnet_hmac_finish(&hmac, key);
    linnet_hmac_init(&hmac, extracted);
    linnet_hmac_update(&hmac, info.data, info.length);
    linnet_hmac_update(&hmac, &first, 1);
    linnet_hmac_finish(&hmac, key);
}

bool linnet_is_equal(const uint8_t *a, const uint8_t *b, uint32_t length) {
    volatile uint8_t difference = 0;
    for (uint32_t i = 0; i < length; i++) {
        difference = (uint8_t)(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}
