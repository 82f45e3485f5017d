/* DENSE and CONV, forward and backward (SPEC 2.3, 2.6, 2.7). */
#include "linear.h"

void linnet_linear_forward(const struct linnet_view *view) {
    int32_t *sums = linnet_view_sums(view);
    bool is_dense = view->layer.kind == LINNET_RECORD_DENSE;
    uint32_t bits = is_dense ? linnet_dense_products(view, sums) : linnet_conv_products(view, sums);
    linnet_finish_forward(view, bits, view->layer.input_exponent + view->layer.weight_exponent);
}

int32_t linnet_linear_backward(const struct linnet_view *view, int32_t error_exponent,
                               int32_t step_seed, int32_t lr_shift) {
    bool is_dense = view->layer.kind == LINNET_RECORD_DENSE;
    bool propagates = linnet_view_has(view, LINNET_LAYER_FLAG_PROPAGATE);
    if (propagates) {
        is_dense ? linnet_dense_gradient(view) : linnet_conv_gradient(view);
    }
    if (linnet_view_has(view, LINNET_LAYER_FLAG_TRAINED)) {
        struct linnet_update update =
            linnet_begin_update(&view->layer, error_exponent, step_seed, lr_shift);
        is_dense ? linnet_dense_update(view, &update) : linnet_conv_update(view, &update);
    }
    return propagates ? linnet_finish_backward(view, error_exponent + view->layer.weight_exponent)
                      : 0;
}

/*
 * y [OH][OW][O] int8, or int32 logits, from x; outputExponent is set.
 * Rounding: of the bias, and of y to nearest. y may not overlap x.
 */
int32_t linnet_intrinsic_linear_forward(struct linnet_memory memory, const uint64_t *arguments) {
    struct linnet_view view;
    if (!linnet_view_open(memory, (int32_t)arguments[0], LINNET_VIEW_LINEAR, false, &view)) {
        return LINNET_ERR_RANGE;
    }
    linnet_linear_forward(&view);
    return LINNET_OK;
}

/*
 * error [OH][OW][O] int8 of exponent errorExponent -> error [H][W][C] int8 in its place, if the
 * layer propagates, with the weights before the update; weights and biases, if it is trained.
 * Rounding: of the error to nearest, of the update stochastic with one stream per row.
 * Returns the exponent of the new error + EXPONENT_BIAS, 0 if there is none.
 */
int32_t linnet_intrinsic_linear_backward(struct linnet_memory memory, const uint64_t *arguments) {
    struct linnet_view view;
    if (!linnet_view_takes((int32_t)arguments[1], (int32_t)arguments[3]) ||
        !linnet_view_open(memory, (int32_t)arguments[0], LINNET_VIEW_LINEAR, true, &view)) {
        return LINNET_ERR_RANGE;
    }
    return linnet_linear_backward(&view, (int32_t)arguments[1], (int32_t)arguments[2],
                                  (int32_t)arguments[3]);
}
