/*
 * All a test program of the firmware needs: a check that ends the program, and numbers that are
 * random but the same in every run.
 */
#ifndef LINNET_TEST_CHECK_H
#define LINNET_TEST_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* Two integers that must be equal; prints both if they are not. */
#define CHECK_EQUAL(actual, expected)                                                              \
    do {                                                                                           \
        int64_t actual_ = (int64_t)(actual);                                                       \
        int64_t expected_ = (int64_t)(expected);                                                   \
        if (actual_ != expected_) {                                                                \
            fprintf(stderr, "%s:%d: %s is %ld, not %ld\n", __FILE__, __LINE__, #actual,            \
                    (long)actual_, (long)expected_);                                               \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* The state of stream n: streams of neighbouring numbers have nothing in common. */
static inline uint32_t random_stream(uint32_t n) {
    uint32_t state = (n + 1) * 0x9e3779b1u;
    state = (state ^ state >> 15) * 0x85ebca77u;
    return (state ^ state >> 13) | 1;
}

/* The next number of a stream (Marsaglia 2003, xorshift32). */
static inline uint32_t random_u32(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* 0…limit−1 */
static inline uint32_t random_below(uint32_t *state, uint32_t limit) {
    return (uint32_t)((uint64_t)random_u32(state) * limit >> 32);
}

static inline void random_fill(uint32_t *state, uint8_t *out, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        out[i] = (uint8_t)random_u32(state);
    }
}

#endif
