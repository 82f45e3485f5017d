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

/* The variable with that letter in round i of eight. */
static uint32_t *named(uint32_t v[WORKING], uint32_t letter, uint32_t i) {
    return &v[(letter - i) % WORKING];
}

static inline void take_round(uint32_t v[WORKING], uint32_t i, uint32_t word) {
    uint32_t a = *named(v, A, i), b = *named(v, B, i), c = *named(v, C, i);
    uint32_t e = *named(v, E, i), f = *named(v, F, i), g = *named(v, G, i);
    uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
    uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
    uint32_t choice = g ^ (e & (f ^ g));
    uint32_t majority = (a & b) | (c & (a | b));
    uint32_t t1 = *named(v, H, i) + sum1 + choice + word;
    *named(v, D, i) += t1;
    *named(v, H, i) = t1 + sum0 + majority;
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
    for (uint32_t t = 0; t < 64; t += WORKING) {
        /* The letters move on from round to round, so that no variable has to. */
        take_round(v, 0, round_constant[t] + next_word(w, t));
        take_round(v, 1, round_constant[t + 1] + next_word(w, t + 1));
        take_round(v, 2, round_constant[t + 2] + next_word(w, t + 2));
        take_round(v, 3, round_constant[t + 3] + next_word(w, t + 3));
        take_round(v, 4, round_constant[t + 4] + next_word(w, t + 4));
        take_round(v, 5, round_constant[t + 5] + next_word(w, t + 5));
        take_round(v, 6, round_constant[t + 6] + next_word(w, t + 6));
        take_round(v, 7, round_constant[t + 7] + next_word(w, t + 7));
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
    while (length > 0) {
        if (hash->length % LINNET_SHA256_BLOCK_BYTES == 0 && length >= LINNET_SHA256_BLOCK_BYTES) {
            take_block(hash->state, data);
            hash->length += LINNET_SHA256_BLOCK_BYTES;
            data += LINNET_SHA256_BLOCK_BYTES;
            length -= LINNET_SHA256_BLOCK_BYTES;
        } else {
            take_byte(hash, *data++);
            length--;
        }
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
