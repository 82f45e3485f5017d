/*
 * Linear memory for tests of the intrinsics: between two guards that must never change, which
 * AddressSanitizer watches where there is one, and that a test can compare as a whole.
 */
#ifndef LINNET_TEST_ARENA_H
#define LINNET_TEST_ARENA_H

#include "check.h"
#include "intrinsics/intrinsics.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

#define ARENA_BYTES (192u * 1024u)
#define GUARD_BYTES 4096u
#define GUARD_VALUE 0xa5u

/* Memory starts in the middle of `bytes`, at a multiple of 8. */
struct arena {
    uint64_t bytes[(ARENA_BYTES + 2u * GUARD_BYTES) / 8u];
    uint32_t used;
};

static inline uint8_t *arena_start(struct arena *arena) {
    return (uint8_t *)arena->bytes + GUARD_BYTES;
}

static inline void arena_watch(struct arena *arena, int is_watched) {
    uint8_t *first = (uint8_t *)arena->bytes;
    uint8_t *end = arena_start(arena) + arena->used;
    uint32_t rest = (uint32_t)(first + sizeof arena->bytes - end);
    if (is_watched) {
        ASAN_POISON_MEMORY_REGION(first, GUARD_BYTES);
        ASAN_POISON_MEMORY_REGION(end, rest);
    } else {
        ASAN_UNPOISON_MEMORY_REGION(first, GUARD_BYTES);
        ASAN_UNPOISON_MEMORY_REGION(end, rest);
    }
}

/* Gives the arena `used` bytes of memory, a multiple of 8. */
static inline void arena_open(struct arena *arena, uint32_t used) {
    CHECK(used <= ARENA_BYTES && used % 8u == 0);
    arena->used = used;
    memset(arena->bytes, GUARD_VALUE, GUARD_BYTES);
    memset(arena_start(arena) + used, GUARD_VALUE, GUARD_BYTES);
}

/* Calls an intrinsic with the guards watched, then looks at them. */
static inline int32_t arena_call(struct arena *arena, uint32_t index, const int32_t arguments[4]) {
    struct linnet_memory memory = {arena_start(arena), arena->used};
    uint64_t slots[4];
    for (uint32_t i = 0; i < 4u; i++) {
        slots[i] = (uint32_t)arguments[i] | 0xdead000000000000u;
    }
    arena_watch(arena, 1);
    int32_t result = linnet_intrinsics[index].entry(memory, slots);
    arena_watch(arena, 0);
    const uint8_t *before = (const uint8_t *)arena->bytes;
    const uint8_t *behind = arena_start(arena) + arena->used;
    for (uint32_t i = 0; i < GUARD_BYTES; i++) {
        CHECK(before[i] == GUARD_VALUE && behind[i] == GUARD_VALUE);
    }
    return result;
}

#endif
