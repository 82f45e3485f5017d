/*
 * Runs a tape on a kernel in wasm3 and writes what it emits: the same source natively and on every
 * core. The format of tapes is described in test/runtimes/tape.ts. Tape and output pass through in
 * small pieces, so that a core with 16 KB of RAM can run tapes of any length.
 */
#include <stdbool.h>
#include <string.h>
#include "bytes.h"
#include "kernel.h"
#include "runner_host.h"
#include "sha256.h"

/* Bytes of the tape, and of the output, that are in memory at a time. */
#ifndef RUNNER_BUFFER_BYTES
#define RUNNER_BUFFER_BYTES 4096u
#endif

enum operation { END, SET_WORD, GET_WORD, WRITE, READ, CALL, HASH, COUNT, LOAD };

struct stream {
    int32_t file;
    uint32_t offset; /* of the next byte to read; bytes written so far */
    uint32_t length; /* bytes of the tape that are in memory */
    uint8_t bytes[RUNNER_BUFFER_BYTES];
};

struct runner {
    struct linnet_heap heap;
    struct linnet_kernel kernel;
    struct stream tape;
    struct stream output;
    uint32_t counted; /* ticks in calls of the kernel since the last COUNT */
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

/* Reads on where the buffer ends; false at the end of the tape, after failing. */
static bool refill(struct runner *run) {
    struct stream *tape = &run->tape;
    int32_t length = runner_read(tape->file, tape->bytes, sizeof tape->bytes);
    tape->offset = 0;
    tape->length = length > 0 ? (uint32_t)length : 0;
    if (length <= 0) {
        fail(run, RUNNER_TAPE, "the tape ends inside a record or without END");
    }
    return length > 0;
}

/* The next `length` bytes of the tape go to `out`, or nowhere if it is NULL. */
static void take(struct runner *run, uint8_t *out, uint32_t length) {
    struct stream *tape = &run->tape;
    uint32_t done = 0;
    while (done < length && (tape->offset < tape->length || refill(run))) {
        uint32_t here = tape->length - tape->offset;
        uint32_t part = length - done < here ? length - done : here;
        if (out != NULL) {
            memcpy(out + done, tape->bytes + tape->offset, part);
        }
        tape->offset += part;
        done += part;
    }
}

static uint32_t take_u32(struct runner *run) {
    uint8_t bytes[4] = {0};
    take(run, bytes, sizeof bytes);
    struct linnet_reader reader = linnet_reader(bytes, sizeof bytes);
    return linnet_get_u32(&reader);
}

/* Records are padded to a multiple of four. */
static uint32_t padding(uint32_t length) {
    return (4u - length % 4u) % 4u;
}

static void flush(struct runner *run) {
    struct stream *output = &run->output;
    if (runner_write(output->file, output->bytes, output->offset) < 0) {
        fail(run, RUNNER_FILE, "the output cannot be written");
    }
    output->offset = 0;
}

static void put(struct runner *run, const uint8_t *bytes, uint32_t length) {
    struct stream *output = &run->output;
    for (uint32_t i = 0; i < length; i++) {
        if (output->offset == sizeof output->bytes) {
            flush(run);
        }
        output->bytes[output->offset++] = bytes[i];
    }
}

static void emit(struct runner *run, const uint8_t *bytes, uint32_t length) {
    static const uint8_t zeros[3];
    put(run, bytes, length);
    put(run, zeros, padding(length));
}

static void emit_u32(struct runner *run, uint32_t value) {
    uint8_t bytes[4];
    struct linnet_writer writer = linnet_writer(bytes, sizeof bytes);
    linnet_put_u32(&writer, value);
    put(run, bytes, sizeof bytes);
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
    uint32_t start = runner_ticks();
    int32_t result =
        linnet_kernel_call(&run->kernel, (enum linnet_kernel_function)function, a, b, c);
    run->counted += runner_ticks() - start;
    if (run->kernel.heap == NULL) {
        run->has_trapped = true;
        if (result != LINNET_ERR_TRAP) {
            fail(run, RUNNER_KERNEL, run->kernel.engine_error);
        }
    }
    return result;
}

static void write_memory(struct runner *run, enum linnet_block_word word) {
    uint32_t offset = take_u32(run);
    uint32_t length = take_u32(run);
    uint8_t *to = reach(run, linnet_kernel_word(&run->kernel, word) + offset, length);
    if (to != NULL) {
        take(run, to, length);
        take(run, NULL, padding(length));
    }
}

static void read_memory(struct runner *run, enum linnet_block_word word) {
    uint32_t offset = take_u32(run);
    uint32_t length = take_u32(run);
    const uint8_t *from = reach(run, linnet_kernel_word(&run->kernel, word) + offset, length);
    if (from != NULL) {
        emit(run, from, length);
    }
}

static void call_function(struct runner *run, uint32_t function) {
    int32_t a = (int32_t)take_u32(run);
    int32_t b = (int32_t)take_u32(run);
    int32_t c = (int32_t)take_u32(run);
    if (function >= LINNET_KERNEL_FUNCTIONS) {
        fail(run, RUNNER_TAPE, "no such function");
    } else if (run->problem == RUNNER_DONE) {
        emit_u32(run, (uint32_t)call(run, function, a, b, c));
    }
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
    uint32_t count = take_u32(run);
    int32_t status = LINNET_OK;
    for (uint32_t at = 0; at < count && run->problem == RUNNER_DONE; at += LINNET_IO_WORDS) {
        uint32_t words = slice_words(at, count);
        uint32_t io = linnet_kernel_word(&run->kernel, LINNET_BLOCK_IO_PTR);
        uint8_t *to = status < 0 ? NULL : reach(run, io, 2u * words);
        take(run, to, 2u * words);
        if (to != NULL && run->problem == RUNNER_DONE) {
            status = call(run, LINNET_KERNEL_FUNCTION_load, (int32_t)at, (int32_t)words, 0);
        }
    }
    take(run, NULL, padding(2u * count));
    emit_u32(run, (uint32_t)(status < 0 ? status : LINNET_OK));
}

static void count_instructions(struct runner *run) {
    emit_u32(run, runner_instructions(run->counted));
    run->counted = 0;
}

/* Executes one record; false at END. */
static bool step(struct runner *run) {
    uint32_t head = take_u32(run);
    uint32_t argument = head >> 8 & 0xffu;
    enum linnet_block_word word = (enum linnet_block_word)argument;
    switch (head & 0xffu) {
    case END:
        return false;
    case SET_WORD:
        linnet_kernel_set_word(&run->kernel, word, take_u32(run));
        break;
    case GET_WORD:
        emit_u32(run, linnet_kernel_word(&run->kernel, word));
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
    while (step(run) && run->problem == RUNNER_DONE && !run->has_trapped) {
    }
    flush(run);
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

static uint32_t parse_number(const char *text) {
    uint32_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = 10u * value + (uint32_t)(*text - '0');
    }
    return value;
}

/* The kernel's bytes, whole; `length` 0 if they cannot be read or are too many. */
static struct linnet_span read_kernel(const char *path) {
    struct runner_memory memory = runner_wasm_memory();
    int32_t file = runner_open(path, RUNNER_READ);
    int32_t length = 0;
    if (file >= 0) {
        uint8_t more;
        length = runner_read(file, memory.at, memory.bytes);
        length = length == (int32_t)memory.bytes && runner_read(file, &more, 1) != 0 ? 0 : length;
        runner_close(file);
    }
    return (struct linnet_span){memory.at, length > 0 ? (uint32_t)length : 0};
}

/* Opens files and kernel; the runner fails if that does. */
static void open_all(struct runner *run, const char *const *arguments) {
    struct linnet_span wasm = read_kernel(arguments[0]);
    run->tape.file = runner_open(arguments[1], RUNNER_READ);
    run->output.file = runner_open(arguments[2], RUNNER_WRITE);
    if (wasm.length == 0 || run->tape.file < 0 || run->output.file < 0) {
        fail(run, RUNNER_FILE, "a file cannot be opened, or the kernel is too long");
        return;
    }
    struct runner_memory memory = runner_heap_memory();
    linnet_heap_init(&run->heap, memory.at, memory.bytes);
    if (linnet_kernel_open(&run->kernel, &run->heap, wasm.data, wasm.length,
                           parse_number(arguments[3])) < 0) {
        fail(run, RUNNER_KERNEL, run->kernel.engine_error);
    }
}

uint32_t runner_main(uint32_t count, const char *const *arguments) {
    static struct runner run;
    if (count < 4u || (count == 5u && strcmp(arguments[4], "usage") != 0) || count > 5u) {
        fail(&run, RUNNER_USAGE, "arguments: KERNEL TAPE OUTPUT MEMORY_BYTES [usage]");
        return run.problem;
    }
    open_all(&run, arguments);
    uint32_t open_bytes = run.heap.used_bytes;
    if (run.problem == RUNNER_DONE) {
        run_tape(&run);
        if (runner_close(run.output.file) < 0) {
            fail(&run, RUNNER_FILE, "the output cannot be written");
        }
    }
    if (count == 5u && run.problem == RUNNER_DONE) {
        print_number("heapAfterOpen ", open_bytes);
        print_number("heapHighWater ", run.heap.high_water_bytes);
        print_number("stackHighWater ", runner_stack_high_water());
    }
    return run.problem;
}
