/* DENSE and CONV, forward and backward (SPEC 2.3, 2.6, 2.7). */
#include "linear.h"

static bool is_dense(struct linnet_memory memory, const int32_t arguments[4]) {
    return linnet_view_kind(memory, arguments[0]) == LINNET_RECORD_DENSE;
}

static int32_t open_linear(struct linnet_memory memory, const int32_t arguments[4], bool backward,
                           struct linnet_view *view) {
    if (is_dense(memory, arguments)) {
        return linnet_view_dense(memory, arguments[0], backward, view);
    }
    int32_t status = linnet_view_conv(memory, arguments[0], backward, view);
    return status == LINNET_OK && view->layer.kind != LINNET_RECORD_CONV ? LINNET_ERR_RANGE
                                                                         : status;
}

/*
 * y [OH][OW][O] int8, or int32 logits, from x; outputExponent is set.
 * Rounding: of the bias, and of y to nearest. y may not overlap x.
 */
int32_t linnet_intrinsic_linear_forward(struct linnet_memory memory, const int32_t arguments[4]) {
    struct linnet_view view;
    int32_t status = open_linear(memory, arguments, false, &view);
    if (status != LINNET_OK) {
        return status;
    }
    int32_t *sums = linnet_view_sums(&view);
    bool dense = view.layer.kind == LINNET_RECORD_DENSE;
    uint32_t bits = dense ? linnet_dense_products(&view, sums) : linnet_conv_products(&view, sums);
    return linnet_finish_forward(&view, bits,
                                 view.layer.input_exponent + view.layer.weight_exponent);
}

/*
 * error [OH][OW][O] int8 of exponent errorExponent -> error [H][W][C] int8 in its place, if the
 * layer propagates, with the weights before the update; weights and biases, if it is trained.
 * Rounding: of the error to nearest, of the update stochastic with one stream per row.
 * Returns the exponent of the new error + EXPONENT_BIAS, 0 if there is none.
 */
int32_t linnet_intrinsic_linear_backward(struct linnet_memory memory, const int32_t arguments[4]) {
    struct linnet_view view;
    int32_t status = open_linear(memory, arguments, true, &view);
    if (status != LINNET_OK || !linnet_view_takes(arguments[1], arguments[3])) {
        return LINNET_ERR_RANGE;
    }
    bool dense = view.layer.kind == LINNET_RECORD_DENSE;
    bool propagates = linnet_view_has(&view, LINNET_LAYER_FLAG_PROPAGATE);
    if (propagates) {
        dense ? linnet_dense_gradient(&view) : linnet_conv_gradient(&view);
    }
    if (linnet_view_has(&view, LINNET_LAYER_FLAG_TRAINED)) {
        struct linnet_update update =
            linnet_begin_update(&view.layer, arguments[1], arguments[2], arguments[3]);
        dense ? linnet_dense_update(&view, &update) : linnet_conv_update(&view, &update);
    }
    return propagates ? linnet_finish_backward(&view, arguments[1] + view.layer.weight_exponent)
                      : 0;
}
