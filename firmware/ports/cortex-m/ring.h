/*
 * Bytes from an interrupt handler to the main program, without locks: the handler alone moves
 * `head`, the program alone moves `tail`.
 */
#ifndef LINNET_RING_H
#define LINNET_RING_H

#include <stdbool.h>
#include <stdint.h>

/* A power of two; one frame and what follows it while the node is busy. */
#define RING_BYTES 1024u

struct ring {
    volatile uint32_t head; /* bytes ever put */
    volatile uint32_t tail; /* bytes ever taken */
    uint8_t bytes[RING_BYTES];
};

static inline bool ring_is_empty(const struct ring *ring) {
    return ring->head == ring->tail;
}

static inline bool ring_is_full(const struct ring *ring) {
    return ring->head - ring->tail == RING_BYTES;
}

/* Must not be called on a full ring. */
static inline void ring_put(struct ring *ring, uint8_t byte) {
    uint32_t head = ring->head;
    ring->bytes[head % RING_BYTES] = byte;
    ring->head = head + 1u;
}

/* Takes up to `capacity` bytes; returns how many. */
static inline uint32_t ring_take(struct ring *ring, uint8_t *out, uint32_t capacity) {
    uint32_t tail = ring->tail;
    uint32_t count = 0;
    while (count < capacity && tail != ring->head) {
        out[count++] = ring->bytes[tail++ % RING_BYTES];
    }
    ring->tail = tail;
    return count;
}

#endif
