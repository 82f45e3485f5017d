#include "update.h"

#include "dsp.h"

static void lower(int16_t *word, int32_t step) {
    *word = (int16_t)linnet_saturate16(*word - step);
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

void linnet_update_row(int16_t *w, const int32_t *g, uint32_t count, int32_t shift,
                       uint32_t state) {
    if (shift > LINNET_MAX_UPDATE_SHIFT) {
        return;
    }
    if (shift <= 0) {
        for (uint32_t k = 0; k < count; k++) {
            lower(&w[k], linnet_leap(g[k], shift));
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
        lower(&w[k], linnet_limit_step(u >> shift));
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
            lower(&w[k], linnet_leap(error * x[k], shift));
        }
        return;
    }
    int32_t mask = (1 << shift) - 1;
    int32_t remainder = linnet_draw(state, shift);
    for (uint32_t k = 0; k < count; k++) {
        int32_t u = error * x[k] + remainder;
        lower(&w[k], linnet_limit_step(u >> shift));
        remainder = u & mask;
    }
}
