/* The losses on a HEAD that is open: the intrinsics without their check. */
#ifndef LINNET_INTRINSICS_LOSS_H
#define LINNET_INTRINSICS_LOSS_H

#include "intrinsics.h"

/* A HEAD of linear memory, checked. The values are a copy, for a hostile one could change. */
struct linnet_loss {
    struct linnet_head head;
    struct linnet_head *home;
    const int32_t *logits;
    int32_t *err;
    int8_t *error;
    const int8_t *target;
    int32_t class_weight; /* exponent of the label's */
};

/* Sets predicted; no loss. */
void linnet_softmax_predict(const struct linnet_loss *loss);

int32_t linnet_softmax_cross_entropy(const struct linnet_loss *loss, uint32_t label,
                                     uint32_t skip_threshold);

#endif
