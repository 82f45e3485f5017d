#include "semihosting.h"

#include <string.h>

enum operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_FLEN = 0x0c,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};

enum open_mode { READ_BINARY = 1, WRITE_BINARY = 5 };

/* The reason that carries an exit code. */
#define APPLICATION_EXIT 0x20026u

static int32_t trap_to_host(enum operation operation, const void *arguments) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static int32_t open_file(const char *path, enum open_mode mode) {
    uint32_t arguments[] = {(uint32_t)path, mode, (uint32_t)strlen(path)};
    return trap_to_host(SYS_OPEN, arguments);
}

static void close_file(int32_t handle) {
    trap_to_host(SYS_CLOSE, &handle);
}

int32_t semihosting_read_file(const char *path, uint8_t *out, uint32_t capacity) {
    int32_t handle = open_file(path, READ_BINARY);
    if (handle < 0) {
        return -1;
    }
    int32_t length = trap_to_host(SYS_FLEN, &handle);
    if (length >= 0 && (uint32_t)length <= capacity) {
        uint32_t arguments[] = {(uint32_t)handle, (uint32_t)out, (uint32_t)length};
        /* Answers the number of bytes it did not read. */
        length = trap_to_host(SYS_READ, arguments) == 0 ? length : -1;
    } else {
        length = -1;
    }
    close_file(handle);
    return length;
}

int32_t semihosting_write_file(const char *path, const uint8_t *data, uint32_t length) {
    int32_t handle = open_file(path, WRITE_BINARY);
    if (handle < 0) {
        return -1;
    }
    uint32_t arguments[] = {(uint32_t)handle, (uint32_t)data, length};
    int32_t missing = trap_to_host(SYS_WRITE, arguments);
    close_file(handle);
    return missing == 0 ? 0 : -1;
}

int32_t semihosting_command_line(char *out, uint32_t capacity) {
    uint32_t arguments[] = {(uint32_t)out, capacity};
    return trap_to_host(SYS_GET_CMDLINE, arguments);
}

void semihosting_print(const char *text) {
    trap_to_host(SYS_WRITE0, text);
}

void semihosting_exit(uint32_t code) {
    uint32_t arguments[] = {APPLICATION_EXIT, code};
    trap_to_host(SYS_EXIT_EXTENDED, arguments);
    for (;;) {
    }
}
