/* From int32 accumulators to int8 tensors (SPEC 2.3, 2.6). */
#ifndef LINNET_INTRINSICS_REQUANTISE_H
#define LINNET_INTRINSICS_REQUANTISE_H

#include "view.h"

/*
 * y[i] = sums[i] · 2^−shift, rounded to nearest, halves up, limited to lowest…127.
 * lowest: −127, or 0 for RELU. 0 ≤ shift ≤ 25. sums may not overlap y; y needs no alignment.
 */
void linnet_requantise(const int32_t *sums, uint32_t count, int32_t shift, int32_t lowest,
                       int8_t *y);

/* OR of all |sums|, whose bit length is that of the largest. */
uint32_t linnet_magnitudes(const int32_t *sums, uint32_t count);

/* OR of all sums above 0. */
uint32_t linnet_positives(const int32_t *sums, uint32_t count);

/*
 * Ends a forward call: requantises the accumulators to y, or leaves them as logits, and sets
 * outputExponent. bits: OR of the magnitudes after the activation; exponent: of the accumulators.
 */
void linnet_finish_forward(const struct linnet_view *view, uint32_t bits, int32_t exponent);

/*
 * Ends a backward call: the gradient of x in the wide buffer, gated, requantised to the error.
 * Returns the exponent of the new error + EXPONENT_BIAS; exponent: of the gradient.
 */
int32_t linnet_finish_backward(const struct linnet_view *view, int32_t exponent);

/* dx ← 0 in the wide buffer. */
void linnet_clear_gradient(const struct linnet_view *view);

#endif
