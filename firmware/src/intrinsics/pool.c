/*
 * The three pools, forward and backward (SPEC 2.3, 2.6).
 * Shapes: x [H][W][C] int8, y and error [OH][OW][C]; no padding, no parameters.
 */
#include "pool.h"

#include "fixed.h"
#include "requantise.h"

static bool is_maximum(const struct linnet_view *view) {
    return view->layer.kind == LINNET_RECORD_MAX_POOL;
}

/* blen(n − 1) of a window of n elements: what a mean takes off the exponent of a sum. */
static int32_t mean_shift(const struct linnet_view *view) {
    return is_maximum(view) ? 0 : linnet_bit_length(view->row - 1u);
}

/* Element of x at which the window of a position begins. */
static uint32_t window_at(const struct linnet_view *view, uint32_t row, uint32_t column) {
    const struct linnet_layer *layer = &view->layer;
    return row * layer->stride_height * view->pitch +
           column * layer->stride_width * layer->channels;
}

/* Offset from x of the first largest element of its channel in the window. */
static uint32_t largest_in(const struct linnet_view *view, const int8_t *x) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t best = 0;
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        uint32_t at = i * view->pitch;
        for (uint32_t j = 0; j < layer->kernel_width; j++) {
            best = x[at] > x[best] ? at : best;
            at += layer->channels;
        }
    }
    return best;
}

/* Sum of a channel over the window. */
static int32_t sum_of(const struct linnet_view *view, const int8_t *x) {
    const struct linnet_layer *layer = &view->layer;
    int32_t sum = 0;
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        const int8_t *at = x + i * view->pitch;
        for (uint32_t j = 0; j < layer->kernel_width; j++) {
            sum += *at;
            at += layer->channels;
        }
    }
    return sum;
}

/* dx += e for a channel over the window. */
static void spread(const struct linnet_view *view, int32_t *dx, int32_t e) {
    const struct linnet_layer *layer = &view->layer;
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        int32_t *at = dx + i * view->pitch;
        for (uint32_t j = 0; j < layer->kernel_width; j++) {
            *at = linnet_add(*at, e);
            at += layer->channels;
        }
    }
}

static uint32_t sum_windows(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    int32_t *out = linnet_view_wide(view);
    uint32_t bits = 0;
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            const int8_t *x = linnet_view_x(view) + window_at(view, r, c);
            for (uint32_t channel = 0; channel < layer->channels; channel++) {
                *out = sum_of(view, x + channel);
                bits |= linnet_magnitude(*out++);
            }
        }
    }
    return bits;
}

static void take_largest(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    for (uint32_t r = 0; r < layer->output_height; r++) {
        int8_t *y = (int8_t *)(view->memory + layer->y) + r * layer->y_stride;
        for (uint32_t c = 0; c < layer->output_width; c++) {
            const int8_t *x = linnet_view_x(view) + window_at(view, r, c);
            for (uint32_t channel = 0; channel < layer->channels; channel++, x++) {
                *y++ = x[largest_in(view, x)];
            }
        }
    }
}

void linnet_pool_forward(const struct linnet_view *view) {
    if (is_maximum(view)) {
        take_largest(view);
        view->home->output_exponent = view->layer.input_exponent;
        return;
    }
    uint32_t bits = sum_windows(view);
    linnet_finish_forward(view, bits, view->layer.input_exponent - mean_shift(view));
}

/* dx of every position and channel. */
static void input_gradient(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view);
    linnet_clear_gradient(view);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            uint32_t at = window_at(view, r, c);
            for (uint32_t channel = 0; channel < layer->channels; channel++, at++) {
                int32_t e = *error++;
                int32_t *dx = linnet_view_wide(view) + at;
                if (e != 0 && is_maximum(view)) {
                    int32_t *best = dx + largest_in(view, linnet_view_x(view) + at);
                    *best = linnet_add(*best, e);
                } else if (e != 0) {
                    spread(view, dx, e);
                }
            }
        }
    }
}

int32_t linnet_pool_backward(const struct linnet_view *view, int32_t error_exponent) {
    input_gradient(view);
    return linnet_finish_backward(view, error_exponent - mean_shift(view));
}

/*
 * y [OH][OW][C] int8 from x; outputExponent is set.
 * A maximum is exact; a mean is the sum, requantised, over the power of two next to its window.
 */
int32_t linnet_intrinsic_pool_forward(struct linnet_memory memory, const int32_t arguments[4]) {
    struct linnet_view view;
    if (!linnet_view_open(memory, arguments[0], LINNET_VIEW_POOL, false, &view)) {
        return LINNET_ERR_RANGE;
    }
    linnet_pool_forward(&view);
    return LINNET_OK;
}

/*
 * error [OH][OW][C] int8 -> error [H][W][C] int8 in its place.
 * Rounding: to nearest. Returns the exponent of the new error + EXPONENT_BIAS.
 */
int32_t linnet_intrinsic_pool_backward(struct linnet_memory memory, const int32_t arguments[4]) {
    struct linnet_view view;
    if (!linnet_view_takes(arguments[1], 0) ||
        !linnet_view_open(memory, arguments[0], LINNET_VIEW_POOL, true, &view) ||
        !linnet_view_has(&view, LINNET_LAYER_FLAG_PROPAGATE)) {
        return LINNET_ERR_RANGE;
    }
    return linnet_pool_backward(&view, arguments[1]);
}
