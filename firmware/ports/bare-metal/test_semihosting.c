/*
 * What newlib wants from a system, for test programs that print and exit: the host has both. They
 * allocate nothing.
 */
#include <stddef.h>
#include "image.h"
#include "semihosting.h"

#define FAULT_EXIT 6u
#define LINE_BYTES 128u

int _write(int file, const char *text, int length);
void _exit(int code);
void *_sbrk(ptrdiff_t bytes);

int _write(int file, const char *text, int length) {
    (void)file;
    char line[LINE_BYTES];
    for (int at = 0; at < length;) {
        uint32_t used = 0;
        while (at < length && used < LINE_BYTES - 1u) {
            line[used++] = text[at++];
        }
        line[used] = 0;
        semihosting_print(line);
    }
    return length;
}

void *_sbrk(ptrdiff_t bytes) {
    (void)bytes;
    return (void *)-1;
}

void _exit(int code) {
    semihosting_exit((uint32_t)code);
}

void linnet_fault(void) {
    semihosting_print("processor fault\n");
    semihosting_exit(FAULT_EXIT);
}
