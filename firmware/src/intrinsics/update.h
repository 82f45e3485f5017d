/*
 * Stochastic gradient descent with a power-of-two rate, in place, on int16 words (SPEC 2.7).
 *
 * What rounding leaves of one step is carried to the next weight of the row, and the row starts
 * from a random remainder, so the expectation of every step is its gradient.
 *
 * Source: error diffusion (Floyd & Steinberg 1976) in place of the independent draws of Gupta et
 * al. 2015, Deep Learning with Limited Numerical Precision.
 */
#ifndef LINNET_INTRINSICS_UPDATE_H
#define LINNET_INTRINSICS_UPDATE_H

#include "fixed.h"
#include "view.h"

#define LINNET_MAX_UPDATE_SHIFT 30

/* What one backward call needs to update its rows. */
struct linnet_update {
    int32_t weight_shift;
    int32_t bias_shift;
    uint32_t stream; /* fold in the row */
};

struct linnet_update linnet_begin_update(const struct linnet_layer *layer, int32_t error_exponent,
                                         int32_t step_seed, int32_t lr_shift);

static inline int32_t linnet_saturate16(int32_t v) {
    return linnet_max(-32768, linnet_min(32767, v));
}

static inline int32_t linnet_limit_step(int32_t step) {
    return linnet_max(-LINNET_UPDATE_LIMIT, linnet_min(LINNET_UPDATE_LIMIT - 1, step));
}

/* A step of at least one unit per unit of the gradient: shift ≤ 0. */
static inline int32_t linnet_leap(int32_t g, int32_t shift) {
    uint32_t left = (uint32_t)linnet_min(12, -shift);
    return linnet_limit_step(linnet_shift_left(linnet_clamp(g, LINNET_UPDATE_LIMIT), left));
}

/* One bias word by the sum of its errors; returns the state for the first draw of the weights. */
static inline uint32_t linnet_update_bias(const struct linnet_update *update, int16_t *bias,
                                          uint32_t row, int32_t g) {
    uint32_t state = linnet_next_state(linnet_fold(update->stream, row));
    int32_t shift = update->bias_shift;
    if (shift <= LINNET_MAX_UPDATE_SHIFT) {
        int32_t step = shift > 0 ? linnet_limit_step((g + linnet_draw(state, shift)) >> shift)
                                 : linnet_leap(g, shift);
        *bias = (int16_t)linnet_saturate16(*bias - step);
    }
    return linnet_next_state(state);
}

/*
 * w [count] −= steps of g [count]; state: the second of the row's stream. |g| < 2^29. Both are
 * followed by zeros to a multiple of four, which stay.
 */
void linnet_update_row(int16_t *w, const int32_t *g, uint32_t count, int32_t shift, uint32_t state);

/* w [count] −= steps of error · x [count]. */
void linnet_update_outer_row(int16_t *w, const int8_t *x, uint32_t count, int32_t error,
                             int32_t shift, uint32_t state);

#endif
