#include "heap.h"

#include <stdbool.h>
#include <string.h>

/*
 * The heap is a row of blocks without gaps, each a header and its payload. Sizes count the header
 * and are multiples of 8, so bit 0 says whether the block is taken.
 *
 *     ┌───────────────┬─────────────────────┬───────────────────┐
 *     │ u32 size|used │ u32 size of previous │ payload …          │
 *     └───────────────┴─────────────────────┴───────────────────┘
 *
 * No two neighbours are free at once. The bytes of a payload behind what was asked for are zero, so
 * that growing into them needs no memory of what was asked for.
 */
struct block {
    uint32_t size_and_used;
    uint32_t previous_size; /* 0 in the first block */
};

#define HEADER_BYTES ((uint32_t)sizeof(struct block))
#define USED 1u

static struct block *block_at(const struct linnet_heap *heap, uint32_t offset) {
    return (struct block *)(void *)(heap->memory + offset);
}

static uint32_t offset_of(const struct linnet_heap *heap, const struct block *block) {
    return (uint32_t)((const uint8_t *)block - heap->memory);
}

static uint32_t size_of(const struct block *block) {
    return block->size_and_used & ~USED;
}

static bool is_used(const struct block *block) {
    return (block->size_and_used & USED) != 0;
}

static uint8_t *payload_of(struct block *block) {
    return (uint8_t *)block + HEADER_BYTES;
}

/* The block that follows, or NULL behind the last. */
static struct block *next_of(const struct linnet_heap *heap, const struct block *block) {
    uint32_t offset = offset_of(heap, block) + size_of(block);
    return offset < heap->bytes ? block_at(heap, offset) : NULL;
}

/* Gives a block another size and tells the block behind it. */
static void set_size(const struct linnet_heap *heap, struct block *block, uint32_t size) {
    block->size_and_used = size | (block->size_and_used & USED);
    struct block *next = next_of(heap, block);
    if (next != NULL) {
        next->previous_size = size;
    }
}

/* Size of the block for a payload, or 0 if no block can be that large. */
static uint32_t size_for(size_t bytes) {
    if (bytes > UINT32_MAX - HEADER_BYTES - 7) {
        return 0;
    }
    return ((uint32_t)bytes + HEADER_BYTES + 7) & ~7u;
}

/* Makes what a used block has beyond `size` a free block, if it can hold one. */
static void split(struct linnet_heap *heap, struct block *block, uint32_t size) {
    uint32_t rest = size_of(block) - size;
    if (rest < HEADER_BYTES) {
        return;
    }
    struct block *tail = block_at(heap, offset_of(heap, block) + size);
    tail->size_and_used = rest;
    set_size(heap, block, size);
    struct block *behind = next_of(heap, tail);
    if (behind != NULL && !is_used(behind)) {
        rest += size_of(behind);
    }
    set_size(heap, tail, rest);
}

/* Counts a block whose size was `before` (0 = it was free). */
static void count_use(struct linnet_heap *heap, const struct block *block, uint32_t before) {
    uint32_t end = offset_of(heap, block) + size_of(block);
    heap->used_bytes += size_of(block) - before;
    if (end > heap->high_water_bytes) {
        heap->high_water_bytes = end;
    }
}

void linnet_heap_init(struct linnet_heap *heap, void *memory, uint32_t bytes) {
    heap->memory = memory;
    heap->bytes = bytes & ~7u;
    heap->high_water_bytes = 0;
    linnet_heap_reset(heap);
}

void linnet_heap_reset(struct linnet_heap *heap) {
    heap->used_bytes = 0;
    if (heap->bytes >= HEADER_BYTES) {
        struct block *all = block_at(heap, 0);
        all->size_and_used = heap->bytes;
        all->previous_size = 0;
    }
}

void *linnet_heap_allocate(struct linnet_heap *heap, size_t bytes) {
    uint32_t size = size_for(bytes);
    struct block *block = heap->bytes >= HEADER_BYTES ? block_at(heap, 0) : NULL;
    while (block != NULL && (is_used(block) || size_of(block) < size)) {
        block = next_of(heap, block);
    }
    if (block == NULL || size == 0) {
        return NULL;
    }
    block->size_and_used |= USED;
    split(heap, block, size);
    count_use(heap, block, 0);
    memset(payload_of(block), 0, size_of(block) - HEADER_BYTES);
    return payload_of(block);
}

/* Takes a free block behind this one in, if both together reach `size`. */
static void grow(struct linnet_heap *heap, struct block *block, uint32_t size) {
    struct block *next = next_of(heap, block);
    if (next != NULL && !is_used(next) && size_of(block) + size_of(next) >= size) {
        set_size(heap, block, size_of(block) + size_of(next));
    }
}

static void *move(struct linnet_heap *heap, struct block *block, size_t bytes) {
    void *moved = linnet_heap_allocate(heap, bytes);
    if (moved != NULL) {
        memcpy(moved, payload_of(block), size_of(block) - HEADER_BYTES);
        linnet_heap_free(heap, payload_of(block));
    }
    return moved;
}

void *linnet_heap_resize(struct linnet_heap *heap, void *payload, size_t bytes) {
    if (payload == NULL) {
        return linnet_heap_allocate(heap, bytes);
    }
    struct block *block = (struct block *)(void *)((uint8_t *)payload - HEADER_BYTES);
    uint32_t before = size_of(block);
    uint32_t size = size_for(bytes);
    if (size == 0) {
        return NULL;
    }
    if (size > before) {
        grow(heap, block, size);
        if (size_of(block) < size) {
            return move(heap, block, bytes);
        }
    }
    split(heap, block, size);
    count_use(heap, block, before);
    uint32_t kept = before - HEADER_BYTES < bytes ? before - HEADER_BYTES : (uint32_t)bytes;
    memset((uint8_t *)payload + kept, 0, size_of(block) - HEADER_BYTES - kept);
    return payload;
}

void linnet_heap_free(struct linnet_heap *heap, void *payload) {
    if (payload == NULL) {
        return;
    }
    struct block *block = (struct block *)(void *)((uint8_t *)payload - HEADER_BYTES);
    struct block *next = next_of(heap, block);
    uint32_t size = size_of(block);
    heap->used_bytes -= size;
    if (next != NULL && !is_used(next)) {
        size += size_of(next);
    }
    if (block->previous_size != 0) {
        struct block *previous = block_at(heap, offset_of(heap, block) - block->previous_size);
        if (!is_used(previous)) {
            block = previous;
            size += size_of(previous);
        }
    }
    block->size_and_used = 0;
    set_size(heap, block, size);
}
