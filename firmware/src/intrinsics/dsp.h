/*
 * Inner loops for Cortex-M with the DSP extension, in assembly: they need fourteen registers at
 * once, and more words per instruction (LDM, STM) than a compiler finds.
 *
 * A *lane* is a factor widened to int16, two to a word, so that SMLAD multiplies both. The
 * functions take lanes and words at multiples of 4 bytes but where they say otherwise. Each comment
 * ends with the instructions of the inner loop.
 */
#ifndef LINNET_INTRINSICS_DSP_H
#define LINNET_INTRINSICS_DSP_H

#include "fixed.h"

/*
 * lanes [align4(count)] = x [count] · 2^shift, then zeros; shift ≤ 8. x needs no alignment.
 * 1.75 an element.
 */
void linnet_dsp_spread(const int8_t *x, uint32_t count, uint32_t shift, int16_t *lanes);

/* What linnet_dsp_dense() needs; its assembly knows the offsets. */
struct linnet_dsp_dense {
    const int16_t *x; /* 0: lanes */
    uint32_t count;   /* 4: lanes, a multiple of 4 */
    uint32_t
        bias_left; /* 8: a bias is added as (bias << bias_left) · bias_factor / 2^32, rounded */
    int32_t bias_factor; /* 12 */
    const int16_t *w;    /* 16: first row */
    uint32_t row_bytes;  /* 20: from one row to the next */
    const int16_t *bias; /* 24: of the first row */
    int32_t *sums;       /* 28: of the first row */
    uint32_t rows;       /* 32: a multiple of 2 */
};

/* sums [rows] = Σ hi(w) · x + bias, two rows at a time. 1.31 a product and 14 a row. */
void linnet_dsp_dense(struct linnet_dsp_dense *dense);

/*
 * dx [count] += hi(a) · (low half of pair) + hi(b) · (high half); count a multiple of 4.
 * 2.25 a product.
 */
void linnet_dsp_add_rows(int32_t *dx, const int16_t *a, const int16_t *b, uint32_t count,
                         uint32_t pair);

/* What linnet_dsp_update_rows() needs; its assembly knows the offsets. */
struct linnet_dsp_rows {
    const int8_t *error; /* 0: of the next row, like what follows */
    uint32_t rows;       /* 4: left */
    int16_t *w;          /* 8 */
    int16_t *bias;       /* 12 */
    uint32_t row;        /* 16 */
    uint32_t stream;     /* 20: of the layer */
    const int16_t *x;    /* 24: lanes */
    uint32_t count;      /* 28: words of a row, a multiple of 4 */
    uint32_t bias_left;  /* 32: step = (error << bias_left) + (draw >> bias_draw) >> bias_right */
    uint32_t bias_draw;  /* 36 */
    uint32_t bias_right; /* 40 */
    uint32_t error_left; /* 44: error · x << error_left has its step in the high half */
    uint32_t draw;       /* 48: remainder = (draw >> draw) << draw_left */
    uint32_t draw_left;  /* 52 */
};

/*
 * Draws, then w and bias −= steps of error · x, row by row, those without an error left out; a
 * shift of 32 or more gives 0. The remainder is carried along a row in the low half of a word,
 * complemented, below the word of the row: what leaves int16 overflows the sum and sets Q.
 *
 * Returns 0 at the end, or 1 behind a row of which a word has wrapped. 3.1 a word and 45 a row.
 */
uint32_t linnet_dsp_update_rows(struct linnet_dsp_rows *rows);

/*
 * w [count] −= steps of g [count]: u = g + remainder, the step u >> shift, limited; the remainder
 * u & mask goes on. 1 ≤ shift ≤ 30; count: a multiple of 4. 6.25 a word.
 */
void linnet_dsp_update_row(int16_t *w, const int32_t *g, uint32_t count, uint32_t shift,
                           int32_t remainder);

/* What linnet_dsp_conv_row() needs; its assembly knows the offsets. */
struct linnet_dsp_conv_row {
    const int16_t *x;       /* 0: lanes of the window of the first position; any even address */
    const uint32_t *packed; /* 4: four filters: [KH][pairs][4] words of two lanes */
    uint32_t pairs;         /* 8: pairs of lanes of a slice */
    uint32_t slices;        /* 12: KH */
    uint32_t slice_bytes;   /* 16: from behind the lanes of a slice to the next */
    uint32_t x_bytes;       /* 20: from one position to the next */
    int32_t *out;           /* 24: four accumulators of the first position */
    uint32_t out_bytes;     /* 28: from one position to the next */
    uint32_t positions;     /* 32 */
    int32_t bias[4];        /* 36: what the accumulators start from */
};

/*
 * Four filters at every position of a row: four accumulators each.
 * 0.78 a product and 20 a position.
 */
void linnet_dsp_conv_row(struct linnet_dsp_conv_row *row);

/*
 * Operands of `pairs` · 2 words of four rows, interleaved by pairs: [pairs][4]. Rows may lie at any
 * even address and are moved on. Returns the end of what it wrote. 1.4 a word.
 */
uint32_t *linnet_dsp_pack_four(const int16_t *rows[4], uint32_t pairs, uint32_t *packed);

/* Operands of two rows of words, that of a in the low lane: packed [count]; count even. 2.3 a word.
 */
void linnet_dsp_pack_two(const int16_t *a, const int16_t *b, uint32_t count, uint32_t *packed);

/* What linnet_dsp_scatter_row() needs; its assembly knows the offsets. */
struct linnet_dsp_scatter {
    const int8_t *error;    /* 0: of two filters at the next position, like what follows */
    int32_t *dx;            /* 4: window */
    uint32_t positions;     /* 8: left */
    uint32_t outputs;       /* 12: bytes of errors from one position to the next */
    uint32_t dx_bytes;      /* 16: likewise of dx */
    const uint32_t *packed; /* 20: [slices][slice] operands of both filters */
    uint32_t slices;        /* 24 */
    uint32_t slice;         /* 28: words of a slice */
    uint32_t slice_bytes;   /* 32: from behind a slice of dx to the next */
};

/*
 * dx += hi · e of two filters at every position of a row; those without an error are left out.
 * 1.1 a pair of products and 7 a position, 25 with an error.
 */
void linnet_dsp_scatter_row(struct linnet_dsp_scatter *scatter);

/* dx [count] += both lanes of packed [count] · both of pair. dx, packed: 4-byte aligned. 1.1 a
 * pair. */
void linnet_dsp_add_pairs(int32_t *dx, const uint32_t *packed, uint32_t count, uint32_t pair);

/* A window with an error: its lanes, and the error; x = NULL ends a list. */
struct linnet_dsp_window {
    const int16_t *x;
    int32_t error;
};

/* What linnet_dsp_list() needs of a row of positions. */
struct linnet_dsp_scan {
    const int16_t *x;   /* 0: window of the first */
    uint32_t x_bytes;   /* 4: from one to the next */
    uint32_t positions; /* 8 */
    int32_t sum;        /* 12: the errors are added to it */
};

/*
 * Appends the windows of a row whose error is not 0; errors lie `outputs` bytes apart. Returns the
 * end of the list. 6 a position, 8 with an error.
 */
struct linnet_dsp_window *linnet_dsp_list(const int8_t *error, uint32_t outputs,
                                          struct linnet_dsp_scan *scan,
                                          struct linnet_dsp_window *list);

/*
 * g [count, rounded up to a multiple of 8] = Σ error · x over a list, x beginning offset_bytes
 * behind the windows, which may lie at any even address if not `is_aligned`. 1.7 a product, 2.1 if
 * not aligned.
 */
void linnet_dsp_gather(const struct linnet_dsp_window *list, uint32_t offset_bytes, int32_t *g,
                       uint32_t count, bool is_aligned);

/*
 * y [count] = sums [count] rounded and limited as linnet_requantise() says, with 0 as the lowest
 * value or −127. `half` is 2^(shift−1), or 0 for no shift. 4.8 and 5.3 an element.
 */
void linnet_dsp_requantise_positive(const int32_t *sums, uint32_t count, uint32_t shift, int8_t *y);
void linnet_dsp_requantise(const int32_t *sums, uint32_t count, uint32_t shift, int8_t *y);

/* OR of the positive sums, 2.8 an element, and of all magnitudes, 3.8. */
uint32_t linnet_dsp_positives(const int32_t *sums, uint32_t count);
uint32_t linnet_dsp_magnitudes(const int32_t *sums, uint32_t count);

/* dx [count] ← 0 where x is 0; returns the OR of the magnitudes that are left. 6.8 an element. */
uint32_t linnet_dsp_close_gates(const int8_t *x, int32_t *dx, uint32_t count);

/* words [count] ← 0; 4-byte aligned. */
void linnet_dsp_clear(int32_t *words, uint32_t count);

#if LINNET_DSP

/* A word at any address. */
static inline uint32_t linnet_dsp_load(const void *at) {
    uint32_t word;
    __builtin_memcpy(&word, at, 4);
    return word;
}

static inline void linnet_dsp_store(void *at, uint32_t word) {
    __builtin_memcpy(at, &word, 4);
}

/* Both odd bytes of a word, which are the operands of two stored words, as lanes. */
static inline uint32_t linnet_dsp_operands(uint32_t words) {
    uint32_t lanes;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(lanes) : "r"(words));
    return lanes;
}

/* The larger of each pair of signed bytes. */
static inline uint32_t linnet_dsp_largest(uint32_t a, uint32_t b) {
    uint32_t largest;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(largest) : "r"(a), "r"(b));
    return largest;
}

/* A byte of ones for each byte that is not 0. */
static inline uint32_t linnet_dsp_nonzero(uint32_t bytes) {
    uint32_t mask;
    __asm__("usub8 %0, %1, %2\n\tsel %0, %3, %4"
            : "=&r"(mask)
            : "r"(bytes), "r"(0x01010101u), "r"(0xffffffffu), "r"(0u));
    return mask;
}

/* Adds signed bytes to lanes: 0 and 2 to even, 1 and 3 to odd. */
static inline void linnet_dsp_add_bytes(uint32_t bytes, uint32_t *even, uint32_t *odd) {
    __asm__("sxtab16 %0, %0, %1" : "+r"(*even) : "r"(bytes));
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(*odd) : "r"(bytes));
}

/* Lanes of the low halves of a and b, a low. */
static inline uint32_t linnet_dsp_low_halves(uint32_t a, uint32_t b) {
    uint32_t lanes;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(lanes) : "r"(a), "r"(b));
    return lanes;
}

/* Lanes of the high halves of a and b, a low. */
static inline uint32_t linnet_dsp_high_halves(uint32_t a, uint32_t b) {
    uint32_t lanes;
    __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(lanes) : "r"(a), "r"(b));
    return lanes;
}

#endif

#endif
