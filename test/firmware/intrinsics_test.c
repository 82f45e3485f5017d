/*
 * The intrinsics against the specification written plainly (naive.c), on random layers and heads:
 * every byte of memory but scratch and the wide buffer must be the same afterwards. Runs natively
 * with sanitizers and, as intrinsics_test.elf, on an emulated Cortex-M.
 */
#include "layers.h"
#include "naive.h"

#ifndef ROUNDS
#define ROUNDS 200u
#endif

static struct arena actual;
static struct arena expected;

static const struct bounds bounds = {40u, 9u, 11u, 6u};

/* The expected memory, with what a call may leave in any state taken from the actual one. */
static void compare(const struct placed *placed) {
    uint8_t *a = arena_start(&actual);
    uint8_t *e = arena_start(&expected);
    memcpy(e + placed->scratch, a + placed->scratch, placed->scratch_bytes);
    memcpy(e + placed->wide, a + placed->wide, placed->wide_bytes);
    for (uint32_t i = 0; i < actual.used; i++) {
        if (a[i] != e[i]) {
            struct linnet_layer l;
            memcpy(&l, a + placed->at, sizeof l);
            fprintf(stderr, "x %d y %d w %d b %d error %d at %d\n", (int)l.x, (int)l.y,
                    (int)l.weights, (int)l.bias, (int)l.error, (int)i);
            fprintf(stderr, "kind %d flags %d, %dx%dx%d -> %dx%dx%d, kernel %dx%d\n", l.kind,
                    l.flags, l.height, l.width, l.channels, l.output_height, l.output_width,
                    l.outputs, l.kernel_height, l.kernel_width);
        }
        CHECK_EQUAL(a[i], e[i]);
    }
}

static void copy_memory(void) {
    arena_open(&expected, actual.used);
    memcpy(arena_start(&expected), arena_start(&actual), actual.used);
}

static uint32_t forward_of(uint32_t kind) {
    return kind >= LINNET_RECORD_MAX_POOL    ? LINNET_INTRINSIC_pool_forward
           : kind == LINNET_RECORD_DEPTHWISE ? LINNET_INTRINSIC_depthwise_forward
                                             : LINNET_INTRINSIC_linear_forward;
}

static void test_forward(uint32_t *random, uint32_t kind) {
    struct placed placed = place_layer(random, &actual, kind, &bounds);
    int32_t arguments[4] = {(int32_t)placed.at, -1, -1, -1};
    copy_memory();
    uint8_t *memory = arena_start(&expected);
    int32_t result = kind >= LINNET_RECORD_MAX_POOL ? naive_pool_forward(memory, placed.at)
                                                    : naive_linear_forward(memory, placed.at);
    CHECK_EQUAL(arena_call(&actual, forward_of(kind), arguments), result);
    compare(&placed);
}

static void test_backward(uint32_t *random, uint32_t kind) {
    struct placed placed = place_layer(random, &actual, kind, &bounds);
    int32_t error_exponent = -(int32_t)random_below(random, 24u);
    if (random_below(random, 20u) == 0) {
        error_exponent = (int32_t)random_below(random, 128u) - 64;
    }
    uint32_t seed = random_u32(random);
    int32_t lr_shift = (int32_t)random_below(random, 14u);
    int32_t arguments[4] = {(int32_t)placed.at, error_exponent, (int32_t)seed, lr_shift};
    copy_memory();
    uint8_t *memory = arena_start(&expected);
    int32_t result = kind >= LINNET_RECORD_MAX_POOL
                         ? naive_pool_backward(memory, placed.at, error_exponent)
                         : naive_linear_backward(memory, placed.at, error_exponent, seed, lr_shift);
    CHECK_EQUAL(arena_call(&actual, forward_of(kind) + 1u, arguments), result);
    compare(&placed);
}

static void test_loss(uint32_t *random, int is_softmax) {
    struct placed placed = place_head(random, &actual, is_softmax);
    struct linnet_head head;
    memcpy(&head, arena_start(&actual) + placed.at, sizeof head);
    uint32_t label = is_softmax ? random_below(random, head.elements) : 0u;
    if (is_softmax && random_below(random, 4u) == 0) {
        label = LINNET_NO_LABEL;
    }
    uint32_t threshold = random_below(random, 4u) * 800u;
    int32_t arguments[4] = {(int32_t)placed.at, (int32_t)label, (int32_t)threshold, -1};
    copy_memory();
    uint8_t *memory = arena_start(&expected);
    int32_t result = is_softmax ? naive_softmax(memory, placed.at, label, threshold)
                                : naive_squared_error(memory, placed.at, threshold);
    uint32_t index =
        is_softmax ? LINNET_INTRINSIC_softmax_cross_entropy : LINNET_INTRINSIC_squared_error;
    CHECK_EQUAL(arena_call(&actual, index, arguments), result);
    compare(&placed);
}

int main(void) {
    for (uint32_t n = 0; n < ROUNDS; n++) {
        uint32_t random = random_stream(n);
        for (uint32_t kind = LINNET_RECORD_DENSE; kind <= LINNET_RECORD_GLOBAL_AVERAGE_POOL;
             kind++) {
            test_forward(&random, kind);
            test_backward(&random, kind);
        }
        test_loss(&random, 1);
        test_loss(&random, 0);
    }
    printf("%d rounds\n", (int)ROUNDS);
    exit(0);
}
