/*
 * Fuzz target: any bytes as a stream of frames (SPEC 6). Claims: the decoder never writes outside
 * its buffer (which has its exact size, so the address sanitizer watches); in what pieces the bytes
 * come changes neither the messages nor the count of bad frames; a message that comes out is
 * not longer than the largest; and encoded again it comes out again.
 *
 *     u8 largest message  u8 seed of the pieces  stream
 */
#include "frame.h"
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"

#define HEADROOM LINNET_FRAME_CODES(256u)

/* What came out of a stream: every message behind its length. */
struct heard {
    uint8_t *bytes;
    uint32_t length;
    uint32_t bad_frames;
};

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    return 0;
}

static void *allocate(size_t bytes) {
    void *memory = malloc(bytes == 0 ? 1u : bytes);
    fuzz_require(memory != NULL, "there is memory");
    return memory;
}

static void hear(struct heard *heard, struct linnet_span message) {
    memcpy(heard->bytes + heard->length, &message.length, sizeof message.length);
    heard->length += (uint32_t)sizeof message.length;
    memcpy(heard->bytes + heard->length, message.data, message.length);
    heard->length += message.length;
}

/* Decodes the stream in pieces of at most `piece` bytes, 0 = random ones. */
static struct heard decode(const uint8_t *stream, uint32_t length, uint32_t largest, uint32_t piece,
                           uint32_t seed) {
    struct linnet_frame_decoder decoder;
    uint32_t capacity = LINNET_FRAME_DECODER_BYTES(largest);
    uint8_t *buffer = allocate(capacity);
    /* A message is shorter than its frame, by more than the four bytes in front of it here. */
    struct heard heard = {allocate(length), 0, 0};
    uint32_t at = 0;
    linnet_frame_decoder_init(&decoder, buffer, capacity);
    while (at < length) {
        struct linnet_span message;
        uint32_t bytes = piece == 0 ? 1u + fuzz_random(&seed) % 17u : piece;
        uint32_t left = length - at;
        uint32_t taken =
            linnet_frame_decode(&decoder, stream + at, bytes < left ? bytes : left, &message);
        fuzz_require(taken > 0 && taken <= left, "the decoder takes bytes, and only given ones");
        at += taken;
        if (message.data != NULL) {
            fuzz_require(message.length > 0 && message.length <= largest,
                         "a message is no longer than the largest");
            hear(&heard, message);
        }
    }
    heard.bad_frames = decoder.bad_frames;
    free(buffer);
    return heard;
}

static void require_again(const uint8_t *message, uint32_t length) {
    uint32_t room = HEADROOM + LINNET_FRAME_BYTES(length);
    uint8_t *frame = allocate(room);
    memcpy(frame + HEADROOM, message, length);
    uint32_t bytes = linnet_frame_encode(frame, HEADROOM, length);
    fuzz_require(bytes <= LINNET_FRAME_BYTES(length), "a frame is no longer than promised");
    fuzz_require(memchr(frame, 0, bytes) == frame + bytes - 1u, "00 ends a frame and nothing else");
    struct heard again = decode(frame, bytes, length, bytes, 0);
    fuzz_require(again.bad_frames == 0 && again.length == length + sizeof length &&
                     memcmp(again.bytes + sizeof length, message, length) == 0,
                 "what is encoded comes out");
    free(again.bytes);
    free(frame);
}

static void require_equal(const struct heard *a, const struct heard *b) {
    fuzz_require(a->bad_frames == b->bad_frames && a->length == b->length &&
                     memcmp(a->bytes, b->bytes, a->length) == 0,
                 "pieces do not matter");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size, 0};
    uint32_t largest = 1u + fuzz_take(&input, 1);
    uint32_t seed = fuzz_take(&input, 1);
    if (size <= 2u) {
        return 0;
    }
    const uint8_t *stream = data + 2;
    uint32_t length = (uint32_t)size - 2u;
    struct heard whole = decode(stream, length, largest, length, 0);
    struct heard bytewise = decode(stream, length, largest, 1, 0);
    struct heard pieces = decode(stream, length, largest, 0, seed);
    require_equal(&whole, &bytewise);
    require_equal(&whole, &pieces);
    for (uint32_t at = 0; at < whole.length;) {
        uint32_t bytes;
        memcpy(&bytes, whole.bytes + at, sizeof bytes);
        require_again(whole.bytes + at + sizeof bytes, bytes);
        at += (uint32_t)sizeof bytes + bytes;
    }
    fuzz_note(whole.bad_frames < 8u ? whole.bad_frames : 8u);
    free(whole.bytes);
    free(bytewise.bytes);
    free(pieces.bytes);
    return 0;
}

/* Half of the time a frame with a good checksum is put behind what is there. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed) {
    uint32_t state = seed;
    uint32_t length = 1u + fuzz_random(&state) % 255u;
    if (fuzz_random(&state) % 2u == 0 || size < 2u ||
        capacity - size < HEADROOM + LINNET_FRAME_BYTES(length)) {
        return LLVMFuzzerMutate(data, size, capacity);
    }
    uint8_t *frame = data + size;
    uint32_t zeros = 1u + fuzz_random(&state) % 300u;
    for (uint32_t i = 0; i < length; i++) {
        frame[HEADROOM + i] = (uint8_t)(fuzz_random(&state) % zeros);
    }
    return size + linnet_frame_encode(frame, HEADROOM, length);
}
