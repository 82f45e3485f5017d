/*
 * The heap of the wasm engine: first fit with coalescing inside memory the caller owns. Nothing
 * else in the firmware allocates.
 */
#ifndef LINNET_HEAP_H
#define LINNET_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct linnet_heap {
    uint8_t *memory; /* 8-byte aligned */
    uint32_t bytes;
    uint32_t used_bytes; /* by blocks and their headers, 8 bytes each */
    uint32_t
        high_water_bytes; /* end of the highest block ever: a heap this large would have done */
};

/* Empties the heap and forgets the high-water mark. */
void linnet_heap_init(struct linnet_heap *heap, void *memory, uint32_t bytes);
/* Empties the heap, keeping the high-water mark. */
void linnet_heap_reset(struct linnet_heap *heap);
/* Zeroed, 8-byte aligned; NULL when full. */
void *linnet_heap_allocate(struct linnet_heap *heap, size_t bytes);
/* Keeps the contents, zeroes what is new; NULL when full (the old block then stays). */
void *linnet_heap_resize(struct linnet_heap *heap, void *block, size_t bytes);
void linnet_heap_free(struct linnet_heap *heap, void *block);

#endif
