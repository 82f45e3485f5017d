/*
 * A LAYER of linear memory, checked: what the functions of this folder work on. Once a view is
 * made, every address an intrinsic forms lies in the memory, whatever bytes the layer held.
 */
#ifndef LINNET_INTRINSICS_VIEW_H
#define LINNET_INTRINSICS_VIEW_H

#include <stdbool.h>
#include "intrinsics.h"

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

/*
 * Each finds a layer of its kinds and checks its shape (SPEC 3), its exponents and the regions a
 * forward or a backward call touches. Return OK or ERR_RANGE.
 */
int32_t linnet_view_dense(struct linnet_memory memory, int32_t at, bool backward,
                          struct linnet_view *view);
int32_t linnet_view_conv(struct linnet_memory memory, int32_t at, bool backward,
                         struct linnet_view *view);
int32_t linnet_view_pool(struct linnet_memory memory, int32_t at, bool backward,
                         struct linnet_view *view);

/* The kind of the layer at an address, or 0 if there is none. */
uint32_t linnet_view_kind(struct linnet_memory memory, int32_t at);

/* errorExponent and lrShift of a backward call. */
bool linnet_view_takes(int32_t error_exponent, int32_t lr_shift);

/* Whether [offset, offset + bytes) lies in the memory and offset is a multiple of `alignment`. */
bool linnet_memory_holds(struct linnet_memory memory, uint32_t offset, uint32_t bytes,
                         uint32_t alignment);

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
