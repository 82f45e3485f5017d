/*
 * Fuzz target: any bytes as the body of a link message (SPEC 6). Claims: what is unpacked lies in
 * the input, and packs to the very same bytes; packing into less room than that gives 0.
 *
 *     u8 which body  body
 */
#include "messages.gen.h"
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    return 0;
}

static void require_same(const uint8_t *body, uint32_t length, const uint8_t *packed,
                         uint32_t packed_length) {
    fuzz_require(packed_length == length && memcmp(packed, body, length) == 0,
                 "a body that is unpacked packs to the same bytes");
}

/* One function per body. The input has its exact size, so the address sanitizer watches its end. */
#define DEFINE_CHECK(name)                                                                         \
    static void check_##name(const uint8_t *body, uint32_t length, uint8_t *out) {                 \
        struct linnet_##name fields;                                                               \
        if (linnet_##name##_unpack(body, length, &fields) != LINNET_OK) {                          \
            return;                                                                                \
        }                                                                                          \
        require_same(body, length, out, linnet_##name##_pack(&fields, out, length));               \
        fuzz_require(length == 0 || linnet_##name##_pack(&fields, out, length - 1u) == 0,          \
                     "what finds no room is not packed");                                          \
    }
LINNET_MESSAGE_BODIES(DEFINE_CHECK)

#define CHECK_OF(name) check_##name,
static void (*const checks[])(const uint8_t *, uint32_t,
                              uint8_t *) = {LINNET_MESSAGE_BODIES(CHECK_OF)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    uint32_t length = (uint32_t)size - 1u;
    uint8_t *body = malloc(size);
    uint8_t *out = malloc(size);
    fuzz_require(body != NULL && out != NULL, "there is memory");
    memcpy(body, data + 1, length);
    checks[data[0] % (sizeof checks / sizeof checks[0])](body, length, out);
    free(body);
    free(out);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed) {
    (void)seed;
    return LLVMFuzzerMutate(data, size, capacity);
}
