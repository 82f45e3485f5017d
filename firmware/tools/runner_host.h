/*
 * What the vector runner and the cut runner need from where they run: natively stdio, on a board
 * semihosting.
 */
#ifndef LINNET_RUNNER_HOST_H
#define LINNET_RUNNER_HOST_H

#include <stdint.h>

enum runner_exit {
    RUNNER_DONE = 0,
    RUNNER_USAGE = 2,
    RUNNER_FILE = 3,   /* a file could not be read or written, or is too long */
    RUNNER_KERNEL = 4, /* the engine refused the kernel or ran out of memory */
    RUNNER_TAPE = 5,   /* the tape is malformed or reaches outside the kernel's memory */
    RUNNER_FAULT = 6,  /* the processor faulted */
    RUNNER_FAILED = 7  /* what was to be shown is not so */
};

enum runner_mode { RUNNER_READ, RUNNER_WRITE };

/* Opens a file. Returns its handle, or −1. */
int32_t runner_open(const char *path, enum runner_mode mode);
/* Returns the bytes read: fewer than asked for only at the end of the file, −1 on an error. */
int32_t runner_read(int32_t file, uint8_t *out, uint32_t capacity);
/* Returns 0, or −1. */
int32_t runner_write(int32_t file, const uint8_t *data, uint32_t length);
/* Returns 0, or −1 if something written did not reach the file. */
int32_t runner_close(int32_t file);

struct runner_memory {
    uint8_t *at; /* 8-byte aligned */
    uint32_t bytes;
};

/* Where the bytes of the kernel stay while it runs. */
struct runner_memory runner_wasm_memory(void);
/* Heap of the engine. */
struct runner_memory runner_heap_memory(void);

/* A clock that wraps at 2^32. */
uint32_t runner_ticks(void);
/* Instructions executed in so many ticks; always 0 where they are not counted. */
uint32_t runner_instructions(uint32_t ticks);
/* Most stack bytes ever used; 0 where it is not known. */
uint32_t runner_stack_high_water(void);
/* A line on standard error. */
void runner_print(const char *text);

/* The runner: its arguments without its name. Returns a runner_exit. */
uint32_t runner_main(uint32_t count, const char *const *arguments);

#endif
