#include "update.h"

#include "dsp.h"
#include "fixed.h"

static int16_t saturate16(int32_t v) {
    return (int16_t)linnet_max(-32768, linnet_min(32767, v));
}

static int32_t limit_step(int32_t step) {
    return linnet_max(-LINNET_UPDATE_LIMIT, linnet_min(LINNET_UPDATE_LIMIT - 1, step));
}

/* A step of at least one unit per unit of the gradient: shift ≤ 0. */
static int32_t leap(int32_t g, int32_t shift) {
    uint32_t left = (uint32_t)linnet_min(12, -shift);
    return limit_step(linnet_shift_left(linnet_clamp(g, LINNET_UPDATE_LIMIT), left));
}

static void lower(int16_t *word, int32_t step) {
    *word = saturate16(*word - step);
}

struct linnet_update linnet_begin_update(const struct linnet_layer *layer, int32_t error_exponent,
                                         int32_t step_seed, int32_t lr_shift) {
    struct linnet_update update;
    update.weight_shift =
        lr_shift - error_exponent - layer->input_exponent + layer->weight_exponent - 8;
    update.bias_shift = lr_shift - error_exponent - 12;
    update.stream = linnet_fold((uint32_t)step_seed, layer->index);
    return update;
}

uint32_t linnet_update_bias(const struct linnet_update *update, int16_t *bias, uint32_t row,
                            int32_t g) {
    uint32_t state = linnet_next_state(linnet_fold(update->stream, row));
    int32_t shift = update->bias_shift;
    if (shift <= 0) {
        lower(bias, leap(g, shift));
    } else if (shift <= LINNET_MAX_UPDATE_SHIFT) {
        lower(bias, limit_step((g + linnet_draw(state, shift)) >> shift));
    }
    return linnet_next_state(state);
}

void linnet_update_row(int16_t *w, const int32_t *g, uint32_t count, int32_t shift,
                       uint32_t state) {
    if (shift > LINNET_MAX_UPDATE_SHIFT) {
        return;
    }
    if (shift <= 0) {
        for (uint32_t k = 0; k < count; k++) {
            lower(&w[k], leap(g[k], shift));
        }
        return;
    }
    int32_t remainder = linnet_draw(state, shift);
#if LINNET_DSP
    linnet_dsp_update_row(w, g, linnet_align4(count), (uint32_t)shift, remainder);
    return;
#endif
    int32_t mask = (1 << shift) - 1;
    for (uint32_t k = 0; k < count; k++) {
        int32_t u = linnet_add(g[k], remainder);
        lower(&w[k], limit_step(u >> shift));
        remainder = u & mask;
    }
}

void linnet_update_outer_row(int16_t *w, const int8_t *x, uint32_t count, int32_t error,
                             int32_t shift, uint32_t state) {
    if (shift > LINNET_MAX_UPDATE_SHIFT) {
        return;
    }
    if (shift <= 0) {
        for (uint32_t k = 0; k < count; k++) {
            lower(&w[k], leap(error * x[k], shift));
        }
        return;
    }
    int32_t mask = (1 << shift) - 1;
    int32_t remainder = linnet_draw(state, shift);
    for (uint32_t k = 0; k < count; k++) {
        int32_t u = error * x[k] + remainder;
        lower(&w[k], limit_step(u >> shift));
        remainder = u & mask;
    }
}
