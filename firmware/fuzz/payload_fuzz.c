/*
 * Fuzz target: any bytes as the payload of an upload or of a difference (SPEC 9), read by the
 * kernel as the aggregator and a node read it. Claims: no call traps, the canaries live, no more
 * bytes are taken than there are, words come in order and end with the last parameter; a payload
 * that is read has words in ±DELTA_LIMIT only, and its delta, coded exactly or, of DENSE, as it
 * came, is read back as it was.
 *
 *     u8 codec  u8 frozenLayers  payload
 *
 * LINNET_FUZZ_KERNEL names the kernel.wasm.
 */
#include <string.h>
#include "fuzz.h"
#include "kernel.h"

#define WASM_BYTES (256u * 1024u)
#define MEMORY_BYTES 16384u
#define ENGINE_BYTES (256u * 1024u)
#define CODED_OFFSET (2u * LINNET_CODEC_WORDS)
#define CODED_BYTES (2u * (LINNET_IO_WORDS - LINNET_CODEC_WORDS))
/* Exact payloads of MAX_PARAMETERS words: at most 33 bits a word and 4 a segment. */
#define MAX_PARAMETERS 256u
#define MAX_PAYLOAD 1200u

/* A descriptor of 12-8-5: 149 parameters in four segments. */
static const uint8_t descriptor[] = {
    76, 78, 78, 68, 1, 0, 4, 0, 76, 0, 0,  0, 0,   0, 0,   0,  1,  0, 16, 0, 1, 0, 12,  0, 1,   0,
    0,  0,  0,  0,  0, 0, 0, 0, 0,  0, 16, 0, 12,  0, 0,   0,  1,  0, 12, 0, 8, 0, 251, 1, 161, 22,
    16, 0,  12, 0,  1, 0, 2, 0, 8,  0, 5,  0, 251, 0, 153, 19, 64, 0, 4,  0, 2, 0, 5,   0};

static uint8_t wasm[WASM_BYTES];
static uint32_t wasm_bytes;
static uint64_t heap_memory[(MEMORY_BYTES + ENGINE_BYTES) / 8u];

struct coder {
    struct linnet_heap heap;
    struct linnet_kernel kernel;
    uint32_t parameters;
    uint32_t io;
};

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    wasm_bytes = fuzz_read_kernel(wasm, sizeof wasm);
    return 0;
}

static int32_t call(struct coder *coder, enum linnet_kernel_function function, uint32_t a,
                    uint32_t b) {
    int32_t result = linnet_kernel_call(&coder->kernel, function, (int32_t)a, (int32_t)b, 0);
    fuzz_require(coder->kernel.heap != NULL, "no call traps");
    fuzz_note(64u * (uint32_t)function + (result < 0 ? (uint32_t)-result : 0));
    return result;
}

static uint8_t *io_of(struct coder *coder) {
    return linnet_kernel_at(&coder->kernel, coder->io, 2u * LINNET_IO_WORDS);
}

static uint32_t next_parameter(struct coder *coder) {
    return linnet_kernel_word(&coder->kernel, LINNET_BLOCK_CODEC_OFFSET);
}

static void open_coder(struct coder *coder, uint32_t frozen_layers) {
    memset(coder, 0, sizeof *coder);
    linnet_heap_init(&coder->heap, heap_memory, sizeof heap_memory);
    linnet_status_t status =
        linnet_kernel_open(&coder->kernel, &coder->heap, wasm, wasm_bytes, MEMORY_BYTES);
    fuzz_require(status == LINNET_OK, "the kernel opens");
    uint32_t at = linnet_kernel_word(&coder->kernel, LINNET_BLOCK_DESCRIPTOR_PTR);
    memcpy(linnet_kernel_at(&coder->kernel, at, sizeof descriptor), descriptor, sizeof descriptor);
    linnet_kernel_set_word(&coder->kernel, LINNET_BLOCK_MEMORY_BYTES, MEMORY_BYTES);
    linnet_kernel_set_word(&coder->kernel, LINNET_BLOCK_FROZEN_LAYERS, frozen_layers);
    linnet_kernel_set_word(&coder->kernel, LINNET_BLOCK_DESCRIPTOR_BYTES, sizeof descriptor);
    fuzz_require(call(coder, LINNET_KERNEL_FUNCTION_plan, 0, 0) == LINNET_OK, "the model fits");
    coder->parameters = linnet_kernel_word(&coder->kernel, LINNET_BLOCK_PARAMETERS);
    coder->io = linnet_kernel_word(&coder->kernel, LINNET_BLOCK_IO_PTR);
    fuzz_require(coder->parameters <= MAX_PARAMETERS, "the model is as small as it says");
    fuzz_require(call(coder, LINNET_KERNEL_FUNCTION_begin, 0, 0) == LINNET_OK, "it begins");
}

/* Reads a payload into delta [P], 0 where it says nothing; false if it is none. */
static bool decode(struct coder *coder, uint32_t codec, const uint8_t *payload, uint32_t length,
                   int16_t *delta) {
    uint32_t taken = 0;
    memset(delta, 0, sizeof *delta * MAX_PARAMETERS);
    if (call(coder, LINNET_KERNEL_FUNCTION_decoding, codec, 0) < 0) {
        return false;
    }
    for (uint32_t at = next_parameter(coder); at < coder->parameters; at = next_parameter(coder)) {
        uint32_t left = length - taken;
        uint32_t window = left < CODED_BYTES ? left : CODED_BYTES;
        memcpy(io_of(coder) + CODED_OFFSET, payload + taken, window);
        int32_t answer = call(coder, LINNET_KERNEL_FUNCTION_decode, window, 0);
        if (answer < 0) {
            return false;
        }
        uint32_t words = (uint32_t)answer >> 8;
        taken += (uint32_t)answer & 0xffu;
        fuzz_require(taken <= length, "no more bytes are taken than there are");
        fuzz_require(words <= LINNET_CODEC_WORDS && at + words <= next_parameter(coder),
                     "words come in order");
        memcpy(delta + at, io_of(coder), sizeof *delta * words);
    }
    return taken == length;
}

/* The payload of the parameters minus a base of zeros, of a codec that is known. */
static uint32_t encode(struct coder *coder, uint32_t codec, uint8_t *payload) {
    uint32_t length = 0;
    fuzz_require(call(coder, LINNET_KERNEL_FUNCTION_encoding, codec, 0) == 0, "the codec is known");
    for (uint32_t at = next_parameter(coder); at < coder->parameters; at = next_parameter(coder)) {
        uint32_t left = coder->parameters - at;
        uint32_t count = left < LINNET_CODEC_WORDS ? left : LINNET_CODEC_WORDS;
        memset(io_of(coder), 0, 2u * count);
        int32_t answer = call(coder, LINNET_KERNEL_FUNCTION_encode, count, 0);
        uint32_t bytes = (uint32_t)answer & 0xffu;
        fuzz_require(answer >= 0 && bytes <= CODED_BYTES && length + bytes <= MAX_PAYLOAD,
                     "a slice is bounded");
        memcpy(payload + length, io_of(coder) + CODED_OFFSET, bytes);
        length += bytes;
    }
    return length;
}

static void load(struct coder *coder, const int16_t *words) {
    for (uint32_t at = 0; at < coder->parameters; at += LINNET_IO_WORDS) {
        uint32_t left = coder->parameters - at;
        uint32_t count = left < LINNET_IO_WORDS ? left : LINNET_IO_WORDS;
        memcpy(io_of(coder), words + at, 2u * count);
        fuzz_require(call(coder, LINNET_KERNEL_FUNCTION_load, at, count) == LINNET_OK, "load");
    }
}

static void code_again(struct coder *coder, uint32_t codec, const int16_t *delta) {
    static uint8_t payload[MAX_PAYLOAD];
    int16_t again[MAX_PARAMETERS];
    uint32_t length = encode(coder, codec, payload);
    fuzz_require(decode(coder, codec, payload, length, again) &&
                     memcmp(delta, again, 2u * coder->parameters) == 0,
                 "what is coded without loss is read as it was");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct coder coder;
    int16_t delta[MAX_PARAMETERS];
    struct fuzz_input input = {data, size, 0};
    uint32_t codec = fuzz_take(&input, 1);
    open_coder(&coder, fuzz_take(&input, 1));
    if (size > 2u && decode(&coder, codec, data + 2, (uint32_t)size - 2u, delta)) {
        bool is_clamped = false;
        for (uint32_t i = 0; i < coder.parameters; i++) {
            fuzz_require(delta[i] >= -(int32_t)LINNET_DELTA_LIMIT, "a word is in ±DELTA_LIMIT");
            is_clamped = is_clamped || delta[i] == LINNET_DELTA_LIMIT ||
                         delta[i] == -(int32_t)LINNET_DELTA_LIMIT;
        }
        load(&coder, delta);
        code_again(&coder, LINNET_CODEC_RICE_INT16, delta);
        /* Multiples of its scale are multiples of the smallest that fits. */
        if (codec >= LINNET_CODEC_DENSE_2 && codec <= LINNET_CODEC_DENSE_8 && !is_clamped) {
            code_again(&coder, codec, delta);
        }
        fuzz_note(0x40000u + codec);
    }
    fuzz_require(call(&coder, LINNET_KERNEL_FUNCTION_check, 0, 0) == LINNET_OK,
                 "the canaries live");
    linnet_kernel_close(&coder.kernel);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed) {
    (void)seed;
    return LLVMFuzzerMutate(data, size, capacity);
}
