/*
 * Runs a tape on a kernel in wasm3 and writes what it emits: the same source natively and on a
 * Cortex-M. The format of tapes is described in test/runtimes/tape.ts.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "bytes.h"
#include "kernel.h"
#include "runner_host.h"
#include "sha256.h"

#define KERNEL_BYTES (256u * 1024u)
#define TAPE_BYTES (6u * 1024u * 1024u)
#define OUTPUT_BYTES (2u * 1024u * 1024u)
#define HEAP_BYTES (6u * 1024u * 1024u)

enum operation { END, SET_WORD, GET_WORD, WRITE, READ, CALL, HASH, COUNT, LOAD };

static uint8_t wasm[KERNEL_BYTES];
static uint8_t tape_bytes[TAPE_BYTES];
static uint8_t output_bytes[OUTPUT_BYTES];
static uint64_t heap_memory[HEAP_BYTES / 8u];

struct runner {
    struct linnet_heap heap;
    struct linnet_kernel kernel;
    struct linnet_reader tape;
    struct linnet_writer output;
    uint32_t counted; /* instructions at the last COUNT */
    bool has_trapped;
    enum runner_exit problem;
};

static void fail(struct runner *run, enum runner_exit problem, const char *cause) {
    if (run->problem == RUNNER_DONE) {
        run->problem = problem;
        runner_print("vector_runner: ");
        runner_print(cause);
        runner_print("\n");
    }
}

/* The next bytes of the tape, without their padding to a multiple of four. */
static const uint8_t *take(struct runner *run, uint32_t length) {
    struct linnet_reader *tape = &run->tape;
    uint32_t padded = length + (4u - length % 4u) % 4u;
    if (padded < length || padded > tape->length - tape->offset) {
        fail(run, RUNNER_TAPE, "the tape ends inside a record");
        return NULL;
    }
    const uint8_t *at = tape->in + tape->offset;
    tape->offset += padded;
    return at;
}

static void emit(struct runner *run, const uint8_t *bytes, uint32_t length) {
    struct linnet_span data = {bytes, length};
    linnet_put_bytes(&run->output, data);
    while (run->output.length % 4u != 0 && run->output.overflow == 0) {
        linnet_put_u8(&run->output, 0);
    }
}

/* Memory of the kernel, or NULL after failing. */
static uint8_t *reach(struct runner *run, uint32_t pointer, uint32_t length) {
    uint8_t *at = linnet_kernel_at(&run->kernel, pointer, length);
    if (at == NULL) {
        fail(run, RUNNER_TAPE, "a record reaches outside the kernel's memory");
    }
    return at;
}

/* Calls the kernel; a trap is a value of the tape, a broken engine is not. */
static int32_t call(struct runner *run, uint32_t function, int32_t a, int32_t b, int32_t c) {
    int32_t result =
        linnet_kernel_call(&run->kernel, (enum linnet_kernel_function)function, a, b, c);
    if (run->kernel.heap == NULL) {
        run->has_trapped = true;
        if (result != LINNET_ERR_TRAP) {
            fail(run, RUNNER_KERNEL, run->kernel.engine_error);
        }
    }
    return result;
}

static void write_memory(struct runner *run, enum linnet_block_word word) {
    uint32_t offset = linnet_get_u32(&run->tape);
    uint32_t length = linnet_get_u32(&run->tape);
    const uint8_t *from = take(run, length);
    uint8_t *to = reach(run, linnet_kernel_word(&run->kernel, word) + offset, length);
    if (from != NULL && to != NULL) {
        memcpy(to, from, length);
    }
}

static void read_memory(struct runner *run, enum linnet_block_word word) {
    uint32_t offset = linnet_get_u32(&run->tape);
    uint32_t length = linnet_get_u32(&run->tape);
    const uint8_t *from = reach(run, linnet_kernel_word(&run->kernel, word) + offset, length);
    if (from != NULL) {
        emit(run, from, length);
    }
}

static void call_function(struct runner *run, uint32_t function) {
    int32_t a = linnet_get_i32(&run->tape);
    int32_t b = linnet_get_i32(&run->tape);
    int32_t c = linnet_get_i32(&run->tape);
    if (function >= LINNET_KERNEL_FUNCTIONS) {
        fail(run, RUNNER_TAPE, "no such function");
        return;
    }
    linnet_put_i32(&run->output, call(run, function, a, b, c));
}

/* Words of slice `at` of `count` words in all. */
static uint32_t slice_words(uint32_t at, uint32_t count) {
    return count - at < LINNET_IO_WORDS ? count - at : LINNET_IO_WORDS;
}

static void hash_parameters(struct runner *run) {
    struct linnet_sha256 hash;
    uint8_t digest[LINNET_HASH_BYTES];
    uint32_t count = linnet_kernel_word(&run->kernel, LINNET_BLOCK_PARAMETERS);
    linnet_sha256_init(&hash);
    for (uint32_t at = 0; at < count; at += LINNET_IO_WORDS) {
        uint32_t words = slice_words(at, count);
        if (call(run, LINNET_KERNEL_FUNCTION_store, (int32_t)at, (int32_t)words, 0) < 0) {
            fail(run, RUNNER_TAPE, "store refused while hashing");
            return;
        }
        uint32_t io = linnet_kernel_word(&run->kernel, LINNET_BLOCK_IO_PTR);
        const uint8_t *from = reach(run, io, 2u * words);
        if (from == NULL) {
            return;
        }
        linnet_sha256_update(&hash, from, 2u * words);
    }
    linnet_sha256_finish(&hash, digest);
    emit(run, digest, sizeof digest);
}

static void load_parameters(struct runner *run) {
    uint32_t count = linnet_get_u32(&run->tape);
    const uint8_t *words = count <= TAPE_BYTES / 2u ? take(run, 2u * count) : NULL;
    if (words == NULL) {
        fail(run, RUNNER_TAPE, "the tape ends inside a record");
        return;
    }
    int32_t status = LINNET_OK;
    for (uint32_t at = 0; at < count && status >= 0; at += LINNET_IO_WORDS) {
        uint32_t slice = slice_words(at, count);
        uint32_t io = linnet_kernel_word(&run->kernel, LINNET_BLOCK_IO_PTR);
        uint8_t *to = reach(run, io, 2u * slice);
        if (to == NULL) {
            return;
        }
        memcpy(to, words + 2u * at, 2u * slice);
        status = call(run, LINNET_KERNEL_FUNCTION_load, (int32_t)at, (int32_t)slice, 0);
    }
    linnet_put_i32(&run->output, status < 0 ? status : LINNET_OK);
}

static void count_instructions(struct runner *run) {
    uint32_t now = runner_instructions();
    linnet_put_u32(&run->output, now - run->counted);
    run->counted = runner_instructions();
}

/* Executes one record; false at END. */
static bool step(struct runner *run) {
    uint32_t head = linnet_get_u32(&run->tape);
    uint32_t argument = head >> 8 & 0xffu;
    enum linnet_block_word word = (enum linnet_block_word)argument;
    switch (head & 0xffu) {
    case END:
        return false;
    case SET_WORD:
        linnet_kernel_set_word(&run->kernel, word, linnet_get_u32(&run->tape));
        break;
    case GET_WORD:
        linnet_put_u32(&run->output, linnet_kernel_word(&run->kernel, word));
        break;
    case WRITE:
        write_memory(run, word);
        break;
    case READ:
        read_memory(run, word);
        break;
    case CALL:
        call_function(run, argument);
        break;
    case HASH:
        hash_parameters(run);
        break;
    case COUNT:
        count_instructions(run);
        break;
    case LOAD:
        load_parameters(run);
        break;
    default:
        fail(run, RUNNER_TAPE, "no such operation");
    }
    return true;
}

static void run_tape(struct runner *run) {
    run->counted = runner_instructions();
    while (step(run) && run->problem == RUNNER_DONE && !run->has_trapped) {
    }
    if (run->tape.underflow != 0) {
        fail(run, RUNNER_TAPE, "the tape ends inside a record or without END");
    }
    if (run->output.overflow != 0) {
        fail(run, RUNNER_FILE, "the tape emits too much");
    }
}

static void print_number(const char *name, uint32_t value) {
    char digits[12] = "\n";
    uint32_t at = sizeof digits - 2u;
    digits[at] = '\n';
    do {
        digits[--at] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    runner_print(name);
    runner_print(digits + at);
}

uint32_t runner_main(uint32_t count, const char *const *arguments) {
    static struct runner run;
    if (count < 4u || (count == 5u && strcmp(arguments[4], "usage") != 0) || count > 5u) {
        fail(&run, RUNNER_USAGE, "arguments: KERNEL TAPE OUTPUT MEMORY_BYTES [usage]");
        return run.problem;
    }
    int32_t wasm_length = runner_read_file(arguments[0], wasm, sizeof wasm);
    int32_t tape_length = runner_read_file(arguments[1], tape_bytes, sizeof tape_bytes);
    if (wasm_length < 0 || tape_length < 0) {
        fail(&run, RUNNER_FILE, "the kernel or the tape cannot be read or is too long");
        return run.problem;
    }
    uint32_t memory_bytes = (uint32_t)strtoul(arguments[3], NULL, 10);
    linnet_heap_init(&run.heap, heap_memory, sizeof heap_memory);
    if (linnet_kernel_open(&run.kernel, &run.heap, wasm, (uint32_t)wasm_length, memory_bytes) < 0) {
        fail(&run, RUNNER_KERNEL, run.kernel.engine_error);
        return run.problem;
    }
    uint32_t open_bytes = run.heap.used_bytes;
    run.tape = linnet_reader(tape_bytes, (uint32_t)tape_length);
    run.output = linnet_writer(output_bytes, sizeof output_bytes);
    run_tape(&run);
    if (run.problem == RUNNER_DONE &&
        runner_write_file(arguments[2], output_bytes, run.output.length) < 0) {
        fail(&run, RUNNER_FILE, "the output cannot be written");
    }
    if (count == 5u) {
        print_number("heapAfterOpen ", open_bytes);
        print_number("heapHighWater ", run.heap.high_water_bytes);
        print_number("stackHighWater ", runner_stack_high_water());
    }
    return run.problem;
}
