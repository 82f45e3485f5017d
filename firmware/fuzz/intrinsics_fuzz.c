/*
 * Fuzz target: an intrinsic on any memory. Claims (SPEC 5.2): it answers ERR_RANGE and leaves the
 * memory as it was, or a value, and never touches a byte outside the memory (which the address
 * sanitizer watches, for the memory has its exact size) nor does what C leaves undefined.
 *
 *     u8 intrinsic  u8 0  u16 memory bytes, at most MEMORY_BYTES  i32 arguments[4]
 *     contents of the memory, zeros if they are too short
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "intrinsics.h"

/* Bounds how long a call takes. */
#define MEMORY_BYTES 16384u
#define PREFIX 20u

static bool is_answer(int32_t answer) {
    return answer == LINNET_ERR_RANGE || (answer >= 0 && answer <= (int32_t)LINNET_LOSS_SKIPPED);
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    return 0;
}

/* Memory of exactly `bytes` bytes at a multiple of 8, filled from the input. */
static uint8_t *make_memory(const struct fuzz_input *input, uint32_t bytes) {
    uint8_t *memory = calloc(bytes == 0 ? 1u : bytes, 1);
    fuzz_require(memory != NULL, "there is memory");
    size_t given = input->at < input->size ? input->size - input->at : 0;
    memcpy(memory, input->data + (given == 0 ? 0 : input->at), given < bytes ? given : bytes);
    return memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size, 0};
    uint32_t which = fuzz_take(&input, 2) % LINNET_INTRINSIC_COUNT;
    uint32_t bytes = fuzz_take(&input, 2) % (MEMORY_BYTES + 1u);
    uint64_t arguments[4];
    for (uint32_t i = 0; i < 4u; i++) {
        arguments[i] = fuzz_take(&input, 4);
    }
    uint8_t *before = make_memory(&input, bytes);
    uint8_t *after = make_memory(&input, bytes);
    struct linnet_memory memory = {after, bytes};
    int32_t answer = linnet_intrinsics[which].entry(memory, arguments);
    fuzz_require(is_answer(answer), "an intrinsic answers ERR_RANGE or what the table says");
    if (answer == LINNET_ERR_RANGE) {
        fuzz_require(memcmp(before, after, bytes) == 0, "a refusal leaves the memory as it was");
    }
    free(before);
    free(after);
    return 0;
}

/* Fields of the structure that the first argument names become other numbers. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed) {
    uint32_t state = seed;
    struct fuzz_input input = {data, size, 2};
    uint32_t bytes = fuzz_take(&input, 2);
    uint32_t at = PREFIX + fuzz_take(&input, 4);
    uint32_t length = (uint32_t)sizeof(struct linnet_layer);
    if (size < PREFIX || at > size || length > size - at || fuzz_random(&state) % 2u == 0) {
        return LLVMFuzzerMutate(data, size, capacity);
    }
    uint32_t value =
        fuzz_random(&state) % 4u == 0 ? bytes - fuzz_random(&state) % 300u : fuzz_edge(&state);
    uint32_t width = fuzz_random(&state) % 2u == 0 ? 2u : 4u;
    uint32_t field = at + (fuzz_random(&state) % (length / width)) * width;
    memcpy(data + field, &value, width);
    return size;
}
