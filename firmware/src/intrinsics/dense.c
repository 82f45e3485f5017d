/* DENSE in portable C99. */
#include "linear.h"

#if !LINNET_DSP

static int32_t dot(const int16_t *w, const int8_t *x, uint32_t count) {
    int32_t sum = 0;
    for (uint32_t k = 0; k < count; k++) {
        sum += linnet_operand(&w[k]) * x[k];
    }
    return sum;
}

/* Four rows at a time: a load of x serves four products. */
static void dot_four(const int16_t *w, uint32_t row_words, const int8_t *x, uint32_t count,
                     int32_t sums[4]) {
    const int16_t *w1 = w + row_words;
    const int16_t *w2 = w1 + row_words;
    const int16_t *w3 = w2 + row_words;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (uint32_t k = 0; k < count; k++) {
        int32_t value = x[k];
        s0 += linnet_operand(&w[k]) * value;
        s1 += linnet_operand(&w1[k]) * value;
        s2 += linnet_operand(&w2[k]) * value;
        s3 += linnet_operand(&w3[k]) * value;
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

uint32_t linnet_dense_products(const struct linnet_view *view, int32_t *sums) {
    const int8_t *x = linnet_view_x(view);
    uint32_t outputs = view->layer.outputs;
    uint32_t o = 0;
    for (; o + 4u <= outputs; o += 4u) {
        dot_four(linnet_view_row(view, o), view->layer.row_words, x, view->row, sums + o);
    }
    for (; o < outputs; o++) {
        sums[o] = dot(linnet_view_row(view, o), x, view->row);
    }
    bool is_relu = linnet_view_has(view, LINNET_LAYER_FLAG_RELU);
    uint32_t bits = 0;
    for (o = 0; o < outputs; o++) {
        sums[o] = linnet_add(sums[o], linnet_bias_of(view, o));
        bits |= linnet_activated(sums[o], is_relu);
    }
    return bits;
}

void linnet_dense_gradient(const struct linnet_view *view) {
    const int8_t *error = linnet_view_error(view);
    int32_t *dx = linnet_view_wide(view);
    linnet_clear_gradient(view);
    for (uint32_t o = 0; o < view->layer.outputs; o++) {
        int32_t e = error[o];
        const int16_t *w = linnet_view_row(view, o);
        for (uint32_t k = 0; e != 0 && k < view->row; k++) {
            dx[k] = linnet_add(dx[k], linnet_operand(&w[k]) * e);
        }
    }
}

void linnet_dense_update(const struct linnet_view *view, const struct linnet_update *update) {
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

#endif
