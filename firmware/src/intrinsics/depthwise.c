/*
 * DEPTHWISE, forward and backward (SPEC 2.3, 2.6, 2.7): output c sees channel c of the window.
 * Shapes: x [PH][PW][C] int8 with its padding, w [C][KH][KW] int16 words, y and error [OH][OW][C].
 */
#include "linear.h"

/* Channel c of the window at x: Σ hi · x. */
static int32_t dot_channel(const struct linnet_view *view, const int16_t *w, const int8_t *x) {
    const struct linnet_layer *layer = &view->layer;
    int32_t sum = 0;
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        const int8_t *at = x;
        for (uint32_t j = 0; j < layer->kernel_width; j++) {
            sum += linnet_operand(w++) * *at;
            at += layer->channels;
        }
        x += view->pitch;
    }
    return sum;
}

static uint32_t forward(const struct linnet_view *view, int32_t *sums) {
    const struct linnet_layer *layer = &view->layer;
    bool is_relu = linnet_view_has(view, LINNET_LAYER_FLAG_RELU);
    uint32_t bits = 0;
    for (uint32_t channel = 0; channel < layer->channels; channel++) {
        int32_t bias = linnet_bias_of(view, channel);
        const int16_t *w = linnet_view_row(view, channel);
        int32_t *out = sums + channel;
        for (uint32_t r = 0; r < layer->output_height; r++) {
            for (uint32_t c = 0; c < layer->output_width; c++) {
                const int8_t *x = linnet_view_x(view) + linnet_window(view, r, c) + channel;
                int32_t sum = bias + dot_channel(view, w, x);
                *out = sum;
                out += layer->channels;
                bits |= linnet_activated(sum, is_relu);
            }
        }
    }
    return bits;
}

/* dx += hi · e of one channel at one window. */
static void scatter(const struct linnet_view *view, const int16_t *w, int32_t e, int32_t *dx) {
    const struct linnet_layer *layer = &view->layer;
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        int32_t *at = dx;
        for (uint32_t j = 0; j < layer->kernel_width; j++) {
            *at = linnet_add(*at, linnet_operand(w++) * e);
            at += layer->channels;
        }
        dx += view->pitch;
    }
}

static void input_gradient(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view);
    linnet_clear_gradient(view);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            int32_t *dx = linnet_view_wide(view) + linnet_window(view, r, c);
            for (uint32_t channel = 0; channel < layer->channels; channel++) {
                int32_t e = *error++;
                if (e != 0) {
                    scatter(view, linnet_view_row(view, channel), e, dx + channel);
                }
            }
        }
    }
}

/* g += e · x of one channel at one window. */
static void gather(const struct linnet_view *view, const int8_t *x, int32_t e, int32_t *g) {
    const struct linnet_layer *layer = &view->layer;
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        const int8_t *at = x;
        for (uint32_t j = 0; j < layer->kernel_width; j++) {
            *g = linnet_add(*g, e * *at);
            g++;
            at += layer->channels;
        }
        x += view->pitch;
    }
}

/* g [KH][KW] of a channel, then zeros to a multiple of four, from all positions; false if its error
 * is 0 everywhere. */
static bool weight_gradient(const struct linnet_view *view, uint32_t channel, int32_t *g,
                            int32_t *bias_gradient) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view) + channel;
    bool has_error = false;
    *bias_gradient = 0;
    for (uint32_t k = 0; k < layer->row_words; k++) {
        g[k] = 0;
    }
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            int32_t e = *error;
            error += layer->channels;
            if (e != 0) {
                has_error = true;
                *bias_gradient += e;
                gather(view, linnet_view_x(view) + linnet_window(view, r, c) + channel, e, g);
            }
        }
    }
    return has_error;
}

static void update_rows(const struct linnet_view *view, const struct linnet_update *update) {
    int32_t *g = (int32_t *)(void *)linnet_view_scratch(view);
    for (uint32_t channel = 0; channel < view->layer.channels; channel++) {
        int32_t bias_gradient;
        if (weight_gradient(view, channel, g, &bias_gradient)) {
            int16_t *bias = linnet_view_bias(view) + channel;
            uint32_t state = linnet_update_bias(update, bias, channel, bias_gradient);
            linnet_update_row(linnet_view_row(view, channel), g, view->row, update->weight_shift,
                              state);
        }
    }
}

/* y [OH][OW][C] int8, or int32 logits, from x; outputExponent is set. As linear_forward. */
int32_t linnet_intrinsic_depthwise_forward(struct linnet_memory memory, const uint64_t *arguments) {
    struct linnet_view view;
    if (!linnet_view_open(memory, (int32_t)arguments[0], LINNET_VIEW_DEPTHWISE, false, &view)) {
        return LINNET_ERR_RANGE;
    }
    uint32_t bits = forward(&view, linnet_view_sums(&view));
    linnet_finish_forward(&view, bits, view.layer.input_exponent + view.layer.weight_exponent);
    return LINNET_OK;
}

/* error [OH][OW][C] int8 -> error [H][W][C] int8; weights and biases. As linear_backward. */
int32_t linnet_intrinsic_depthwise_backward(struct linnet_memory memory,
                                            const uint64_t *arguments) {
    struct linnet_view view;
    if (!linnet_view_takes((int32_t)arguments[1], (int32_t)arguments[3]) ||
        !linnet_view_open(memory, (int32_t)arguments[0], LINNET_VIEW_DEPTHWISE, true, &view)) {
        return LINNET_ERR_RANGE;
    }
    bool propagates = linnet_view_has(&view, LINNET_LAYER_FLAG_PROPAGATE);
    if (propagates) {
        input_gradient(&view);
    }
    if (linnet_view_has(&view, LINNET_LAYER_FLAG_TRAINED)) {
        struct linnet_update update = linnet_begin_update(
            &view.layer, (int32_t)arguments[1], (int32_t)arguments[2], (int32_t)arguments[3]);
        update_rows(&view, &update);
    }
    return propagates
               ? linnet_finish_backward(&view, (int32_t)arguments[1] + view.layer.weight_exponent)
               : 0;
}
