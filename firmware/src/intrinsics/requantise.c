#include "requantise.h"

#include "dsp.h"
#include "fixed.h"

uint32_t linnet_magnitudes(const int32_t *sums, uint32_t count) {
#if LINNET_DSP
    return linnet_dsp_magnitudes(sums, count);
#endif
    uint32_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        bits |= linnet_magnitude(sums[i]);
    }
    return bits;
}

uint32_t linnet_positives(const int32_t *sums, uint32_t count) {
#if LINNET_DSP
    return linnet_dsp_positives(sums, count);
#endif
    uint32_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        bits |= (uint32_t)linnet_max(0, sums[i]);
    }
    return bits;
}

void linnet_finish_forward(const struct linnet_view *view, uint32_t bits, int32_t exponent) {
    const struct linnet_layer *layer = &view->layer;
    if (linnet_view_has(view, LINNET_LAYER_FLAG_LOGITS)) {
        view->home->output_exponent = linnet_clamp_exponent(exponent);
        return;
    }
    int32_t shift = linnet_requantise_shift(bits);
    int32_t lowest = linnet_view_has(view, LINNET_LAYER_FLAG_RELU) ? 0 : -LINNET_INT8_LIMIT;
    uint32_t row = (uint32_t)layer->output_width * layer->outputs;
    const int32_t *sums = linnet_view_wide(view);
    int8_t *y = (int8_t *)(view->memory + layer->y);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        linnet_requantise(sums, row, shift, lowest, y);
        sums += row;
        y += layer->y_stride;
    }
    view->home->output_exponent = linnet_clamp_exponent(exponent + shift);
}

/* Clears dx where x is 0, which is where RELU held it, and returns the OR of what is left. */
static uint32_t close_gates(const int8_t *x, int32_t *dx, uint32_t count) {
#if LINNET_DSP
    return linnet_dsp_close_gates(x, dx, count);
#endif
    uint32_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (x[i] == 0) {
            dx[i] = 0;
        }
        bits |= linnet_magnitude(dx[i]);
    }
    return bits;
}

int32_t linnet_finish_backward(const struct linnet_view *view, int32_t exponent) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t row = (uint32_t)layer->width * layer->channels;
    uint32_t first = layer->pad_top * view->pitch + (uint32_t)layer->pad_left * layer->channels;
    const int8_t *x = linnet_view_x(view) + first;
    int32_t *dx = linnet_view_wide(view) + first;
    bool is_gated = linnet_view_has(view, LINNET_LAYER_FLAG_GATED);
    uint32_t bits = 0;
    for (uint32_t r = 0; r < layer->height; r++) {
        uint32_t at = r * view->pitch;
        bits |= is_gated ? close_gates(x + at, dx + at, row) : linnet_magnitudes(dx + at, row);
    }
    int32_t shift = linnet_requantise_shift(bits);
    int8_t *error = linnet_view_error(view);
    for (uint32_t r = 0; r < layer->height; r++) {
        linnet_requantise(dx + r * view->pitch, row, shift, -LINNET_INT8_LIMIT, error + r * row);
    }
    return linnet_clamp_exponent(exponent + shift) + (int32_t)LINNET_EXPONENT_BIAS;
}

void linnet_clear_gradient(const struct linnet_view *view) {
    int32_t *dx = linnet_view_wide(view);
#if LINNET_DSP
    linnet_dsp_clear(dx, view->inputs);
    return;
#endif
    for (uint32_t i = 0; i < view->inputs; i++) {
        dx[i] = 0;
    }
}

void linnet_requantise(const int32_t *sums, uint32_t count, int32_t shift, int32_t lowest,
                       int8_t *y) {
#if LINNET_DSP
    if (lowest == 0) {
        linnet_dsp_requantise_positive(sums, count, (uint32_t)shift, y);
    } else {
        linnet_dsp_requantise(sums, count, (uint32_t)shift, y);
    }
    return;
#endif
    for (uint32_t i = 0; i < count; i++) {
        int32_t v = linnet_round_shift(sums[i], shift);
        y[i] = (int8_t)linnet_max(lowest, linnet_min(v, LINNET_INT8_LIMIT));
    }
}
