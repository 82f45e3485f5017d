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

/*
 * align() of SPEC 2.3 as one rounded product, for any of its shifts: a bias that goes left goes two
 * places further, and comes back by a factor of a quarter.
 */
static void align_biases(int32_t shift, struct linnet_dsp_dense *dense) {
    dense->bias_left = (uint32_t)(shift < 2 ? 2 + linnet_min(14, -shift) : 0);
    dense->bias_factor = shift > 24 ? 0 : 1 << (shift < 2 ? 30 : 32 - shift);
}

/* The last row of an odd number, as a pair with itself. */
static void last_row(const struct linnet_view *view, struct linnet_dsp_dense *dense,
                     int32_t *sums) {
    uint32_t last = view->layer.outputs - 1u;
    int16_t bias[2] = {linnet_view_bias(view)[last], 0};
    int32_t pair[2];
    dense->w = linnet_view_row(view, last);
    dense->row_bytes = 0;
    dense->bias = bias;
    dense->sums = pair;
    dense->rows = 2;
    linnet_dsp_dense(dense);
    sums[last] = pair[0];
}

uint32_t linnet_dense_products(const struct linnet_view *view, int32_t *sums) {
    const struct linnet_layer *layer = &view->layer;
    struct linnet_dsp_dense dense;
    linnet_dsp_spread(linnet_view_x(view), view->row, 0, lanes_of(view));
    dense.x = lanes_of(view);
    dense.count = layer->row_words;
    align_biases(layer->input_exponent + layer->weight_exponent + 12, &dense);
    dense.w = linnet_view_row(view, 0);
    dense.row_bytes = 2u * layer->row_words;
    dense.bias = linnet_view_bias(view);
    dense.sums = sums;
    dense.rows = layer->outputs & ~1u;
    if (dense.rows != 0) {
        linnet_dsp_dense(&dense);
    }
    if ((layer->outputs & 1u) != 0) {
        last_row(view, &dense, sums);
    }
    if (linnet_view_has(view, LINNET_LAYER_FLAG_LOGITS)) {
        return 0;
    }
    bool is_relu = linnet_view_has(view, LINNET_LAYER_FLAG_RELU);
    return is_relu ? linnet_positives(sums, layer->outputs)
                   : linnet_magnitudes(sums, layer->outputs);
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

/* Spreads x so that the product with an error scaled by scaled_error() has its step in the high
 * half. */
static void scale_lanes(const struct linnet_view *view, int32_t shift) {
    uint32_t left = (uint32_t)(shift > 8 ? 16 - shift : 8);
    linnet_dsp_spread(linnet_view_x(view), view->row, left, lanes_of(view));
}

/* The shifts of a layer as those of linnet_dsp_update_rows(). */
static void set_shifts(const struct linnet_update *update, struct linnet_dsp_rows *rows) {
    int32_t shift = update->weight_shift;
    int32_t bias = update->bias_shift;
    bool is_drawn = bias >= 1 && bias <= LINNET_MAX_UPDATE_SHIFT;
    rows->bias_left = bias > LINNET_MAX_UPDATE_SHIFT ? 32u
                      : bias > 0                     ? 0u
                                                     : (uint32_t)linnet_min(12, -bias);
    rows->bias_draw = is_drawn ? (uint32_t)(32 - bias) : 32u;
    rows->bias_right = is_drawn ? (uint32_t)bias : 0u;
    rows->error_left = shift < 8 ? (uint32_t)(8 - shift) : 0u;
    rows->draw = (uint32_t)(32 - shift);
    rows->draw_left = (uint32_t)(16 - shift);
}

/* Updates by a shift for which a step is the high half of a scaled product. */
static void update_scaled(const struct linnet_view *view, const struct linnet_update *update) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view);
    struct linnet_dsp_rows rows = {.error = error,
                                   .rows = layer->outputs,
                                   .w = linnet_view_row(view, 0),
                                   .bias = linnet_view_bias(view),
                                   .row = 0,
                                   .stream = update->stream,
                                   .x = lanes_of(view),
                                   .count = layer->row_words};
    set_shifts(update, &rows);
    scale_lanes(view, update->weight_shift);
    while (linnet_dsp_update_rows(&rows) != 0) {
        uint32_t row = rows.row - 1u;
        uint32_t first = linnet_next_state(linnet_fold(update->stream, row));
        repair_row(linnet_view_row(view, row), linnet_view_x(view), view->row, error[row],
                   update->weight_shift, linnet_next_state(first));
    }
}

/* Updates by any shift. */
static void update_plain(const struct linnet_view *view, const struct linnet_update *update) {
    const int8_t *error = linnet_view_error(view);
    for (uint32_t o = 0; o < view->layer.outputs; o++) {
        int32_t e = error[o];
        if (e != 0) {
            uint32_t state = linnet_update_bias(update, linnet_view_bias(view) + o, o, e);
            linnet_update_outer_row(linnet_view_row(view, o), linnet_view_x(view), view->row, e,
                                    update->weight_shift, state);
        }
    }
}

void linnet_dense_update(const struct linnet_view *view, const struct linnet_update *update) {
    int32_t shift = update->weight_shift;
    if (shift >= MIN_SCALED_SHIFT && shift <= MAX_SCALED_SHIFT) {
        update_scaled(view, update);
    } else {
        update_plain(view, update);
    }
}

#endif
