/* The pools on a view that is open: the intrinsics without their check. */
#ifndef LINNET_INTRINSICS_POOL_H
#define LINNET_INTRINSICS_POOL_H

#include "view.h"

void linnet_pool_forward(const struct linnet_view *view);
int32_t linnet_pool_backward(const struct linnet_view *view, int32_t error_exponent);

#endif
