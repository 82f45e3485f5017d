/*
 * The three pools, forward and backward (SPEC 2.3, 2.6).
 * Shapes: x [H][W][C] int8, y and error [OH][OW][C]; no padding, no parameters.
 *
 * Where windows do not overlap, an error goes to each element of x once at most: it stays int8, its
 * exponent stays, and the gradient needs no wide buffer.
 */
#include "pool.h"

#include <string.h>
#include "dsp.h"
#include "requantise.h"

static bool is_maximum(const struct linnet_view *view) {
    return view->layer.kind == LINNET_RECORD_MAX_POOL;
}

static bool are_disjoint(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    return layer->stride_height >= layer->kernel_height &&
           layer->stride_width >= layer->kernel_width;
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

/* y of the channels of a window from `channel` on. */
static void largest_of_channels(const struct linnet_view *view, const int8_t *x, uint32_t channel,
                                int8_t *y) {
    for (; channel < view->layer.channels; channel++) {
        y[channel] = x[channel + largest_in(view, x + channel)];
    }
}

/* The error of the channels of a window from `channel` on, to their largest elements. */
static void route_channels(const struct linnet_view *view, const int8_t *x, uint32_t channel,
                           const int8_t *e, int8_t *error) {
    bool is_gated = linnet_view_has(view, LINNET_LAYER_FLAG_GATED);
    for (; channel < view->layer.channels; channel++) {
        if (e[channel] != 0) {
            uint32_t best = channel + largest_in(view, x + channel);
            error[best] = is_gated && x[best] == 0 ? 0 : e[channel];
        }
    }
}

/* The error of the channels of a window from `channel` on, to all of their elements. */
static void spread_channels(const struct linnet_view *view, const int8_t *x, uint32_t channel,
                            const int8_t *e, int8_t *error) {
    const struct linnet_layer *layer = &view->layer;
    bool is_gated = linnet_view_has(view, LINNET_LAYER_FLAG_GATED);
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        for (uint32_t j = 0; j < layer->kernel_width; j++) {
            uint32_t at = i * view->pitch + j * layer->channels;
            for (uint32_t c = channel; c < layer->channels; c++) {
                error[at + c] = is_gated && x[at + c] == 0 ? 0 : e[c];
            }
        }
    }
}

#if LINNET_DSP

/* Four channels at a time; each returns how many channels it has done. */

static uint32_t largest_of_four(const struct linnet_view *view, const int8_t *x) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t largest = 0x80808080u;
    for (uint32_t i = layer->kernel_height; i > 0; i--) {
        const int8_t *at = x;
        for (uint32_t j = layer->kernel_width; j > 0; j--) {
            largest = linnet_dsp_largest(largest, linnet_dsp_load(at));
            at += layer->channels;
        }
        x += view->pitch;
    }
    return largest;
}

static uint32_t largest_of_fours(const struct linnet_view *view, const int8_t *x, int8_t *y) {
    uint32_t channel = 0;
    for (; channel + 4u <= view->layer.channels; channel += 4u) {
        linnet_dsp_store(y + channel, largest_of_four(view, x + channel));
    }
    return channel;
}

static uint32_t route_fours(const struct linnet_view *view, const int8_t *x, const int8_t *e,
                            int8_t *error) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t channels = layer->channels;
    bool is_gated = linnet_view_has(view, LINNET_LAYER_FLAG_GATED);
    uint32_t channel = 0;
    for (; channel + 4u <= channels; channel += 4u) {
        uint32_t left = linnet_dsp_load(e + channel);
        if (left == 0) {
            continue;
        }
        uint32_t largest = largest_of_four(view, x + channel);
        left = is_gated ? left & linnet_dsp_nonzero(largest) : left;
        /* What has gone to an element does not go to a later one. */
        for (uint32_t i = 0; i < layer->kernel_height; i++) {
            uint32_t at = channel + i * view->pitch;
            for (uint32_t j = layer->kernel_width; j > 0; j--, at += channels) {
                uint32_t differs = linnet_dsp_nonzero(linnet_dsp_load(x + at) ^ largest);
                linnet_dsp_store(error + at, left & ~differs);
                left &= differs;
            }
        }
    }
    return channel;
}

static uint32_t spread_fours(const struct linnet_view *view, const int8_t *x, const int8_t *e,
                             int8_t *error) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t channels = layer->channels;
    uint32_t closed = linnet_view_has(view, LINNET_LAYER_FLAG_GATED) ? 0u : 0xffffffffu;
    uint32_t channel = 0;
    for (; channel + 4u <= channels; channel += 4u) {
        uint32_t four = linnet_dsp_load(e + channel);
        for (uint32_t i = 0; four != 0 && i < layer->kernel_height; i++) {
            uint32_t at = channel + i * view->pitch;
            for (uint32_t j = layer->kernel_width; j > 0; j--) {
                uint32_t open = linnet_dsp_nonzero(linnet_dsp_load(x + at)) | closed;
                linnet_dsp_store(error + at, four & open);
                at += channels;
            }
        }
    }
    return channel;
}

/* Sums in int16 lanes, of windows of at most 256 elements. */
static uint32_t sum_fours(const struct linnet_view *view, const int8_t *x, int32_t *sums) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t channel = 0;
    for (; channel + 4u <= layer->channels && view->row <= 256u; channel += 4u) {
        uint32_t even = 0;
        uint32_t odd = 0;
        for (uint32_t i = 0; i < layer->kernel_height; i++) {
            const int8_t *at = x + channel + i * view->pitch;
            for (uint32_t j = layer->kernel_width; j > 0; j--) {
                linnet_dsp_add_bytes(linnet_dsp_load(at), &even, &odd);
                at += layer->channels;
            }
        }
        sums[channel] = (int16_t)even;
        sums[channel + 1u] = (int16_t)odd;
        sums[channel + 2u] = (int32_t)even >> 16;
        sums[channel + 3u] = (int32_t)odd >> 16;
    }
    return channel;
}

#else

/* None is done. */
#define largest_of_fours(view, x, y) 0u
#define route_fours(view, x, e, error) 0u
#define spread_fours(view, x, e, error) 0u
#define sum_fours(view, x, sums) 0u

#endif

static uint32_t sum_windows(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    int32_t *out = linnet_view_wide(view);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            const int8_t *x = linnet_view_x(view) + window_at(view, r, c);
            uint32_t channel = sum_fours(view, x, out);
            for (; channel < layer->channels; channel++) {
                out[channel] = sum_of(view, x + channel);
            }
            out += layer->channels;
        }
    }
    return linnet_magnitudes(linnet_view_wide(view), view->positions * layer->channels);
}

static void take_largest(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    for (uint32_t r = 0; r < layer->output_height; r++) {
        int8_t *y = (int8_t *)(view->memory + layer->y) + r * layer->y_stride;
        for (uint32_t c = 0; c < layer->output_width; c++) {
            const int8_t *x = linnet_view_x(view) + window_at(view, r, c);
            largest_of_channels(view, x, largest_of_fours(view, x, y), y);
            y += layer->channels;
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

/*
 * The error of x where windows do not overlap. It takes the place of that of y, so that one makes
 * room in the wide buffer first; elements outside all windows get none.
 */
static void scatter_error(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    int8_t *error = linnet_view_error(view);
    int8_t *e = (int8_t *)linnet_view_wide(view);
    uint32_t count = view->positions * layer->channels;
    memmove(e, error, count);
    memset(error, 0, view->inputs);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            uint32_t at = window_at(view, r, c);
            const int8_t *x = linnet_view_x(view) + at;
            if (is_maximum(view)) {
                route_channels(view, x, route_fours(view, x, e, error + at), e, error + at);
            } else {
                spread_channels(view, x, spread_fours(view, x, e, error + at), e, error + at);
            }
            e += layer->channels;
        }
    }
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

/* dx of every position and channel, where windows may overlap. */
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
    int32_t exponent = error_exponent - mean_shift(view);
    if (are_disjoint(view)) {
        scatter_error(view);
        return linnet_clamp_exponent(exponent) + (int32_t)LINNET_EXPONENT_BIAS;
    }
    input_gradient(view);
    return linnet_finish_backward(view, exponent);
}

/*
 * y [OH][OW][C] int8 from x; outputExponent is set.
 * A maximum is exact; a mean is the sum, requantised, over the power of two next to its window.
 */
int32_t linnet_intrinsic_pool_forward(struct linnet_memory memory, const uint64_t *arguments) {
    struct linnet_view view;
    if (!linnet_view_open(memory, (int32_t)arguments[0], LINNET_VIEW_POOL, false, &view)) {
        return LINNET_ERR_RANGE;
    }
    linnet_pool_forward(&view);
    return LINNET_OK;
}

/*
 * error [OH][OW][C] int8 -> error [H][W][C] int8 in its place.
 * Rounding: to nearest. Returns the exponent of the new error + EXPONENT_BIAS.
 */
int32_t linnet_intrinsic_pool_backward(struct linnet_memory memory, const uint64_t *arguments) {
    struct linnet_view view;
    if (!linnet_view_takes((int32_t)arguments[1], 0) ||
        !linnet_view_open(memory, (int32_t)arguments[0], LINNET_VIEW_POOL, true, &view) ||
        !linnet_view_has(&view, LINNET_LAYER_FLAG_PROPAGATE)) {
        return LINNET_ERR_RANGE;
    }
    return linnet_pool_backward(&view, (int32_t)arguments[1]);
}
