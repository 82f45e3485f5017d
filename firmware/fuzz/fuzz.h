/*
 * What the fuzz targets share. Each is one file with LLVMFuzzerTestOneInput(); linked with
 * libFuzzer it looks for inputs (`npm run fuzz`), linked with replay.c it repeats those that are
 * given.
 */
#ifndef LINNET_FUZZ_H
#define LINNET_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed);

/* libFuzzer's own mutation of any bytes. Returns their new length. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);

/* Ends the process with a message if `holds` is false: what the fuzzer calls a crash. */
void fuzz_require(bool holds, const char *claim);

/*
 * Tells the fuzzer that an input did something worth keeping: code that the interpreter runs has no
 * coverage of its own. Equal events are one.
 */
void fuzz_note(uint32_t event);

/* Reads the kernel.wasm that LINNET_FUZZ_KERNEL names; returns its length. */
uint32_t fuzz_read_kernel(uint8_t *wasm, uint32_t capacity);

/* Reads on in an input; beyond its end come zeros. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
    size_t at;
};

uint32_t fuzz_take(struct fuzz_input *input, uint32_t bytes);
bool fuzz_is_empty(const struct fuzz_input *input);

/* A stream of random numbers for mutations and contents. */
uint32_t fuzz_random(uint32_t *state);
/* A number that programmers get wrong: a small one, a limit or one beside it. */
uint32_t fuzz_edge(uint32_t *state);

#endif
