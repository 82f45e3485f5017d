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

ASSEMBLY void linnet_dsp_dense(struct linnet_dsp_dense *dense) {
    (void)dense;
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "ldr r1, [r0, #16]\n"
        /* Two rows, the first at r1: their sums begin with their biases. */
        "1: ldr r4, [sp]\n"
        "ldr r5, [r4, #24]\n"
        "ldrd r6, r7, [r4, #8]\n"
        "ldrsh r12, [r5], #2\n"
        "ldrsh lr, [r5], #2\n"
        "str r5, [r4, #24]\n"
        "lsl r12, r12, r6\n"
        "lsl lr, lr, r6\n"
        "smmulr r12, r12, r7\n"
        "smmulr lr, lr, r7\n"
        "ldrd r2, r3, [r4]\n"
        "ldr r6, [r4, #20]\n"
        "mov r0, r1\n"
        "add r1, r6\n"
        "subs r3, #8\n"
        "blt 3f\n"
        "2: ldmia r2!, {r4-r7}\n"
        "ldmia r0!, {r8-r11}\n" DOT4("r12", "r8", "r9", "r10", "r11") "ldmia r1!, {r8-r11}\n" DOT4(
            "lr", "r8", "r9", "r10", "r11") "subs r3, #8\n"
                                            "bge 2b\n"
                                            "3: adds r3, #8\n"
                                            "beq 4f\n"
                                            /* Four lanes are left. */
                                            "ldrd r4, r5, [r2]\n"
                                            "ldrd r8, r9, [r0]\n"
                                            "ldrd r10, r11, [r1], #8\n"
                                            "sxtb16 r8, r8, ror #8\n"
                                            "sxtb16 r9, r9, ror #8\n"
                                            "sxtb16 r10, r10, ror #8\n"
                                            "sxtb16 r11, r11, ror #8\n"
                                            "smlad r12, r8, r4, r12\n"
                                            "smlad lr, r10, r4, lr\n"
                                            "smlad r12, r9, r5, r12\n"
                                            "smlad lr, r11, r5, lr\n"
                                            "4: ldr r4, [sp]\n"
                                            "ldrd r5, r6, [r4, #28]\n"
                                            "stmia r5!, {r12, lr}\n"
                                            "subs r6, #2\n"
                                            "strd r5, r6, [r4, #28]\n"
                                            "bne 1b\n"
                                            "pop {r0, r4-r11, pc}\n");
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
 * Two words: `carry` goes in with the remainder in its low half, ~(remainder · 2^(16 − shift)); r12
 * and lr become word · 2^16 + carry − step · 2^16 …, whose high half is the new word and whose low
 * half is the next carry. An overflow sets Q, for then the word has left int16.
 */
#define LOWER2(w, x, carry)                                                                        \
    "pkhbt r12, " carry ", " w ", lsl #16\n"                                                       \
    "smlabb r12, " x ", r3, r12\n"                                                                 \
    "pkhbt lr, r12, " w "\n"                                                                       \
    "smlatb lr, " x ", r3, lr\n"                                                                   \
    "pkhtb " w ", lr, r12, asr #16\n"

ASSEMBLY uint32_t linnet_dsp_update_rows(struct linnet_dsp_rows *rows) {
    (void)rows;
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "1: ldr r12, [sp]\n"
        "ldmia r12, {r0-r7}\n"
        "cmp r1, #0\n"
        "beq 9f\n"
        "ldrsb r11, [r0], #1\n"
        "subs r1, #1\n"
        "add r8, r2, r7, lsl #1\n"
        "add r9, r3, #2\n"
        "add r10, r4, #1\n"
        "stmia r12, {r0, r1, r8, r9, r10}\n"
        "cmp r11, #0\n"
        "beq 1b\n"
        /* r4, r5 ← the two draws of the row */
        "eors r4, r5\n"
        "adr r0, 8f\n"
        "ldmia r0, {r0, r1, r5, r8, r9}\n"
        "mla r4, r4, r0, r1\n"
        "eor r4, r4, r4, lsr #15\n"
        "mul r4, r4, r5\n"
        "eor r4, r4, r4, lsr #13\n"
        "mla r4, r4, r8, r9\n"
        "mla r5, r4, r8, r9\n"
        /* The bias. */
        "add r0, r12, #32\n"
        "ldmia r0, {r0, r1, r8, r9, r10, lr}\n"
        "lsl r0, r11, r0\n"
        "lsr r4, r4, r1\n"
        "add r0, r4\n"
        "asr r0, r0, r8\n"
        "ldrsh r1, [r3]\n"
        "ssat r0, #13, r0\n"
        "subs r1, r1, r0\n"
        "ssat r1, #16, r1\n"
        "strh r1, [r3]\n"
        /* The weights: r3 ← −error, lr ← the complement of the remainder. */
        "lsr r5, r5, r10\n"
        "lsl r5, r5, lr\n"
        "mvn lr, r5\n"
        "lsl r3, r11, r9\n"
        "rsb r3, r3, #0\n"
        "mov r0, r2\n"
        "mov r1, r6\n"
        "movs r4, #0\n"
        "msr APSR_nzcvq, r4\n"
        "subs r2, r7, #8\n"
        "blt 3f\n"
        "2: ldmia r1!, {r8-r11}\n"
        "ldmia r0, {r4-r7}\n" LOWER2("r4", "r8", "lr") LOWER2("r5", "r9", "lr")
            LOWER2("r6", "r10", "lr")
                LOWER2("r7", "r11", "lr") "subs r2, #8\n"
                                          "stmia r0!, {r4-r7}\n"
                                          "bge 2b\n"
                                          "3: adds r2, #8\n"
                                          "beq 4f\n"
                                          /* Four words are left. */
                                          "ldrd r8, r9, [r1]\n"
                                          "ldrd r4, r5, [r0]\n" LOWER2("r4", "r8", "lr")
                                              LOWER2("r5", "r9",
                                                     "lr") "strd r4, r5, [r0]\n"
                                                           "4: mrs r0, APSR\n"
                                                           "tst r0, #0x08000000\n"
                                                           "beq 1b\n"
                                                           "movs r0, #1\n"
                                                           "b 7f\n"
                                                           "9: movs r0, #0\n"
                                                           "7: add sp, #4\n"
                                                           "pop {r4-r11, pc}\n"
                                                           ".balign 4\n"
                                                           "8: .word 0x9e3779b1, 0x7f4a7c15, "
                                                           "0x85ebca77, 1664525, 1013904223\n");
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
                     "ldrd r8, r9, [r0]\n" STEP("r4") STEP("r5") STEP("r6")
                         STEP("r7") "pkhbt r4, r4, r5, lsl #16\n"
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
                     "4: " PAIR PAIR PAIR PAIR PAIR PAIR PAIR PAIR "subs r12, #1\n"
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

/* r2 is the shift, r12 half of what it takes off. */
#define ROUND(v)                                                                                   \
    "add " v ", r12\n"                                                                             \
    "asr " v ", " v ", r2\n"

/* r12 ← 2^(r2 − 1), or 0. */
#define HALF                                                                                       \
    "movs r12, #1\n"                                                                               \
    "lsl r12, r12, r2\n"                                                                           \
    "lsr r12, r12, #1\n"

ASSEMBLY void linnet_dsp_requantise_positive(const int32_t *sums, uint32_t count, uint32_t shift,
                                             int8_t *y) {
    (void)sums, (void)count, (void)shift, (void)y;
    __asm__ volatile("push {r4-r7, lr}\n" HALF "subs r1, #4\n"
                     "blt 2f\n"
                     "1: ldmia r0!, {r4-r7}\n" ROUND("r4") ROUND("r5") ROUND("r6")
                         ROUND("r7") "usat r4, #7, r4\n"
                                     "usat r5, #7, r5\n"
                                     "usat r6, #7, r6\n"
                                     "usat r7, #7, r7\n"
                                     "orr r4, r4, r5, lsl #8\n"
                                     "orr r6, r6, r7, lsl #8\n"
                                     "orr r4, r4, r6, lsl #16\n"
                                     "subs r1, #4\n"
                                     "str r4, [r3], #4\n"
                                     "bge 1b\n"
                                     "2: adds r1, #4\n"
                                     "beq 4f\n"
                                     "3: ldr r4, [r0], #4\n" ROUND("r4") "usat r4, #7, r4\n"
                                                                         "strb r4, [r3], #1\n"
                                                                         "subs r1, #1\n"
                                                                         "bne 3b\n"
                                                                         "4: pop {r4-r7, pc}\n");
}

/* SSAT reaches −128, which becomes −127: the bytes that are not at least that are replaced. */
ASSEMBLY void linnet_dsp_requantise(const int32_t *sums, uint32_t count, uint32_t shift,
                                    int8_t *y) {
    (void)sums, (void)count, (void)shift, (void)y;
    __asm__ volatile("push {r4-r8, lr}\n" HALF "mvn r8, #0x7e7e7e7e\n"
                     "subs r1, #4\n"
                     "blt 2f\n"
                     "1: ldmia r0!, {r4-r7}\n" ROUND("r4") ROUND("r5") ROUND("r6")
                         ROUND("r7") "pkhbt r4, r4, r6, lsl #16\n"
                                     "pkhbt r5, r5, r7, lsl #16\n"
                                     "ssat16 r4, #8, r4\n"
                                     "ssat16 r5, #8, r5\n"
                                     "uxtb16 r4, r4\n"
                                     "uxtb16 r5, r5\n"
                                     "orr r4, r4, r5, lsl #8\n"
                                     "ssub8 r5, r4, r8\n"
                                     "sel r4, r4, r8\n"
                                     "subs r1, #4\n"
                                     "str r4, [r3], #4\n"
                                     "bge 1b\n"
                                     "2: adds r1, #4\n"
                                     "beq 4f\n"
                                     "3: ldr r4, [r0], #4\n" ROUND("r4") "ssat r4, #8, r4\n"
                                                                         "ssub8 r5, r4, r8\n"
                                                                         "sel r4, r4, r8\n"
                                                                         "strb r4, [r3], #1\n"
                                                                         "subs r1, #1\n"
                                                                         "bne 3b\n"
                                                                         "4: pop {r4-r8, pc}\n");
}

/* Both gather in r12. */
#define ADD_POSITIVE(v)                                                                            \
    "bic " v ", " v ", " v ", asr #31\n"                                                           \
    "orr r12, " v "\n"
#define ADD_MAGNITUDE(v)                                                                           \
    "add r2, " v ", " v ", asr #31\n"                                                              \
    "eor r2, r2, " v ", asr #31\n"                                                                 \
    "orr r12, r2\n"

#define OR_OF(ADD)                                                                                 \
    "push {r4-r7, lr}\n"                                                                           \
    "movs r12, #0\n"                                                                               \
    "subs r1, #4\n"                                                                                \
    "blt 2f\n"                                                                                     \
    "1: ldmia r0!, {r4-r7}\n" ADD("r4") ADD("r5") ADD("r6")                                        \
        ADD("r7") "subs r1, #4\n"                                                                  \
                  "bge 1b\n"                                                                       \
                  "2: adds r1, #4\n"                                                               \
                  "beq 4f\n"                                                                       \
                  "3: ldr r4, [r0], #4\n" ADD("r4") "subs r1, #1\n"                                \
                                                    "bne 3b\n"                                     \
                                                    "4: mov r0, r12\n"                             \
                                                    "pop {r4-r7, pc}\n"

ASSEMBLY uint32_t linnet_dsp_positives(const int32_t *sums, uint32_t count) {
    (void)sums, (void)count;
    __asm__ volatile(OR_OF(ADD_POSITIVE));
}

ASSEMBLY uint32_t linnet_dsp_magnitudes(const int32_t *sums, uint32_t count) {
    (void)sums, (void)count;
    __asm__ volatile(OR_OF(ADD_MAGNITUDE));
}

/* r3: x, then a byte of ones where it is not 0. */
#define CLOSE(v, rotation)                                                                         \
    "sxtb r2, r3" rotation "\n"                                                                    \
    "ands " v ", r2\n" ADD_MAGNITUDE(v)

ASSEMBLY uint32_t linnet_dsp_close_gates(const int8_t *x, int32_t *dx, uint32_t count) {
    (void)x, (void)dx, (void)count;
    __asm__ volatile(
        "push {r4-r11, lr}\n"
        "mov lr, r2\n"
        "movs r12, #0\n"
        "mov r8, #0x01010101\n"
        "mvn r9, #0\n"
        "mov r10, #0\n"
        "subs lr, #4\n"
        "blt 2f\n"
        "1: ldr r3, [r0], #4\n"
        "ldmia r1, {r4-r7}\n"
        "usub8 r3, r3, r8\n"
        "sel r3, r9, r10\n" CLOSE("r4", "") CLOSE("r5", ", ror #8") CLOSE("r6", ", ror #16")
            CLOSE("r7", ", ror #24") "subs lr, #4\n"
                                     "stmia r1!, {r4-r7}\n"
                                     "bge 1b\n"
                                     "2: adds lr, #4\n"
                                     "beq 4f\n"
                                     "3: ldrb r3, [r0], #1\n"
                                     "ldr r4, [r1]\n"
                                     "usub8 r3, r3, r8\n"
                                     "sel r3, r9, r10\n" CLOSE("r4", "") "str r4, [r1], #4\n"
                                                                         "subs lr, #1\n"
                                                                         "bne 3b\n"
                                                                         "4: mov r0, r12\n"
                                                                         "pop {r4-r11, pc}\n");
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
