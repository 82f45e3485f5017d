/*
 * What the vector runner needs from where it runs: natively stdio, on a Cortex-M semihosting.
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
    RUNNER_FAULT = 6   /* the processor faulted */
};

/* Reads a file whole. Returns its bytes, or −1 if it cannot be read or is longer than capacity. */
int32_t runner_read_file(const char *path, uint8_t *out, uint32_t capacity);
/* Returns 0, or −1. */
int32_t runner_write_file(const char *path, const uint8_t *data, uint32_t length);
/* Instructions executed since any start, wrapping at 2^32; always 0 where they are not counted. */
uint32_t runner_instructions(void);
/* Most stack bytes ever used; 0 where it is not known. */
uint32_t runner_stack_high_water(void);
/* A line on standard error. */
void runner_print(const char *text);

/* arguments: kernel, tape, output, memory bytes, and optionally "usage". Returns a runner_exit. */
uint32_t runner_main(uint32_t count, const char *const *arguments);

#endif
