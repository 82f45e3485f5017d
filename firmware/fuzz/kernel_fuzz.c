/*
 * Fuzz target: any bytes as a descriptor, then any calls. Claims (SPEC 5): every call answers a
 * status or a value, none traps; the kernel writes nothing beyond memoryBytes; the canaries of a
 * planned arena live. That no call hangs is the affair of libFuzzer's -timeout.
 *
 *     u16 descriptor bytes  u8 memory, in units of 512  u8 0  u32 frozenLayers
 *     descriptor
 *     then per action:  u8 what  u8 seed  u16 argument
 *
 * LINNET_FUZZ_KERNEL names the kernel.wasm.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "fuzz.h"
#include "kernel.h"

#define WASM_BYTES (256u * 1024u)
#define MEMORY_UNIT 512u
#define LARGEST_MEMORY (256u * MEMORY_UNIT)
/* Room for what the kernel has before any model, and for a descriptor. */
#define LEAST_MEMORY 8192u
#define ENGINE_BYTES (256u * 1024u)
#define PATTERN 0xc5
/* Steps on a large model take long in an interpreter, and a few say as much as many. */
#define MAX_ACTIONS 24u
#define MAX_STEPS 4u
#define MAX_SLICES 16u

static uint8_t wasm[WASM_BYTES];
static uint32_t wasm_bytes;
static uint64_t heap_memory[(LARGEST_MEMORY + ENGINE_BYTES) / 8u];

/* What plan() answered, read before the fuzzer may overwrite it. */
struct planned {
    uint32_t input;
    uint32_t input_bytes;
    uint32_t io;
    uint32_t class_weights;
    uint32_t classes;
};

struct run {
    struct linnet_heap heap;
    struct linnet_kernel kernel;
    struct planned planned;
    uint32_t memory_bytes; /* what the kernel is told */
    uint32_t steps;
};

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    wasm_bytes = fuzz_read_kernel(wasm, sizeof wasm);
    return 0;
}

static int32_t call(struct run *run, enum linnet_kernel_function function, int32_t a, int32_t b,
                    int32_t c) {
    int32_t result = linnet_kernel_call(&run->kernel, function, a, b, c);
    if (run->kernel.heap == NULL) {
        fprintf(stderr, "function %u: %s\n", (unsigned)function, run->kernel.engine_error);
    }
    fuzz_require(run->kernel.heap != NULL, "no call traps");
    fuzz_require(result > LINNET_ERR_TRAP, "a negative answer is a status of the kernel");
    fuzz_note(0x10000u + 64u * (uint32_t)function + (result < 0 ? (uint32_t)-result : 0));
    return result;
}

static void fill(struct run *run, uint32_t pointer, uint32_t length, uint32_t seed) {
    uint8_t *at = linnet_kernel_at(&run->kernel, pointer, length);
    fuzz_require(at != NULL, "what plan() answers lies in the memory");
    for (uint32_t i = 0; i < length; i++) {
        at[i] = (uint8_t)fuzz_random(&seed);
    }
}

/* Events of a model that was accepted: what its layers are. */
static void note_model(struct run *run) {
    uint32_t regions = linnet_kernel_word(&run->kernel, LINNET_BLOCK_REGIONS_PTR);
    const uint8_t *entry = linnet_kernel_at(&run->kernel, regions + 8u * LINNET_REGION_LAYERS, 8);
    fuzz_require(entry != NULL, "the table of regions lies in the memory");
    uint32_t place[2];
    memcpy(place, entry, sizeof place);
    uint32_t count = place[1] / (uint32_t)sizeof(struct linnet_layer);
    const uint8_t *table = linnet_kernel_at(&run->kernel, place[0], place[1]);
    fuzz_require(table != NULL, "the layers lie in the memory");
    for (uint32_t i = 0; i < count; i++) {
        struct linnet_layer layer;
        memcpy(&layer, table + i * sizeof layer, sizeof layer);
        uint32_t padded = (uint32_t)(layer.pad_top + layer.pad_left + layer.pad_bottom > 0);
        uint32_t strided = (uint32_t)(layer.stride_height > 1) + 2u * (layer.stride_width > 1);
        fuzz_note(0x20000u + layer.kind + 32u * layer.flags + 1024u * padded + 2048u * strided);
        fuzz_note(0x30000u + layer.kind + 32u * i);
    }
}

static void plan(struct run *run) {
    int32_t status = call(run, LINNET_KERNEL_FUNCTION_plan, 0, 0, 0);
    fuzz_require(status <= 0, "plan answers a status");
    memset(&run->planned, 0, sizeof run->planned);
    if (status != LINNET_OK) {
        return;
    }
    run->planned.input = linnet_kernel_word(&run->kernel, LINNET_BLOCK_INPUT_PTR);
    run->planned.input_bytes = linnet_kernel_word(&run->kernel, LINNET_BLOCK_INPUT_BYTES);
    run->planned.io = linnet_kernel_word(&run->kernel, LINNET_BLOCK_IO_PTR);
    run->planned.class_weights = linnet_kernel_word(&run->kernel, LINNET_BLOCK_CLASS_WEIGHTS_PTR);
    run->planned.classes = linnet_kernel_word(&run->kernel, LINNET_BLOCK_CLASSES);
    fuzz_require(linnet_kernel_word(&run->kernel, LINNET_BLOCK_ARENA_BYTES) <= run->memory_bytes,
                 "an accepted model fits");
    note_model(run);
}

/* A sample goes in and a step or an inference is taken. */
static void step(struct run *run, enum linnet_kernel_function function, uint32_t seed,
                 int32_t label) {
    if (run->steps++ < MAX_STEPS) {
        fill(run, run->planned.input, run->planned.input_bytes, seed);
        call(run, function, label, 0, 0);
    }
}

/* load, store, delta and pull move words through the transfer buffer. */
static void move(struct run *run, enum linnet_kernel_function function, uint32_t seed,
                 uint32_t argument) {
    if (run->planned.io != 0) {
        fill(run, run->planned.io, 2u * LINNET_IO_WORDS, seed);
    }
    call(run, function, (int32_t)(argument * 64u), (int32_t)seed, 0);
    call(run, function, 0, (int32_t)(argument % (LINNET_IO_WORDS + 2u)), 0);
}

/* A payload is written, and a payload or noise is read: all of it or a part, to the end or not. */
static void code(struct run *run, bool is_reading, uint32_t seed, uint32_t argument) {
    static const enum linnet_kernel_function starts[] = {LINNET_KERNEL_FUNCTION_encoding,
                                                         LINNET_KERNEL_FUNCTION_decoding};
    static const enum linnet_kernel_function slices[] = {LINNET_KERNEL_FUNCTION_encode,
                                                         LINNET_KERNEL_FUNCTION_decode};
    static const uint32_t most[] = {LINNET_CODEC_WORDS,
                                    2u * (LINNET_IO_WORDS - LINNET_CODEC_WORDS)};
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_DENSITY, argument >> 3 & 1023u);
    call(run, starts[is_reading], (int32_t)(argument % 40u), 0, 0);
    for (uint32_t i = 0; i < MAX_SLICES && i <= argument >> 12; i++) {
        if (run->planned.io != 0) {
            fill(run, run->planned.io, 2u * LINNET_IO_WORDS, seed + i);
        }
        uint32_t count = (argument & 32u) != 0 ? most[is_reading] : argument % 200u;
        call(run, slices[is_reading], (int32_t)count, 0, 0);
    }
}

/* Plan words that begin() accepts, mostly. */
static void set_plan(struct run *run, uint32_t seed, uint32_t argument) {
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_LR_SHIFT, seed % 26u);
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_LR_DECAY, argument & 1u);
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_TOTAL_STEPS, argument >> 8);
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_SKIP_THRESHOLD, argument >> 2 & 0x3fu);
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_PROXIMAL_SHIFT, argument >> 3 & 15u);
    call(run, LINNET_KERNEL_FUNCTION_begin, 0, 0, 0);
}

/* Any word of the block but memoryBytes, which is the host's promise. */
static void overwrite(struct run *run, uint32_t seed, uint32_t argument) {
    uint32_t word = argument % LINNET_BLOCK_WORDS;
    if (word != LINNET_BLOCK_MEMORY_BYTES) {
        uint32_t value = fuzz_edge(&seed);
        linnet_kernel_set_word(&run->kernel, (enum linnet_block_word)word, value);
    }
}

static void act(struct run *run, uint32_t what, uint32_t seed, uint32_t argument) {
    switch (what % 14u) {
    case 0:
        set_plan(run, seed, argument);
        break;
    case 1:
        call(run, LINNET_KERNEL_FUNCTION_initialise, (int32_t)argument, 0, 0);
        break;
    case 2:
    case 3:
        step(run, LINNET_KERNEL_FUNCTION_train, seed, (int32_t)(argument % 5u));
        break;
    case 4:
        step(run, LINNET_KERNEL_FUNCTION_evaluate, seed, (int16_t)argument);
        break;
    case 5:
        step(run, LINNET_KERNEL_FUNCTION_infer, seed, 0);
        break;
    case 6: {
        static const enum linnet_kernel_function moves[] = {
            LINNET_KERNEL_FUNCTION_load, LINNET_KERNEL_FUNCTION_store, LINNET_KERNEL_FUNCTION_delta,
            LINNET_KERNEL_FUNCTION_pull};
        move(run, moves[seed % 4u], seed, argument);
        break;
    }
    case 7:
        overwrite(run, seed, argument);
        break;
    case 8:
        call(run, LINNET_KERNEL_FUNCTION_order, (int32_t)seed, (int32_t)argument - 1,
             (int32_t)(argument / 2u));
        break;
    case 9:
        fill(run, run->planned.class_weights, run->planned.classes, seed);
        break;
    case 10:
        call(run, LINNET_KERNEL_FUNCTION_saturations, 0, 0, 0);
        break;
    case 12:
        code(run, false, seed, argument);
        break;
    case 13:
        code(run, true, seed, argument);
        break;
    default:
        linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_FROZEN_LAYERS, argument);
        plan(run);
    }
}

static void open_kernel(struct run *run, uint32_t memory_bytes) {
    memset(run, 0, sizeof *run);
    linnet_heap_init(&run->heap, heap_memory, sizeof heap_memory);
    linnet_status_t status =
        linnet_kernel_open(&run->kernel, &run->heap, wasm, wasm_bytes,
                           memory_bytes > LEAST_MEMORY ? memory_bytes : LEAST_MEMORY);
    fuzz_require(status == LINNET_OK, "the kernel opens");
    run->memory_bytes = memory_bytes;
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_MEMORY_BYTES, memory_bytes);
}

static void write_descriptor(struct run *run, struct fuzz_input *input, uint32_t length) {
    uint32_t pointer = linnet_kernel_word(&run->kernel, LINNET_BLOCK_DESCRIPTOR_PTR);
    uint8_t *at = linnet_kernel_at(&run->kernel, pointer, LINNET_DESCRIPTOR_MAX_BYTES);
    for (uint32_t i = 0; i < length && i < LINNET_DESCRIPTOR_MAX_BYTES; i++) {
        at[i] = (uint8_t)fuzz_take(input, 1);
    }
    linnet_kernel_set_word(&run->kernel, LINNET_BLOCK_DESCRIPTOR_BYTES, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct run run;
    struct fuzz_input input = {data, size, 0};
    uint32_t descriptor_bytes = fuzz_take(&input, 2);
    open_kernel(&run, MEMORY_UNIT * (1u + fuzz_take(&input, 2) % 256u));
    linnet_kernel_set_word(&run.kernel, LINNET_BLOCK_FROZEN_LAYERS, fuzz_take(&input, 4));
    write_descriptor(&run, &input, descriptor_bytes);
    plan(&run);
    for (uint32_t i = 0; i < MAX_ACTIONS && !fuzz_is_empty(&input); i++) {
        uint32_t what = fuzz_take(&input, 1);
        uint32_t seed = fuzz_take(&input, 1);
        act(&run, what, seed, fuzz_take(&input, 2));
    }
    int32_t canaries = call(&run, LINNET_KERNEL_FUNCTION_check, 0, 0, 0);
    fuzz_require(canaries == LINNET_OK || canaries == LINNET_ERR_STATE, "the canaries live");
    linnet_kernel_close(&run.kernel);
    return 0;
}
