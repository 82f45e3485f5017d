/* Random layers and heads in an arena, valid in every field. */
#ifndef LINNET_TEST_LAYERS_H
#define LINNET_TEST_LAYERS_H

#include "arena.h"

/* A placed structure and the regions a call may leave in any state. */
struct placed {
    uint32_t at;
    uint32_t scratch, scratch_bytes;
    uint32_t wide, wide_bytes;
};

/* Sizes of random layers: more is slower. */
struct bounds {
    uint32_t side, channels, outputs, kernel;
};

/*
 * Fills an arena with a random layer of a kind (a RECORD) and random data: words near the limits of
 * int16, zeros among x and errors, every alignment the specification allows.
 */
struct placed place_layer(uint32_t *random, struct arena *arena, uint32_t kind,
                          const struct bounds *bounds);

/* A random HEAD; softmax if there are `classes`, else a reconstruction. */
struct placed place_head(uint32_t *random, struct arena *arena, int is_softmax);

#endif
