/*
 * Fixed point and random streams (SPEC, conventions and 2.2), in functions small enough to inline.
 */
#ifndef LINNET_INTRINSICS_FIXED_H
#define LINNET_INTRINSICS_FIXED_H

#include <stdbool.h>
#include <stddef.h>
#include "linnet_contract.h"

/* DSP code: a Cortex-M with the DSP extension, and a compiler that takes GNU assembly. */
#ifndef LINNET_DSP
#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && __ARM_ARCH_PROFILE == 'M'
#define LINNET_DSP 1
#else
#define LINNET_DSP 0
#endif
#endif

#define LINNET_INT8_LIMIT 127

/* v · 2^shift of a number that fits; a shift of a negative number is not defined in C99. */
static inline int32_t linnet_shift_left(int32_t v, uint32_t shift) {
    return (int32_t)((uint32_t)v << shift);
}

static inline int32_t linnet_min(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t linnet_max(int32_t a, int32_t b) {
    return a > b ? a : b;
}

/*
 * a + b, wrapping. No sum of a valid layer wraps, but regions of a hostile one may overlap, and
 * then an accumulator in memory can hold anything.
 */
static inline int32_t linnet_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t linnet_clamp(int32_t v, int32_t limit) {
    return linnet_max(-limit, linnet_min(v, limit));
}

/* |v|, which is 2^31 for the least number. */
static inline uint32_t linnet_magnitude(int32_t v) {
    return v < 0 ? 0u - (uint32_t)v : (uint32_t)v;
}

/* Significant bits of v, 0 for 0. */
static inline int32_t linnet_bit_length(uint32_t v) {
#if defined(__GNUC__)
    return v == 0 ? 0 : 32 - __builtin_clz(v);
#else
    int32_t bits = 0;
    for (; v != 0; v >>= 1) {
        bits++;
    }
    return bits;
#endif
}

/* v · 2^−shift rounded to nearest, halves up; shift ≤ 30 and v + 2^(shift−1) < 2^31. */
static inline int32_t linnet_round_shift(int32_t v, int32_t shift) {
    return shift <= 0 ? v : linnet_add(v, 1 << (shift - 1)) >> shift;
}

static inline int32_t linnet_clamp_exponent(int32_t exponent) {
    return linnet_max(-64, linnet_min(63, exponent));
}

/* Shift that brings magnitudes whose OR is `bits` into seven bits. */
static inline int32_t linnet_requantise_shift(uint32_t bits) {
    return linnet_max(0, linnet_bit_length(bits) - 7);
}

static inline uint32_t linnet_align4(uint32_t n) {
    return (n + 3u) & ~3u;
}

/* The int8 operand of a stored word: its high byte. */
static inline int32_t linnet_operand(const int16_t *word) {
    return ((const int8_t *)word)[1];
}

/* Bias in units of the accumulator: align() of SPEC 2.3. */
static inline int32_t linnet_align_bias(int32_t bias, int32_t shift) {
    if (shift > 24) {
        return 0;
    }
    return shift > 0 ? linnet_round_shift(bias, shift)
                     : linnet_shift_left(bias, (uint32_t)linnet_min(14, -shift));
}

/*
 * Eleven or ten words of linear memory, whatever types the kernel means by them. Assigning one is a
 * few instructions; the C library of a small device copies byte by byte.
 */
#if defined(__GNUC__)
#define LINNET_ANY_TYPE __attribute__((may_alias))
#else
#define LINNET_ANY_TYPE
#endif
struct LINNET_ANY_TYPE linnet_words11 {
    uint32_t words[11];
};
struct LINNET_ANY_TYPE linnet_words10 {
    uint32_t words[10];
};

static inline uint32_t linnet_fold(uint32_t h, uint32_t v) {
    h = (h ^ v) * 0x9E3779B1u + 0x7F4A7C15u;
    h ^= h >> 15;
    h *= 0x85EBCA77u;
    return h ^ (h >> 13);
}

static inline uint32_t linnet_next_state(uint32_t state) {
    return state * 1664525u + 1013904223u;
}

/* `bits` uniform bits of a state, 1 ≤ bits ≤ 30. */
static inline int32_t linnet_draw(uint32_t state, int32_t bits) {
    return (int32_t)(state >> (32 - bits));
}

#endif
