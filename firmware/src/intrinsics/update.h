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

/* One bias word by the sum of its errors; returns the state for the first draw of the weights. */
uint32_t linnet_update_bias(const struct linnet_update *update, int16_t *bias, uint32_t row,
                            int32_t g);

/*
 * w [count] −= steps of g [count]; state: the second of the row's stream. |g| < 2^29. Both are
 * followed by zeros to a multiple of four, which stay.
 */
void linnet_update_row(int16_t *w, const int32_t *g, uint32_t count, int32_t shift, uint32_t state);

/* w [count] −= steps of error · x [count]. */
void linnet_update_outer_row(int16_t *w, const int8_t *x, uint32_t count, int32_t error,
                             int32_t shift, uint32_t state);

#endif
