#include "sha256.h"

/* The eight working variables, by their letters in the standard. */
enum { A, B, C, D, E, F, G, H, WORKING };

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t round_constant[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u,
    0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu,
    0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu,
    0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u,
    0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu,
    0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu,
    0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u,
    0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u,
    0xc67178f2u,
};

/* The same of the square roots of the first eight primes (5.3.3). */
static const uint32_t first_state[WORKING] = {
    0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
    0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
};

static uint32_t rotate_right(uint32_t v, uint32_t n) {
    return v >> n | v << (32 - n);
}

static uint32_t load_big_endian(const uint8_t *in) {
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static void store_big_endian(uint8_t *out, uint32_t v) {
    out[0] = (uint8_t)(v >> 24);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
}

/*
 * Word t of the message schedule (6.2.2, step 1). Only the last 16 words matter, so w is a ring:
 * w[t & 15] still holds word t − 16.
 */
static uint32_t next_word(uint32_t w[16], uint32_t t) {
    if (t >= 16) {
        uint32_t w15 = w[(t - 15) & 15];
        uint32_t w2 = w[(t - 2) & 15];
        uint32_t sigma0 = rotate_right(w15, 7) ^ rotate_right(w15, 18) ^ w15 >> 3;
        uint32_t sigma1 = rotate_right(w2, 17) ^ rotate_right(w2, 19) ^ w2 >> 10;
        w[t & 15] += sigma1 + w[(t - 7) & 15] + sigma0;
    }
    return w[t & 15];
}

static void take_block(uint32_t state[WORKING], const uint8_t block[LINNET_SHA256_BLOCK_BYTES]) {
    uint32_t w[16];
    uint32_t v[WORKING];
    for (uint32_t i = 0; i < 16; i++) {
        w[i] = load_big_endian(block + 4 * i);
    }
    for (uint32_t i = 0; i < WORKING; i++) {
        v[i] = state[i];
    }
    for (uint32_t t = 0; t < 64; t++) {
        uint32_t sum1 = rotate_right(v[E], 6) ^ rotate_right(v[E], 11) ^ rotate_right(v[E], 25);
        uint32_t sum0 = rotate_right(v[A], 2) ^ rotate_right(v[A], 13) ^ rotate_right(v[A], 22);
        uint32_t choice = (v[E] & v[F]) ^ (~v[E] & v[G]);
        uint32_t majority = (v[A] & v[B]) ^ (v[A] & v[C]) ^ (v[B] & v[C]);
        uint32_t t1 = v[H] + sum1 + choice + round_constant[t] + next_word(w, t);
        for (uint32_t i = H; i > A; i--) {
            v[i] = v[i - 1];
        }
        v[E] += t1;
        v[A] = t1 + sum0 + majority;
    }
    for (uint32_t i = 0; i < WORKING; i++) {
        state[i] += v[i];
    }
}

void linnet_sha256_init(struct linnet_sha256 *hash) {
    for (uint32_t i = 0; i < WORKING; i++) {
        hash->state[i] = first_state[i];
    }
    hash->length = 0;
}

static void take_byte(struct linnet_sha256 *hash, uint8_t byte) {
    uint32_t filled = hash->length++ % LINNET_SHA256_BLOCK_BYTES;
    hash->block[filled] = byte;
    if (filled == LINNET_SHA256_BLOCK_BYTES - 1) {
        take_block(hash->state, hash->block);
    }
}

void linnet_sha256_update(struct linnet_sha256 *hash, const uint8_t *data, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        take_byte(hash, data[i]);
    }
}

void linnet_sha256_finish(struct linnet_sha256 *hash, uint8_t digest[LINNET_HASH_BYTES]) {
    uint32_t bytes = hash->length;
    take_byte(hash, 0x80);
    while (hash->length % LINNET_SHA256_BLOCK_BYTES != LINNET_SHA256_BLOCK_BYTES - 8) {
        take_byte(hash, 0);
    }
    store_big_endian(hash->block + LINNET_SHA256_BLOCK_BYTES - 8, bytes >> 29);
    store_big_endian(hash->block + LINNET_SHA256_BLOCK_BYTES - 4, bytes << 3);
    take_block(hash->state, hash->block);
    for (uint32_t i = 0; i < WORKING; i++) {
        store_big_endian(digest + 4 * i, hash->state[i]);
    }
}

void linnet_sha256(const uint8_t *data, uint32_t length, uint8_t digest[LINNET_HASH_BYTES]) {
    struct linnet_sha256 hash;
    linnet_sha256_init(&hash);
    linnet_sha256_update(&hash, data, length);
    linnet_sha256_finish(&hash, digest);
}
