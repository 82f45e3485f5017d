#include "semihosting.h"

#include <string.h>

enum operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};

/* The reason that carries an exit code. */
#define APPLICATION_EXIT 0x20026u

#ifdef __riscv

static int32_t trap_to_host(enum operation operation, const void *arguments) {
    register uint32_t a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = arguments;
    /* The two shifts around the break mark the call; all three are long and lie in one page. */
    __asm volatile(".option push\n"
                   ".option norvc\n"
                   ".balign 16\n"
                   "slli zero, zero, 0x1f\n"
                   "ebreak\n"
                   "srai zero, zero, 7\n"
                   ".option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return (int32_t)a0;
}

#else

static int32_t trap_to_host(enum operation operation, const void *arguments) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

#endif

int32_t semihosting_open(const char *path, enum semihosting_mode mode) {
    uint32_t arguments[] = {(uint32_t)path, mode, (uint32_t)strlen(path)};
    return trap_to_host(SYS_OPEN, arguments);
}

int32_t semihosting_read(int32_t file, uint8_t *out, uint32_t capacity) {
    uint32_t arguments[] = {(uint32_t)file, (uint32_t)out, capacity};
    /* Answers the number of bytes it did not read. */
    int32_t missing = trap_to_host(SYS_READ, arguments);
    return missing >= 0 && (uint32_t)missing <= capacity ? (int32_t)capacity - missing : -1;
}

int32_t semihosting_write(int32_t file, const uint8_t *data, uint32_t length) {
    uint32_t arguments[] = {(uint32_t)file, (uint32_t)data, length};
    return trap_to_host(SYS_WRITE, arguments) == 0 ? 0 : -1;
}

int32_t semihosting_close(int32_t file) {
    return trap_to_host(SYS_CLOSE, &file) == 0 ? 0 : -1;
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
