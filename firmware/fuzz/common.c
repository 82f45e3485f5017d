#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS 8192u

/* libFuzzer watches the bytes of this section as it watches edges of instrumented code. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t events[EVENTS];

void fuzz_require(bool holds, const char *claim) {
    if (!holds) {
        fprintf(stderr, "broken: %s\n", claim);
        abort();
    }
}

void fuzz_note(uint32_t event) {
    uint32_t hash = event * 0x9e3779b1u;
    events[(hash >> 16) % EVENTS] = 1;
}

uint32_t fuzz_read_kernel(uint8_t *wasm, uint32_t capacity) {
    const char *path = getenv("LINNET_FUZZ_KERNEL");
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    fuzz_require(file != NULL, "LINNET_FUZZ_KERNEL names a file");
    uint32_t bytes = (uint32_t)fread(wasm, 1, capacity, file);
    fclose(file);
    return bytes;
}

uint32_t fuzz_take(struct fuzz_input *input, uint32_t bytes) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t byte = input->at < input->size ? input->data[input->at] : 0;
        value |= byte << (8u * i);
        input->at++;
    }
    return value;
}

bool fuzz_is_empty(const struct fuzz_input *input) {
    return input->at >= input->size;
}

uint32_t fuzz_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

uint32_t fuzz_edge(uint32_t *state) {
    static const uint32_t limits[] = {0,    16,    64,    128,   256,      4096,
                                      8192, 16384, 32768, 65536, 1u << 24, 1u << 31};
    uint32_t count = (uint32_t)(sizeof limits / sizeof limits[0]);
    switch (fuzz_random(state) % 3u) {
    case 0:
        return fuzz_random(state) % 12u;
    case 1:
        return limits[fuzz_random(state) % count] + fuzz_random(state) % 3u - 1u;
    default:
        return fuzz_random(state);
    }
}
