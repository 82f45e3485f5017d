/* DENSE for Cortex-M with the DSP extension. */
#include "dsp.h"
#include "linear.h"

#if LINNET_DSP

/* Shifts for which a step is the high half of a scaled product, and no limit of a step can fire. */
#define MIN_SCALED_SHIFT 2
#define MAX_SCALED_SHIFT 16

static int16_t *lanes_of(const struct linnet_view *view) {
    return (int16_t *)(void *)linnet_view_scratch(view);
}

uint32_t linnet_dense_products(const struct linnet_view *view, int32_t *sums) {
    const struct linnet_layer *layer = &view->layer;
    const int16_t *lanes = lanes_of(view);
    uint32_t words = layer->row_words;
    bool is_relu = linnet_view_has(view, LINNET_LAYER_FLAG_RELU);
    uint32_t bits = 0;
    linnet_dsp_spread(linnet_view_x(view), view->row, 0, lanes_of(view));
    for (uint32_t o = 0; o < layer->outputs; o += 2u) {
        int32_t pair[2];
        bool is_last = o + 1u == layer->outputs;
        linnet_dsp_dot_two(linnet_view_row(view, o), is_last ? 0u : 2u * words, lanes, words, pair);
        pair[0] += linnet_bias_of(view, o);
        sums[o] = pair[0];
        bits |= linnet_activated(pair[0], is_relu);
        if (!is_last) {
            pair[1] += linnet_bias_of(view, o + 1u);
            sums[o + 1u] = pair[1];
            bits |= linnet_activated(pair[1], is_relu);
        }
    }
    return bits;
}

void linnet_dense_gradient(const struct linnet_view *view) {
    const int8_t *error = linnet_view_error(view);
    uint32_t outputs = view->layer.outputs;
    /* A row is longer than x by up to three words of 0, and so is what they are added to. */
    uint32_t whole = view->row & ~3u;
    int32_t *dx = linnet_view_wide(view);
    linnet_dsp_clear(dx, view->row);
    for (uint32_t o = 0; o < outputs; o += 2u) {
        bool is_last = o + 1u == outputs;
        int32_t first = error[o];
        int32_t second = is_last ? 0 : error[o + 1u];
        if ((first | second) == 0) {
            continue;
        }
        const int16_t *a = linnet_view_row(view, o);
        const int16_t *b = is_last ? a : a + view->layer.row_words;
        uint32_t pair = linnet_dsp_low_halves((uint32_t)first, (uint32_t)second);
        if (whole != 0) {
            linnet_dsp_add_rows(dx, a, b, whole, pair);
        }
        for (uint32_t k = whole; k < view->row; k++) {
            int32_t sum = linnet_operand(&a[k]) * first + linnet_operand(&b[k]) * second;
            dx[k] = linnet_add(dx[k], sum);
        }
    }
}

/*
 * A word left int16, and all that did are wrapped: takes the steps back, which do not depend on the
 * words, and makes them again with saturation.
 */
static void repair_row(int16_t *w, const int8_t *x, uint32_t count, int32_t error, int32_t shift,
                       uint32_t state) {
    int32_t mask = (1 << shift) - 1;
    int32_t remainder = linnet_draw(state, shift);
    for (uint32_t k = 0; k < count; k++) {
        int32_t u = error * x[k] + remainder;
        int32_t step = u >> shift;
        int32_t old = (int16_t)(w[k] + step);
        w[k] = (int16_t)linnet_max(-32768, linnet_min(32767, old - step));
        remainder = u & mask;
    }
}

/* Spreads x so that the product with an error scaled by scaled_error() has its step in the high half. */
static void scale_lanes(const struct linnet_view *view, int32_t shift) {
    uint32_t left = (uint32_t)(shift > 8 ? 16 - shift : 8);
    linnet_dsp_spread(linnet_view_x(view), view->row, left, lanes_of(view));
}

static int32_t scaled_error(int32_t error, int32_t shift) {
    return shift < 8 ? linnet_shift_left(error, (uint32_t)(8 - shift)) : error;
}

static void update_row(const struct linnet_view *view, uint32_t output, int32_t error,
                       int32_t shift, uint32_t state) {
    int16_t *w = linnet_view_row(view, output);
    uint32_t remainder = (uint32_t)linnet_draw(state, shift) << (16 - shift);
    int32_t scaled = scaled_error(error, shift);
    uint32_t wrapped = linnet_dsp_outer_row(w, lanes_of(view), view->layer.row_words, -scaled,
                                            0xffffu - remainder);
    if (wrapped != 0) {
        repair_row(w, linnet_view_x(view), view->row, error, shift, state);
    }
}

void linnet_dense_update(const struct linnet_view *view, const struct linnet_update *update) {
    const int8_t *error = linnet_view_error(view);
    int32_t shift = update->weight_shift;
    bool is_scaled = shift >= MIN_SCALED_SHIFT && shift <= MAX_SCALED_SHIFT;
    if (is_scaled) {
        scale_lanes(view, shift);
    }
    for (uint32_t o = 0; o < view->layer.outputs; o++) {
        int32_t e = error[o];
        if (e == 0) {
            continue;
        }
        uint32_t state = linnet_update_bias(update, linnet_view_bias(view) + o, o, e);
        if (is_scaled) {
            update_row(view, o, e, shift, state);
        } else {
            linnet_update_outer_row(linnet_view_row(view, o), linnet_view_x(view), view->row, e,
                                    shift, state);
        }
    }
}

#endif
