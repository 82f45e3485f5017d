#include "check.h"
#include "heap.h"

#define HEADER 8u
#define ARENA 2048u
#define LIVE 24u

struct live {
    uint8_t *bytes; /* NULL = this place is free */
    uint32_t length;
    uint8_t fill;
};

/* A heap beside the list of what should be in it. */
struct model {
    struct linnet_heap heap;
    uint8_t *memory;
    struct live live[LIVE];
    uint32_t refusals;
};

static uint32_t block_bytes(uint32_t length) {
    return (length + HEADER + 7) & ~7u;
}

static void open_model(struct model *model, uint32_t bytes) {
    memset(model, 0, sizeof *model);
    model->memory = malloc(bytes);
    CHECK(model->memory != NULL);
    memset(model->memory, 0xa5, bytes);
    linnet_heap_init(&model->heap, model->memory, bytes);
}

/* The largest run of bytes between the live blocks, ends of the heap included. */
static uint32_t largest_gap(const struct model *model) {
    uint32_t position = 0;
    uint32_t largest = 0;
    for (;;) {
        uint32_t next = model->heap.bytes;
        uint32_t next_end = 0;
        for (uint32_t i = 0; i < LIVE; i++) {
            const struct live *live = &model->live[i];
            uint32_t start =
                live->bytes == NULL ? UINT32_MAX : (uint32_t)(live->bytes - model->memory) - HEADER;
            if (start >= position && start < next) {
                next = start;
                next_end = start + block_bytes(live->length);
            }
        }
        largest = next - position > largest ? next - position : largest;
        if (next_end == 0) {
            return largest;
        }
        position = next_end;
    }
}

static void check_contents(const struct live *live, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        CHECK_EQUAL(live->bytes[i], live->fill);
    }
}

static void check_zeros(const uint8_t *bytes, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        CHECK_EQUAL(bytes[i], 0);
    }
}

static void check_place(const struct model *model, const uint8_t *bytes, uint32_t length) {
    CHECK(((uintptr_t)bytes & 7) == 0);
    CHECK(bytes >= model->memory + HEADER);
    CHECK(bytes + length <= model->memory + model->heap.bytes);
}

static void check_totals(const struct model *model) {
    uint32_t used = 0;
    uint32_t end = 0;
    for (uint32_t i = 0; i < LIVE; i++) {
        const struct live *live = &model->live[i];
        if (live->bytes != NULL) {
            uint32_t start = (uint32_t)(live->bytes - model->memory) - HEADER;
            check_contents(live, live->length);
            used += block_bytes(live->length);
            end = start + block_bytes(live->length) > end ? start + block_bytes(live->length) : end;
        }
    }
    CHECK_EQUAL(model->heap.used_bytes, used);
    CHECK(model->heap.high_water_bytes >= end && model->heap.high_water_bytes <= model->heap.bytes);
}

static void allocate(struct model *model, struct live *live, uint32_t length, uint8_t fill) {
    uint32_t gap = largest_gap(model);
    uint8_t *bytes = linnet_heap_allocate(&model->heap, length);
    if (bytes == NULL) {
        CHECK(gap < block_bytes(length));
        model->refusals++;
        return;
    }
    check_place(model, bytes, length);
    check_zeros(bytes, 0, length);
    memset(bytes, fill, length);
    live->bytes = bytes;
    live->length = length;
    live->fill = fill;
}

static void resize(struct model *model, struct live *live, uint32_t length) {
    uint32_t kept = length < live->length ? length : live->length;
    uint32_t gap = largest_gap(model);
    uint8_t *bytes = linnet_heap_resize(&model->heap, live->bytes, length);
    if (bytes == NULL) {
        CHECK(length > live->length && gap < block_bytes(length));
        model->refusals++;
        return;
    }
    live->bytes = bytes;
    live->length = length;
    check_place(model, bytes, length);
    check_contents(live, kept);
    check_zeros(bytes, kept, length);
    memset(bytes, live->fill, length);
}

/* One step of a random history that is the same for the same seed. */
static void step(struct model *model, uint32_t *seed) {
    struct live *live = &model->live[random_below(seed, LIVE)];
    uint32_t length = random_below(seed, random_below(seed, 4) == 0 ? 600 : 60);
    uint8_t fill = (uint8_t)(1 + random_below(seed, 255));
    uint32_t choice = random_below(seed, 3);
    if (live->bytes == NULL) {
        allocate(model, live, length, fill);
    } else if (choice == 0) {
        resize(model, live, length);
    } else {
        linnet_heap_free(&model->heap, live->bytes);
        live->bytes = NULL;
    }
    check_totals(model);
}

static void free_all(struct model *model) {
    for (uint32_t i = 0; i < LIVE; i++) {
        linnet_heap_free(&model->heap, model->live[i].bytes);
        model->live[i].bytes = NULL;
    }
}

static void test_random_histories(void) {
    uint32_t refusals = 0;
    for (uint32_t history = 1; history <= 40; history++) {
        struct model model;
        uint32_t seed = random_stream(history);
        open_model(&model, ARENA);
        for (uint32_t i = 0; i < 1000; i++) {
            step(&model, &seed);
        }
        refusals += model.refusals;
        free_all(&model);
        CHECK_EQUAL(model.heap.used_bytes, 0);
        CHECK(linnet_heap_allocate(&model.heap, ARENA - HEADER) != NULL);
        free(model.memory);
    }
    CHECK(refusals > 1000);
}

static void test_the_high_water_mark_would_have_done(void) {
    for (uint32_t history = 1; history <= 20; history++) {
        struct model wide;
        struct model tight;
        uint32_t wide_seed = random_stream(history);
        uint32_t tight_seed = wide_seed;
        open_model(&wide, 64 * ARENA);
        for (uint32_t i = 0; i < 300; i++) {
            step(&wide, &wide_seed);
        }
        CHECK_EQUAL(wide.refusals, 0);
        open_model(&tight, wide.heap.high_water_bytes);
        for (uint32_t i = 0; i < 300; i++) {
            step(&tight, &tight_seed);
        }
        CHECK_EQUAL(tight.refusals, 0);
        free(wide.memory);
        free(tight.memory);
    }
}

static void test_a_block_grows_where_it_is(void) {
    uint64_t memory[16];
    struct linnet_heap heap;
    linnet_heap_init(&heap, memory, sizeof memory);
    uint8_t *first = linnet_heap_allocate(&heap, 40);
    uint8_t *second = linnet_heap_allocate(&heap, 40);
    CHECK(first != NULL && second != NULL);
    memset(second, 7, 40);
    CHECK(linnet_heap_resize(&heap, second, 72) == second);
    CHECK_EQUAL(second[39], 7);
    CHECK_EQUAL(second[40], 0);
    CHECK(linnet_heap_resize(&heap, second, 73) == NULL);
    CHECK_EQUAL(second[39], 7);
    CHECK_EQUAL(heap.used_bytes, sizeof memory);
}

static void test_corners(void) {
    uint64_t memory[8];
    struct linnet_heap heap;
    linnet_heap_init(&heap, memory, sizeof memory);
    CHECK(linnet_heap_allocate(&heap, SIZE_MAX) == NULL);
    CHECK(linnet_heap_allocate(&heap, UINT32_MAX) == NULL);
    CHECK(linnet_heap_allocate(&heap, sizeof memory - HEADER + 1) == NULL);
    uint8_t *all = linnet_heap_resize(&heap, NULL, sizeof memory - HEADER);
    CHECK(all == (uint8_t *)memory + HEADER);
    CHECK(linnet_heap_resize(&heap, all, SIZE_MAX) == NULL);
    CHECK(linnet_heap_allocate(&heap, 0) == NULL);
    CHECK(linnet_heap_resize(&heap, all, 0) == all);
    CHECK(linnet_heap_allocate(&heap, 0) != NULL);
    linnet_heap_free(&heap, NULL);
    CHECK_EQUAL(heap.high_water_bytes, sizeof memory);
    linnet_heap_reset(&heap);
    CHECK_EQUAL(heap.used_bytes, 0);
    CHECK_EQUAL(heap.high_water_bytes, sizeof memory);
    linnet_heap_init(&heap, memory, 7);
    CHECK(linnet_heap_allocate(&heap, 0) == NULL);
    CHECK_EQUAL(heap.high_water_bytes, 0);
}

int main(void) {
    test_random_histories();
    test_the_high_water_mark_would_have_done();
    test_a_block_grows_where_it_is();
    test_corners();
    return 0;
}
