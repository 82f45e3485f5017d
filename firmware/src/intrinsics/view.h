/*
 * A LAYER of linear memory, checked: what the functions of this folder work on. Once a view is
 * made, every address an intrinsic forms lies in the memory, whatever bytes the layer held.
 */
#ifndef LINNET_INTRINSICS_VIEW_H
#define LINNET_INTRINSICS_VIEW_H

#include <stdbool.h>
#include "intrinsics.h"

/* A rate of 2^−24 that has decayed three times. */
#define LINNET_MAX_LR_SHIFT 27u

/* The layer is a copy, for a hostile one could lie where the call writes. */
struct linnet_view {
    struct linnet_layer layer;
    struct linnet_layer *home;
    uint8_t *memory;
    uint32_t inputs;    /* elements of x with its padding */
    uint32_t pitch;     /* elements from one row of x to the next */
    uint32_t positions; /* OH · OW */
    uint32_t row;       /* weights of a row; elements of a window for pools */
};

/* Kinds of layers an intrinsic takes. */
enum linnet_view_kinds { LINNET_VIEW_LINEAR, LINNET_VIEW_DEPTHWISE, LINNET_VIEW_POOL };

/*
 * Finds a layer of these kinds and checks its shape (SPEC 3), its exponents and the regions a
 * forward or a backward call touches. False if any of it is outside its limits.
 */
bool linnet_view_open(struct linnet_memory memory, int32_t at, enum linnet_view_kinds kinds,
                      bool backward, struct linnet_view *view);

/* errorExponent and lrShift of a backward call. */
static inline bool linnet_view_takes(int32_t error_exponent, int32_t lr_shift) {
    return (uint32_t)error_exponent + 64u < 128u && (uint32_t)lr_shift <= LINNET_MAX_LR_SHIFT;
}

/* Whether [offset, offset + bytes) lies in the memory. */
static inline bool linnet_memory_holds(struct linnet_memory memory, uint32_t offset,
                                       uint32_t bytes) {
    return bytes <= memory.bytes && offset <= memory.bytes - bytes;
}

static inline bool linnet_view_has(const struct linnet_view *view, uint32_t flag) {
    return (view->layer.flags & flag) != 0;
}

static inline const int8_t *linnet_view_x(const struct linnet_view *view) {
    return (const int8_t *)(view->memory + view->layer.x);
}

static inline int8_t *linnet_view_error(const struct linnet_view *view) {
    return (int8_t *)(view->memory + view->layer.error);
}

static inline int32_t *linnet_view_wide(const struct linnet_view *view) {
    return (int32_t *)(void *)(view->memory + view->layer.wide);
}

static inline int16_t *linnet_view_row(const struct linnet_view *view, uint32_t row) {
    uint32_t words = row * view->layer.row_words;
    return (int16_t *)(void *)(view->memory + view->layer.weights) + words;
}

static inline int16_t *linnet_view_bias(const struct linnet_view *view) {
    return (int16_t *)(void *)(view->memory + view->layer.bias);
}

static inline uint8_t *linnet_view_scratch(const struct linnet_view *view) {
    return view->memory + view->layer.scratch;
}

/* Where forward puts its accumulators: the logits themselves, or the wide buffer. */
static inline int32_t *linnet_view_sums(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    bool is_logits = (layer->flags & LINNET_LAYER_FLAG_LOGITS) != 0;
    return (int32_t *)(void *)(view->memory + (is_logits ? layer->y : layer->wide));
}

#endif
