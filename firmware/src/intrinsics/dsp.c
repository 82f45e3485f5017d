#include "dsp.h"

#if LINNET_DSP

/*
 * Functions of assembly alone: the compiler adds no prologue, so the arguments are in r0…r3 and on
 * the stack, and what AAPCS wants kept is kept here.
 */
#define ASSEMBLY __attribute__((naked, noinline))

/* Four elements a turn; the last one to three byte by byte. */
ASSEMBLY void linnet_dsp_spread(const int8_t *x, uint32_t count, uint32_t shift, int16_t *lanes) {
    (void)x, (void)count, (void)shift, (void)lanes;
    __asm__ volatile(
        "push {r4-r8, lr}\n"
        "cmp r2, #0\n"
        "bne 5f\n"
        "subs r1, #4\n"
        "blt 3f\n"
        "1: ldr r4, [r0], #4\n"
        "sxtb16 r5, r4\n"
        "sxtb16 r6, r4, ror #8\n"
        "subs r1, #4\n"
        "pkhbt r4, r5, r6, lsl #16\n"
        "pkhtb r5, r6, r5, asr #16\n"
        "strd r4, r5, [r3], #8\n"
        "bge 1b\n"
        /* r1 = elements left − 4 */
        "3: adds r1, #4\n"
        "beq 9f\n"
        "movs r4, #0\n"
        "str r4, [r3]\n"
        "str r4, [r3, #4]\n"
        "4: ldrsb r4, [r0], #1\n"
        "lsls r4, r2\n"
        "strh r4, [r3], #2\n"
        "subs r1, #1\n"
        "bne 4b\n"
        "9: pop {r4-r8, pc}\n"
        /* The same with a shift: r7 clears what the low lane pushes into the high one. */
        "5: movw r8, #0xffff\n"
        "mvn r7, r8\n"
        "lsls r7, r2\n"
        "orrs r7, r8\n"
        "subs r1, #4\n"
        "blt 3b\n"
        "6: ldr r4, [r0], #4\n"
        "sxtb16 r5, r4\n"
        "sxtb16 r6, r4, ror #8\n"
        "pkhbt r4, r5, r6, lsl #16\n"
        "pkhtb r5, r6, r5, asr #16\n"
        "lsls r4, r2\n"
        "lsls r5, r2\n"
        "ands r4, r7\n"
        "ands r5, r7\n"
        "strd r4, r5, [r3], #8\n"
        "subs r1, #4\n"
        "bge 6b\n"
        "b 3b\n");
}

#define DOT4(sum, w0, w1, w2, w3)                                                                  \
    "sxtb16 " w0 ", " w0 ", ror #8\n"                                                              \
    "sxtb16 " w1 ", " w1 ", ror #8\n"                                                              \
    "smlad " sum ", " w0 ", r4, " sum "\n"                                                         \
    "sxtb16 " w2 ", " w2 ", ror #8\n"                                                              \
    "smlad " sum ", " w1 ", r5, " sum "\n"                                                         \
    "sxtb16 " w3 ", " w3 ", ror #8\n"                                                              \
    "smlad " sum ", " w2 ", r6, " sum "\n"                                                         \
    "smlad " sum ", " w3 ", r7, " sum "\n"

ASSEMBLY void linnet_dsp_dot_two(const int16_t *w, uint32_t row_bytes, const int16_t *x,
                                 uint32_t count, int32_t sums[2]) {
    (void)w, (void)row_bytes, (void)x, (void)count, (void)sums;
    __asm__ volatile("push {r4-r11, lr}\n"
                     "add r1, r0\n"
                     "mov r12, #0\n"
                     "mov lr, #0\n"
                     "subs r3, #8\n"
                     "blt 2f\n"
                     "1: ldmia r2!, {r4-r7}\n"
                     "ldmia r0!, {r8-r11}\n" DOT4("r12", "r8", "r9", "r10", "r11")
                     "ldmia r1!, {r8-r11}\n" DOT4("lr", "r8", "r9", "r10", "r11")
                     "subs r3, #8\n"
                     "bge 1b\n"
                     "2: adds r3, #8\n"
                     "beq 3f\n"
                     /* Four lanes are left. */
                     "ldrd r4, r5, [r2]\n"
                     "ldrd r8, r9, [r0]\n"
                     "ldrd r10, r11, [r1]\n"
                     "sxtb16 r8, r8, ror #8\n"
                     "sxtb16 r9, r9, ror #8\n"
                     "sxtb16 r10, r10, ror #8\n"
                     "sxtb16 r11, r11, ror #8\n"
                     "smlad r12, r8, r4, r12\n"
                     "smlad lr, r10, r4, lr\n"
                     "smlad r12, r9, r5, r12\n"
                     "smlad lr, r11, r5, lr\n"
                     "3: ldr r0, [sp, #36]\n"
                     "strd r12, lr, [r0]\n"
                     "pop {r4-r11, pc}\n");
}

ASSEMBLY void linnet_dsp_add_rows(int32_t *dx, const int16_t *a, const int16_t *b, uint32_t count,
                                  uint32_t pair) {
    (void)dx, (void)a, (void)b, (void)count, (void)pair;
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldr r12, [sp, #36]\n"
                     "1: ldmia r0, {r4-r7}\n"
                     "ldrd r8, r9, [r1], #8\n"
                     "ldrd r10, r11, [r2], #8\n"
                     "sxtb16 r8, r8, ror #8\n"
                     "sxtb16 r10, r10, ror #8\n"
                     "sxtb16 r9, r9, ror #8\n"
                     "sxtb16 r11, r11, ror #8\n"
                     "pkhbt lr, r8, r10, lsl #16\n"
                     "pkhtb r10, r10, r8, asr #16\n"
                     "smlad r4, lr, r12, r4\n"
                     "pkhbt lr, r9, r11, lsl #16\n"
                     "pkhtb r11, r11, r9, asr #16\n"
                     "smlad r5, r10, r12, r5\n"
                     "smlad r6, lr, r12, r6\n"
                     "smlad r7, r11, r12, r7\n"
                     "subs r3, #4\n"
                     "stmia r0!, {r4-r7}\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n");
}

/*
 * Two words: `carry` goes in with the remainder in its low half, ~(remainder · 2^(16 − shift)); r12 and
 * lr become word · 2^16 + carry − step · 2^16 …, whose high half is the new word and whose low half is the next
 * carry. An overflow sets Q, for then the word has left int16.
 */
#define LOWER2(w, x, carry)                                                                        \
    "pkhbt r12, " carry ", " w ", lsl #16\n"                                                       \
    "smlabb r12, " x ", r3, r12\n"                                                                 \
    "pkhbt lr, r12, " w "\n"                                                                       \
    "smlatb lr, " x ", r3, lr\n"                                                                   \
    "pkhtb " w ", lr, r12, asr #16\n"

ASSEMBLY uint32_t linnet_dsp_outer_row(int16_t *w, const int16_t *x, uint32_t count,
                                       int32_t minus_error, uint32_t carry) {
    (void)w, (void)x, (void)count, (void)minus_error, (void)carry;
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldr lr, [sp, #36]\n"
                     "movs r4, #0\n"
                     "msr APSR_nzcvq, r4\n"
                     "subs r2, #8\n"
                     "blt 2f\n"
                     "1: ldmia r1!, {r8-r11}\n"
                     "ldmia r0, {r4-r7}\n" LOWER2("r4", "r8", "lr") LOWER2("r5", "r9", "lr")
                         LOWER2("r6", "r10", "lr") LOWER2("r7", "r11", "lr")
                     "subs r2, #8\n"
                     "stmia r0!, {r4-r7}\n"
                     "bge 1b\n"
                     "2: adds r2, #8\n"
                     "beq 3f\n"
                     /* Four words are left. */
                     "ldrd r8, r9, [r1]\n"
                     "ldrd r4, r5, [r0]\n" LOWER2("r4", "r8", "lr") LOWER2("r5", "r9", "lr")
                     "strd r4, r5, [r0]\n"
                     "3: mrs r0, APSR\n"
                     "and r0, r0, #0x08000000\n"
                     "pop {r4-r11, pc}\n");
}

/* One gradient: r12 is the shift, lr the mask, r3 the remainder. */
#define STEP(g)                                                                                    \
    "add r3, " g "\n"                                                                              \
    "asr " g ", r3, r12\n"                                                                         \
    "and r3, r3, lr\n"                                                                             \
    "ssat " g ", #13, " g "\n"

ASSEMBLY void linnet_dsp_update_row(int16_t *w, const int32_t *g, uint32_t count, uint32_t shift,
                                    int32_t remainder) {
    (void)w, (void)g, (void)count, (void)shift, (void)remainder;
    __asm__ volatile("push {r4-r9, lr}\n"
                     "mov r12, r3\n"
                     "movs r4, #1\n"
                     "lsls r4, r3\n"
                     "sub lr, r4, #1\n"
                     "ldr r3, [sp, #28]\n"
                     "1: ldmia r1!, {r4-r7}\n"
                     "ldrd r8, r9, [r0]\n" STEP("r4") STEP("r5") STEP("r6") STEP("r7")
                     "pkhbt r4, r4, r5, lsl #16\n"
                     "pkhbt r6, r6, r7, lsl #16\n"
                     "qsub16 r8, r8, r4\n"
                     "qsub16 r9, r9, r6\n"
                     "subs r2, #4\n"
                     "strd r8, r9, [r0], #8\n"
                     "bne 1b\n"
                     "pop {r4-r9, pc}\n");
}

#define PAIR                                                                                       \
    "ldmia r1!, {r8-r11}\n"                                                                        \
    "ldr r2, [r0], #4\n"                                                                           \
    "smlad r4, r8, r2, r4\n"                                                                       \
    "smlad r5, r9, r2, r5\n"                                                                       \
    "smlad r6, r10, r2, r6\n"                                                                      \
    "smlad r7, r11, r2, r7\n"

/*
 * The loop over pairs is eight long and entered where the pairs of a slice are a multiple of eight
 * from its end: [sp] holds that address, [sp, #4] the turns.
 */
ASSEMBLY void linnet_dsp_conv_row(struct linnet_dsp_conv_row *row) {
    (void)row;
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, #12\n"
                     "mov r3, r0\n"
                     "ldr r1, [r3, #8]\n"
                     "adds r2, r1, #7\n"
                     "lsrs r2, r2, #3\n"
                     "str r2, [sp, #4]\n"
                     "rsbs r1, r1, #0\n"
                     "and r1, r1, #7\n"
                     "movs r2, #24\n"
                     "muls r1, r2\n"
                     "adr r2, 4f\n"
                     "adds r1, r2\n"
                     "orr r1, r1, #1\n"
                     "str r1, [sp]\n"
                     "ldr lr, [r3]\n"
                     /* A position. */
                     "1: mov r0, lr\n"
                     "ldr r1, [r3, #4]\n"
                     "add r2, r3, #36\n"
                     "ldmia r2, {r4-r7}\n"
                     "ldr r2, [r3, #12]\n"
                     "str r2, [sp, #8]\n"
                     /* A slice. */
                     "2: ldrd r2, r12, [sp]\n"
                     "bx r2\n"
                     ".balign 4\n"
                     "4: " PAIR PAIR PAIR PAIR PAIR PAIR PAIR PAIR
                     "subs r12, #1\n"
                     "bne 4b\n"
                     "ldr r2, [sp, #8]\n"
                     "subs r2, #1\n"
                     "beq 3f\n"
                     "str r2, [sp, #8]\n"
                     "ldr r2, [r3, #16]\n"
                     "adds r0, r2\n"
                     "b 2b\n"
                     "3: ldrd r8, r9, [r3, #24]\n"
                     "ldr r10, [r3, #20]\n"
                     "ldr r11, [r3, #32]\n"
                     "stmia r8, {r4-r7}\n"
                     "add r8, r9\n"
                     "add lr, r10\n"
                     "subs r11, #1\n"
                     "str r8, [r3, #24]\n"
                     "str r11, [r3, #32]\n"
                     "bne 1b\n"
                     "add sp, #12\n"
                     "pop {r4-r11, pc}\n");
}

ASSEMBLY void linnet_dsp_add_pairs(int32_t *dx, const uint32_t *packed, uint32_t count,
                                   uint32_t pair) {
    (void)dx, (void)packed, (void)count, (void)pair;
    __asm__ volatile("push {r4-r11, lr}\n"
                     "subs r2, #8\n"
                     "blt 2f\n"
                     "1: ldmia r0, {r4-r7}\n"
                     "ldmia r1!, {r8-r11}\n"
                     "smlad r4, r8, r3, r4\n"
                     "smlad r5, r9, r3, r5\n"
                     "smlad r6, r10, r3, r6\n"
                     "smlad r7, r11, r3, r7\n"
                     "stmia r0!, {r4-r7}\n"
                     "ldmia r0, {r4-r7}\n"
                     "ldmia r1!, {r8-r11}\n"
                     "smlad r4, r8, r3, r4\n"
                     "smlad r5, r9, r3, r5\n"
                     "smlad r6, r10, r3, r6\n"
                     "smlad r7, r11, r3, r7\n"
                     "subs r2, #8\n"
                     "stmia r0!, {r4-r7}\n"
                     "bge 1b\n"
                     "2: adds r2, #8\n"
                     "beq 4f\n"
                     "3: ldr r4, [r0]\n"
                     "ldr r8, [r1], #4\n"
                     "smlad r4, r8, r3, r4\n"
                     "str r4, [r0], #4\n"
                     "subs r2, #1\n"
                     "bne 3b\n"
                     "4: pop {r4-r11, pc}\n");
}

#define ADD_WINDOW                                                                                 \
    "smlabb r4, r1, lr, r4\n"                                                                      \
    "smlatb r5, r1, lr, r5\n"                                                                      \
    "smlabb r6, r2, lr, r6\n"                                                                      \
    "smlatb r7, r2, lr, r7\n"                                                                      \
    "smlabb r8, r3, lr, r8\n"                                                                      \
    "smlatb r9, r3, lr, r9\n"                                                                      \
    "smlabb r10, r12, lr, r10\n"                                                                   \
    "smlatb r11, r12, lr, r11\n"

/* The offset lies on the stack, for no register is free. */
ASSEMBLY void linnet_dsp_gather(const struct linnet_dsp_window *list, uint32_t offset_bytes,
                                int32_t *g, bool is_aligned) {
    (void)list, (void)offset_bytes, (void)g, (void)is_aligned;
    __asm__ volatile("push {r1, r2, r4-r11, lr}\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "movs r6, #0\n"
                     "movs r7, #0\n"
                     "mov r8, r4\n"
                     "mov r9, r4\n"
                     "mov r10, r4\n"
                     "mov r11, r4\n"
                     "cbz r3, 2f\n"
                     "1: ldrd r1, lr, [r0], #8\n"
                     "cbz r1, 3f\n"
                     "ldr r2, [sp]\n"
                     "adds r1, r2\n"
                     "ldmia.w r1, {r1, r2, r3, r12}\n" ADD_WINDOW "b 1b\n"
                     "2: ldrd r1, lr, [r0], #8\n"
                     "cbz r1, 3f\n"
                     "ldr r2, [sp]\n"
                     "adds r1, r2\n"
                     "ldr r2, [r1, #4]\n"
                     "ldr r3, [r1, #8]\n"
                     "ldr r12, [r1, #12]\n"
                     "ldr r1, [r1]\n" ADD_WINDOW "b 2b\n"
                     "3: ldr r2, [sp, #4]\n"
                     "stmia r2, {r4-r11}\n"
                     "pop {r1, r2, r4-r11, pc}\n");
}

ASSEMBLY void linnet_dsp_clear(int32_t *words, uint32_t count) {
    (void)words, (void)count;
    __asm__ volatile("push {r4, r5, lr}\n"
                     "movs r2, #0\n"
                     "movs r3, #0\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "subs r1, #8\n"
                     "blt 2f\n"
                     "1: stmia r0!, {r2-r5}\n"
                     "stmia r0!, {r2-r5}\n"
                     "subs r1, #8\n"
                     "bge 1b\n"
                     "2: adds r1, #8\n"
                     "beq 4f\n"
                     "3: str r2, [r0], #4\n"
                     "subs r1, #1\n"
                     "bne 3b\n"
                     "4: pop {r4, r5, pc}\n");
}

#endif
