/*
 * memcpy, memmove and memset by words. Those of newlib-nano go byte by byte, and the interpreter
 * calls two of them whenever it enters a function. Whole words are worth a few instructions of
 * assembly; whatever else there is goes through C, byte by byte where the addresses want it.
 */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;

#define WORD sizeof(word)

/* Other compilers of a Cortex-M0 or M3 need no assembly here, only the speed of it. */
#if defined(__thumb2__)
#define BY_WORDS(name) __attribute__((naked)) name
#define ANY(name) any_##name
#else
#define ANY(name) name
#endif

void *ANY(memcpy)(void *restrict to, const void *restrict from, size_t bytes);
void *ANY(memset)(void *to, int value, size_t bytes);

static int are_aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1u)) == 0;
}

void *ANY(memcpy)(void *restrict to, const void *restrict from, size_t bytes) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (are_aligned(out, in)) {
        for (; bytes >= WORD; bytes -= WORD, out += WORD, in += WORD) {
            *(word *)(void *)out = *(const word *)(const void *)in;
        }
    }
    for (; bytes > 0; bytes--) {
        *out++ = *in++;
    }
    return to;
}

void *ANY(memset)(void *to, int value, size_t bytes) {
    uint8_t *out = to;
    if (are_aligned(out, out)) {
        for (; bytes >= WORD; bytes -= WORD, out += WORD) {
            *(word *)(void *)out = (uint8_t)value * 0x01010101u;
        }
    }
    for (; bytes > 0; bytes--) {
        *out++ = (uint8_t)value;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (out <= in || out >= in + bytes) {
        return ANY(memcpy)(to, from, bytes);
    }
    while (bytes > 0) {
        bytes--;
        out[bytes] = in[bytes];
    }
    return to;
}

#if defined(__thumb2__)

void *BY_WORDS(memcpy)(void *restrict to, const void *restrict from, size_t bytes) {
    (void)to, (void)from, (void)bytes;
    __asm__ volatile("orr r3, r0, r1\n"
                     "orrs r3, r2\n"
                     "lsls r3, r3, #30\n"
                     "bne any_memcpy\n"
                     "mov r12, r0\n"
                     "cbz r2, 2f\n"
                     "1: ldr r3, [r1], #4\n"
                     "subs r2, #4\n"
                     "str r3, [r12], #4\n"
                     "bne 1b\n"
                     "2: bx lr\n");
}

void *BY_WORDS(memset)(void *to, int value, size_t bytes) {
    (void)to, (void)value, (void)bytes;
    __asm__ volatile("orr r3, r0, r2\n"
                     "lsls r3, r3, #30\n"
                     "bne any_memset\n"
                     "uxtb r1, r1\n"
                     "mov r12, r0\n"
                     "orr r1, r1, r1, lsl #8\n"
                     "orr r1, r1, r1, lsl #16\n"
                     "cbz r2, 2f\n"
                     "1: subs r2, #4\n"
                     "str r1, [r12], #4\n"
                     "bne 1b\n"
                     "2: bx lr\n");
}

#endif
