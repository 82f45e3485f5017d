/* CONV in portable C99. */
#include "linear.h"

/* A filter at a window: Σ hi · x over KH slices of KW · C elements. */
static int32_t dot_window(const struct linnet_view *view, const int16_t *w, const int8_t *x) {
    uint32_t slice = (uint32_t)view->layer.kernel_width * view->layer.channels;
    int32_t sum = 0;
    for (uint32_t i = 0; i < view->layer.kernel_height; i++) {
        for (uint32_t k = 0; k < slice; k++) {
            sum += linnet_operand(&w[k]) * x[k];
        }
        w += slice;
        x += view->pitch;
    }
    return sum;
}

uint32_t linnet_conv_products_plain(const struct linnet_view *view, int32_t *sums) {
    const struct linnet_layer *layer = &view->layer;
    bool is_relu = linnet_view_has(view, LINNET_LAYER_FLAG_RELU);
    uint32_t bits = 0;
    for (uint32_t o = 0; o < layer->outputs; o++) {
        int32_t bias = linnet_bias_of(view, o);
        const int16_t *w = linnet_view_row(view, o);
        int32_t *out = sums + o;
        for (uint32_t r = 0; r < layer->output_height; r++) {
            for (uint32_t c = 0; c < layer->output_width; c++) {
                const int8_t *x = linnet_view_x(view) + linnet_window(view, r, c);
                int32_t sum = bias + dot_window(view, w, x);
                *out = sum;
                out += layer->outputs;
                bits |= linnet_activated(sum, is_relu);
            }
        }
    }
    return bits;
}

#if !LINNET_DSP

uint32_t linnet_conv_products(const struct linnet_view *view, int32_t *sums) {
    return linnet_conv_products_plain(view, sums);
}

/* dx += hi · e of one filter at one window. */
static void scatter(const struct linnet_view *view, const int16_t *w, int32_t e, int32_t *dx) {
    uint32_t slice = (uint32_t)view->layer.kernel_width * view->layer.channels;
    for (uint32_t i = 0; i < view->layer.kernel_height; i++) {
        for (uint32_t k = 0; k < slice; k++) {
            dx[k] = linnet_add(dx[k], linnet_operand(&w[k]) * e);
        }
        w += slice;
        dx += view->pitch;
    }
}

void linnet_conv_gradient(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view);
    linnet_clear_gradient(view);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            int32_t *dx = linnet_view_wide(view) + linnet_window(view, r, c);
            for (uint32_t o = 0; o < layer->outputs; o++) {
                int32_t e = *error++;
                if (e != 0) {
                    scatter(view, linnet_view_row(view, o), e, dx);
                }
            }
        }
    }
}

/* g += e · x of one window. */
static void gather(const struct linnet_view *view, const int8_t *x, int32_t e, int32_t *g) {
    uint32_t slice = (uint32_t)view->layer.kernel_width * view->layer.channels;
    for (uint32_t i = 0; i < view->layer.kernel_height; i++) {
        for (uint32_t k = 0; k < slice; k++) {
            g[k] = linnet_add(g[k], e * x[k]);
        }
        g += slice;
        x += view->pitch;
    }
}

/* g [row] of a filter, from all its positions; false if its error is 0 everywhere. */
static bool weight_gradient(const struct linnet_view *view, uint32_t output, int32_t *g,
                            int32_t *bias_gradient) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view) + output;
    bool has_error = false;
    *bias_gradient = 0;
    for (uint32_t k = 0; k < view->row; k++) {
        g[k] = 0;
    }
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++) {
            int32_t e = *error;
            error += layer->outputs;
            if (e != 0) {
                has_error = true;
                *bias_gradient += e;
                gather(view, linnet_view_x(view) + linnet_window(view, r, c), e, g);
            }
        }
    }
    return has_error;
}

void linnet_conv_update(const struct linnet_view *view, const struct linnet_update *update) {
    int32_t *g = (int32_t *)(void *)linnet_view_scratch(view);
    for (uint32_t o = 0; o < view->layer.outputs; o++) {
        int32_t bias_gradient;
        if (weight_gradient(view, o, g, &bias_gradient)) {
            int16_t *bias = linnet_view_bias(view) + o;
            uint32_t state = linnet_update_bias(update, bias, o, bias_gradient);
            linnet_update_row(linnet_view_row(view, o), g, view->row, update->weight_shift, state);
        }
    }
}

#endif
