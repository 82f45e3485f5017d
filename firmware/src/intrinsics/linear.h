/*
 * Inner loops of DENSE and CONV: dense.c and conv.c in portable C99, dense_dsp.c and conv_dsp.c for
 * Cortex-M with the DSP extension. A build has one of each; bits never differ.
 *
 * Shapes: x [PH][PW][C] int8 with its padding, w [O][KH][KW][C] int16 words of which the high byte
 * counts, y and error [OH][OW][O]. DENSE is the case of one position whose window is all of x.
 */
#ifndef LINNET_INTRINSICS_LINEAR_H
#define LINNET_INTRINSICS_LINEAR_H

#include "fixed.h"
#include "requantise.h"
#include "update.h"
#include "view.h"

/* The intrinsics on a view that is open. */
void linnet_linear_forward(const struct linnet_view *view);
int32_t linnet_linear_backward(const struct linnet_view *view, int32_t error_exponent,
                               int32_t step_seed, int32_t lr_shift);

/*
 * sums [OH][OW][O] = Σ hi · x + bias, before the activation.
 * Exact but for the rounding of the bias. Returns the OR of the magnitudes after the activation;
 * of logits, which are not requantised, any value.
 */
uint32_t linnet_dense_products(const struct linnet_view *view, int32_t *sums);
uint32_t linnet_conv_products(const struct linnet_view *view, int32_t *sums);

/* linnet_conv_products() for any shape, and with no scratch: what the DSP code cannot pack. */
uint32_t linnet_conv_products_plain(const struct linnet_view *view, int32_t *sums);

/* dx in the wide buffer, with its padding: Σ hi · e. Exact. */
void linnet_dense_gradient(const struct linnet_view *view);
void linnet_conv_gradient(const struct linnet_view *view);

/* Updates the rows that have an error. */
void linnet_dense_update(const struct linnet_view *view, const struct linnet_update *update);
void linnet_conv_update(const struct linnet_view *view, const struct linnet_update *update);

/* The bias of an output in units of its accumulator. */
static inline int32_t linnet_bias_of(const struct linnet_view *view, uint32_t output) {
    const struct linnet_layer *layer = &view->layer;
    return linnet_align_bias(linnet_view_bias(view)[output],
                             layer->input_exponent + layer->weight_exponent + 12);
}

/* Element of x at which the window of a position begins. */
static inline uint32_t linnet_window(const struct linnet_view *view, uint32_t row,
                                     uint32_t column) {
    const struct linnet_layer *layer = &view->layer;
    return row * layer->stride_height * view->pitch +
           column * layer->stride_width * layer->channels;
}

/* |sum| after the activation. */
static inline uint32_t linnet_activated(int32_t sum, bool is_relu) {
    return is_relu ? (uint32_t)linnet_max(0, sum) : linnet_magnitude(sum);
}

#endif
