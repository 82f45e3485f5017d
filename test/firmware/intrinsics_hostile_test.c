/*
 * Layers, heads and arguments that no kernel would make: the intrinsics stay inside their memory
 * (guards and sanitizers), and whoever gets ERR_RANGE finds nothing written.
 */
#include "layers.h"

#ifndef ROUNDS
#define ROUNDS 20000u
#endif

static struct arena arena;
static uint8_t before[ARENA_BYTES];

/* Values at which checks go wrong. */
static uint32_t nasty(uint32_t *random) {
    static const uint32_t values[] = {
        0u,          1u,          2u,     3u,       127u,     128u,        255u,   256u,
        4096u,       4097u,       32767u, 32768u,   32769u,   65535u,      65536u, 65537u,
        0x7fffffffu, 0x80000000u, ~0u,    ~0u - 3u, ~0u - 7u, 0x40000000u, 0xfffu, 0x3fffu};
    uint32_t style = random_below(random, 4u);
    if (style == 0) {
        return random_u32(random);
    }
    uint32_t near_end = arena.used - random_below(random, 64u);
    return style == 1u ? near_end : values[random_below(random, COUNT(values))];
}

/* Overwrites a few words or halves of a structure, or all of it. */
static void spoil(uint32_t *random, uint32_t at, uint32_t bytes) {
    uint8_t *structure = arena_start(&arena) + at;
    if (random_below(random, 10u) == 0) {
        random_fill(random, structure, bytes);
    }
    for (uint32_t n = random_below(random, 4u); n > 0; n--) {
        uint32_t value = nasty(random);
        uint32_t width = random_below(random, 2u) == 0 ? 2u : 4u;
        memcpy(structure + random_below(random, bytes / width) * width, &value, width);
    }
}

/* Aims a region at the structure itself, so that the call overwrites what it was told. */
static void aim(uint32_t *random, uint32_t at, uint32_t words) {
    uint32_t address = at + 4u * random_below(random, 8u);
    memcpy(arena_start(&arena) + at + 4u * random_below(random, words), &address, 4);
}

/* A function for layers of a kind or for heads, nearly always. */
static uint32_t choose_function(uint32_t *random, uint32_t kind) {
    uint32_t second = random_below(random, 2u);
    if (random_below(random, 10u) == 0) {
        return random_below(random, LINNET_INTRINSIC_COUNT);
    }
    return second + (kind == 0                         ? LINNET_INTRINSIC_softmax_cross_entropy
                     : kind >= LINNET_RECORD_MAX_POOL  ? LINNET_INTRINSIC_pool_forward
                     : kind == LINNET_RECORD_DEPTHWISE ? LINNET_INTRINSIC_depthwise_forward
                                                       : LINNET_INTRINSIC_linear_forward);
}

/* Places a spoilt structure; gives its address and a function to call. */
static uint32_t choose_structure(uint32_t *random, uint32_t *function) {
    static const struct bounds bounds = {24u, 5u, 6u, 4u};
    uint32_t is_head = random_below(random, 5u) == 0;
    uint32_t kind = LINNET_RECORD_DENSE + random_below(random, 6u);
    struct placed placed =
        is_head ? place_head(random, &arena, 1) : place_layer(random, &arena, kind, &bounds);
    uint32_t bytes = is_head ? sizeof(struct linnet_head) : sizeof(struct linnet_layer);
    if (random_below(random, 4u) == 0) {
        aim(random, placed.at, is_head ? 5u : 9u);
    } else {
        spoil(random, placed.at, bytes);
    }
    *function = choose_function(random, is_head ? 0u : kind);
    return placed.at;
}

static uint32_t refused;

static void attack(uint32_t *random) {
    uint32_t index;
    uint32_t at = choose_structure(random, &index);
    int32_t arguments[4] = {(int32_t)at, -(int32_t)random_below(random, 20u),
                            (int32_t)random_u32(random), (int32_t)random_below(random, 14u)};
    for (uint32_t i = 0; i < 4u; i++) {
        if (random_below(random, 40u) == 0) {
            arguments[i] = (int32_t)nasty(random);
        }
    }
    memcpy(before, arena_start(&arena), arena.used);
    int32_t result = arena_call(&arena, index, arguments);
    CHECK(result == LINNET_ERR_RANGE || (result >= 0 && result <= (int32_t)LINNET_LOSS_SKIPPED));
    if (result == LINNET_ERR_RANGE) {
        refused++;
        CHECK(memcmp(before, arena_start(&arena), arena.used) == 0);
    }
}

int main(void) {
    for (uint32_t n = 0; n < ROUNDS; n++) {
        uint32_t random = random_stream(n);
        attack(&random);
    }
    CHECK(refused > ROUNDS / 4u && refused < ROUNDS / 4u * 3u);
    printf("%d attacks, %d refused\n", (int)ROUNDS, (int)refused);
    exit(0);
}
