/*
 * What dsp.h declares. Assembly, for these loops keep all fourteen registers busy and move more words
 * an instruction (LDM, STM) than a compiler does. Arguments come in r0…r3 and on the stack; r4…r11 are
 * given back as they were (AAPCS). The instructions counted in dsp.h are those of the loops marked ►.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M'

    .syntax unified
    .thumb

.macro function name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
    .thumb_func
\name:
.endm

/* ---- x to lanes ---- */

/* Bytes of r4 to the lanes of r4, r5. */
.macro spread_four
    sxtb16  r5, r4
    sxtb16  r6, r4, ror #8
    pkhbt   r4, r5, r6, lsl #16
    pkhtb   r5, r6, r5, asr #16
.endm

/* r0 x, r1 count, r2 shift, r3 lanes */
function linnet_dsp_spread
    push    {r4-r8, lr}
    cmp     r2, #0
    bne     5f
    subs    r1, #8
    blt     2f
1:  ldr     r4, [r0], #4                /* ► eight elements */
    spread_four
    strd    r4, r5, [r3], #8
    ldr     r4, [r0], #4
    spread_four
    strd    r4, r5, [r3], #8
    subs    r1, #8
    bge     1b
2:  adds    r1, #4
    blt     3f
    ldr     r4, [r0], #4
    spread_four
    strd    r4, r5, [r3], #8
    subs    r1, #4
3:  adds    r1, #4                      /* none to three are left */
    beq     9f
    movs    r4, #0
    str     r4, [r3]
    str     r4, [r3, #4]
4:  ldrsb   r4, [r0], #1
    lsls    r4, r2
    strh    r4, [r3], #2
    subs    r1, #1
    bne     4b
9:  pop     {r4-r8, pc}
    /* With a shift: r7 clears what the low lane pushes into the high one. */
5:  movw    r8, #0xffff
    mvn     r7, r8
    lsls    r7, r2
    orrs    r7, r8
    subs    r1, #4
    blt     3b
6:  ldr     r4, [r0], #4                /* ► four elements */
    spread_four
    lsls    r4, r2
    lsls    r5, r2
    ands    r4, r7
    ands    r5, r7
    subs    r1, #4
    strd    r4, r5, [r3], #8
    bge     6b
    b       3b
    .size   linnet_dsp_spread, . - linnet_dsp_spread

/* ---- DENSE ---- */

/* \sum += eight operands of r8…r11 · eight lanes of r4…r7 */
.macro dot_eight sum
    sxtb16  r8, r8, ror #8
    sxtb16  r9, r9, ror #8
    sxtb16  r10, r10, ror #8
    sxtb16  r11, r11, ror #8
    smlad   \sum, r8, r4, \sum
    smlad   \sum, r9, r5, \sum
    smlad   \sum, r10, r6, \sum
    smlad   \sum, r11, r7, \sum
.endm

/* Eight lanes at r2 with the row at r0, summed in r12, and the one at r1, in lr. */
.macro dense_eight
    ldmia   r2!, {r4-r7}
    ldmia   r0!, {r8-r11}
    dot_eight r12
    ldmia   r1!, {r8-r11}
    dot_eight lr
.endm

/* r0 struct linnet_dsp_dense, kept at [sp] */
function linnet_dsp_dense
    push    {r0, r4-r11, lr}
    ldr     r1, [r0, #16]
    /* Two rows, the first at r1: their sums begin with their biases. */
1:  ldr     r4, [sp]
    ldmia   r4, {r2, r3, r6, r7}        /* x count bias_left bias_factor */
    ldrd    r8, r5, [r4, #20]
    ldrsh   r12, [r5], #2
    ldrsh   lr, [r5], #2
    str     r5, [r4, #24]
    lsl     r12, r12, r6
    lsl     lr, lr, r6
    smmulr  r12, r12, r7
    smmulr  lr, lr, r7
    mov     r0, r1
    add     r1, r8
    subs    r3, #16
    blt     3f
2:  dense_eight                         /* ► sixteen lanes of two rows */
    dense_eight
    subs    r3, #16
    bge     2b
3:  adds    r3, #16
    beq     5f
    subs    r3, #8
    blt     4f
    dense_eight
    beq     5f
4:    /* Four lanes are left. */
    ldrd    r4, r5, [r2]
    ldrd    r8, r9, [r0]
    ldrd    r10, r11, [r1], #8
    sxtb16  r8, r8, ror #8
    sxtb16  r9, r9, ror #8
    sxtb16  r10, r10, ror #8
    sxtb16  r11, r11, ror #8
    smlad   r12, r8, r4, r12
    smlad   lr, r10, r4, lr
    smlad   r12, r9, r5, r12
    smlad   lr, r11, r5, lr
5:  ldr     r4, [sp]
    ldrd    r5, r6, [r4, #28]
    stmia   r5!, {r12, lr}
    subs    r6, #2
    strd    r5, r6, [r4, #28]
    bne     1b
    pop     {r0, r4-r11, pc}
    .size   linnet_dsp_dense, . - linnet_dsp_dense

/* r0 dx, r1 a, r2 b, r3 count, [sp] pair */
function linnet_dsp_add_rows
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
1:  ldmia   r0, {r4-r7}                 /* ► four of dx, both rows */
    ldrd    r8, r9, [r1], #8
    ldrd    r10, r11, [r2], #8
    sxtb16  r8, r8, ror #8
    sxtb16  r10, r10, ror #8
    sxtb16  r9, r9, ror #8
    sxtb16  r11, r11, ror #8
    pkhbt   lr, r8, r10, lsl #16
    pkhtb   r10, r10, r8, asr #16
    smlad   r4, lr, r12, r4
    smlad   r5, r10, r12, r5
    pkhbt   lr, r9, r11, lsl #16
    pkhtb   r11, r11, r9, asr #16
    smlad   r6, lr, r12, r6
    smlad   r7, r11, r12, r7
    subs    r3, #4
    stmia   r0!, {r4-r7}
    bne     1b
    pop     {r4-r11, pc}
    .size   linnet_dsp_add_rows, . - linnet_dsp_add_rows

/*
 * Two words \w and two lanes \x. The low half of lr is the complement of the remainder so far, scaled by
 * 2^(16 − shift); r3 is −error, scaled so that error · x has its step in the high half. Then
 *
 *     word · 2^16 + ~remainder − error · x  =  (word − step) · 2^16 + ~(next remainder)
 *
 * has the new word in its high half and what the next word needs in its low one. Where the word leaves
 * int16 the sum overflows, and SMLAxy sets Q.
 */
.macro lower_two w, x
    pkhbt   r12, lr, \w, lsl #16
    smlabb  r12, \x, r3, r12
    pkhbt   lr, r12, \w
    smlatb  lr, \x, r3, lr
    pkhtb   \w, lr, r12, asr #16
.endm

.macro lower_eight
    ldmia   r1!, {r8-r11}
    ldmia   r0, {r4-r7}
    lower_two r4, r8
    lower_two r5, r9
    lower_two r6, r10
    lower_two r7, r11
    stmia   r0!, {r4-r7}
.endm

/* r0 struct linnet_dsp_rows, kept at [sp] */
function linnet_dsp_update_rows
    push    {r0, r4-r11, lr}
1:  ldr     r12, [sp]
    ldmia   r12, {r0-r7}                /* error rows w bias row stream x count */
    cmp     r1, #0
    beq     9f
    ldrsb   r11, [r0], #1
    subs    r1, #1
    add     r8, r2, r7, lsl #1
    add     r9, r3, #2
    add     r10, r4, #1
    stmia   r12, {r0, r1, r8, r9, r10}
    cmp     r11, #0
    beq     1b
    /* r4, r5: the two draws of the row (SPEC 2.2) */
    eors    r4, r5
    adr     r0, constants
    ldmia   r0, {r0, r1, r5, r8, r9}
    mla     r4, r4, r0, r1
    eor     r4, r4, r4, lsr #15
    mul     r4, r4, r5
    eor     r4, r4, r4, lsr #13
    mla     r4, r4, r8, r9
    mla     r5, r4, r8, r9
    /* The bias. */
    add     r0, r12, #32
    ldmia   r0, {r0, r1, r8, r9, r10, lr}
    lsl     r0, r11, r0
    lsr     r4, r4, r1
    add     r0, r4
    asr     r0, r0, r8
    ldrsh   r1, [r3]
    ssat    r0, #13, r0
    subs    r1, r1, r0
    ssat    r1, #16, r1
    strh    r1, [r3]
    /* The weights: r3 = −error, lr = ~remainder. */
    lsr     r5, r5, r10
    lsl     r5, r5, lr
    mvn     lr, r5
    lsl     r3, r11, r9
    rsb     r3, r3, #0
    mov     r0, r2
    mov     r1, r6
    movs    r4, #0
    msr     APSR_nzcvq, r4
    subs    r2, r7, #16
    blt     3f
2:  lower_eight                         /* ► sixteen words */
    lower_eight
    subs    r2, #16
    bge     2b
3:  adds    r2, #8
    blt     4f
    lower_eight
    subs    r2, #8
4:  adds    r2, #8
    beq     5f
    /* Four words are left. */
    ldrd    r8, r9, [r1]
    ldrd    r4, r5, [r0]
    lower_two r4, r8
    lower_two r5, r9
    strd    r4, r5, [r0]
5:  mrs     r0, APSR
    tst     r0, #0x08000000             /* Q */
    beq     1b
    movs    r0, #1
    b       8f
9:  movs    r0, #0
8:  add     sp, #4
    pop     {r4-r11, pc}
    .balign 4
constants:
    .word   0x9e3779b1, 0x7f4a7c15, 0x85ebca77      /* fold */
    .word   1664525, 1013904223                     /* stream */
    .size   linnet_dsp_update_rows, . - linnet_dsp_update_rows

/* ---- CONV forward ---- */

/* r0 four row addresses, moved on, r1 pairs, r2 packed */
function linnet_dsp_pack_four
    push    {r4-r11, lr}
    ldmia   r0, {r4-r7}
    cbz     r1, 2f
1:  ldr     r8, [r4], #4                /* ► eight words */
    ldr     r9, [r5], #4
    ldr     r10, [r6], #4
    ldr     r11, [r7], #4
    sxtb16  r8, r8, ror #8
    sxtb16  r9, r9, ror #8
    sxtb16  r10, r10, ror #8
    sxtb16  r11, r11, ror #8
    subs    r1, #1
    stmia   r2!, {r8-r11}
    bne     1b
2:  stmia   r0, {r4-r7}
    mov     r0, r2
    pop     {r4-r11, pc}
    .size   linnet_dsp_pack_four, . - linnet_dsp_pack_four

/* A pair of lanes at r0 with one of each of four filters at r1. Six instructions of four bytes. */
.macro pair_of_four
    ldmia   r1!, {r8-r11}
    ldr     r2, [r0], #4
    smlad   r4, r8, r2, r4
    smlad   r5, r9, r2, r5
    smlad   r6, r10, r2, r6
    smlad   r7, r11, r2, r7
.endm
#define PAIR_BYTES 24

/*
 * r0 struct linnet_dsp_conv_row. The loop over pairs is eight long and entered as far from its end as
 * the pairs of a slice are past a multiple of eight: [sp] holds that address, [sp, #4] the turns and
 * [sp, #8] the slices that are left.
 */
function linnet_dsp_conv_row
    push    {r4-r11, lr}
    sub     sp, #12
    mov     r3, r0
    ldr     r1, [r3, #8]
    adds    r2, r1, #7
    lsrs    r2, r2, #3
    str     r2, [sp, #4]
    rsbs    r1, r1, #0
    and     r1, r1, #7
    movs    r2, #PAIR_BYTES
    muls    r1, r2
    adr     r2, 3f
    adds    r1, r2
    orr     r1, r1, #1
    str     r1, [sp]
    ldr     lr, [r3]
    /* A position. */
1:  mov     r0, lr
    ldr     r1, [r3, #4]
    add     r2, r3, #36
    ldmia   r2, {r4-r7}
    ldr     r2, [r3, #12]
    str     r2, [sp, #8]
    /* A slice. */
2:  ldrd    r2, r12, [sp]
    bx      r2
    .balign 4
3:  .rept 8                             /* ► */
    pair_of_four
    .endr
    subs    r12, #1
    bne     3b
    ldr     r2, [sp, #8]
    subs    r2, #1
    beq     4f
    str     r2, [sp, #8]
    ldr     r2, [r3, #16]
    adds    r0, r2
    b       2b
4:  ldrd    r8, r9, [r3, #24]
    ldr     r10, [r3, #20]
    ldr     r11, [r3, #32]
    stmia   r8, {r4-r7}
    add     r8, r9
    add     lr, r10
    subs    r11, #1
    str     r8, [r3, #24]
    str     r11, [r3, #32]
    bne     1b
    add     sp, #12
    pop     {r4-r11, pc}
    .size   linnet_dsp_conv_row, . - linnet_dsp_conv_row

/* ---- CONV backward ---- */

/* r0 a, r1 b, r2 count, r3 packed */
function linnet_dsp_pack_two
    push    {r4-r7, lr}
1:  ldr     r4, [r0], #4                /* ► two words of each */
    ldr     r5, [r1], #4
    sxtb16  r4, r4, ror #8
    sxtb16  r5, r5, ror #8
    subs    r2, #2
    pkhbt   r6, r4, r5, lsl #16
    pkhtb   r7, r5, r4, asr #16
    strd    r6, r7, [r3], #8
    bne     1b
    pop     {r4-r7, pc}
    .size   linnet_dsp_pack_two, . - linnet_dsp_pack_two

/* Four of dx at r0 += lanes of four packed words at r1 · lanes of r3. */
.macro add_four_pairs
    ldmia   r0, {r4-r7}
    ldmia   r1!, {r8-r11}
    smlad   r4, r8, r3, r4
    smlad   r5, r9, r3, r5
    smlad   r6, r10, r3, r6
    smlad   r7, r11, r3, r7
    stmia   r0!, {r4-r7}
.endm

/* r2 of dx at r0 likewise. */
.macro add_pairs
    subs    r2, #8
    blt     12f
11: add_four_pairs                      /* ► eight of dx */
    add_four_pairs
    subs    r2, #8
    bge     11b
12: adds    r2, #8
    beq     14f
13: ldr     r4, [r0]
    ldr     r8, [r1], #4
    smlad   r4, r8, r3, r4
    str     r4, [r0], #4
    subs    r2, #1
    bne     13b
14:
.endm

/* r0 dx, r1 packed, r2 count, r3 pair */
function linnet_dsp_add_pairs
    push    {r4-r11, lr}
    add_pairs
    pop     {r4-r11, pc}
    .size   linnet_dsp_add_pairs, . - linnet_dsp_add_pairs

/* r0 struct linnet_dsp_scatter */
function linnet_dsp_scatter_row
    push    {r4-r11, lr}
    mov     r12, r0
1:  ldmia   r12, {r4-r8}                /* error dx positions outputs dx_bytes */
    cbz     r6, 6f
    /* To the next position with an error. */
2:  ldrh    r3, [r4]
    add     r4, r7
    mov     r0, r5
    add     r5, r8
    subs    r6, #1
    cbnz    r3, 3f
    bne     2b
6:  pop     {r4-r11, pc}
3:  stmia   r12, {r4-r6}
    sxtb    r2, r3
    sxtb    r3, r3, ror #8
    pkhbt   r3, r2, r3, lsl #16
    ldrd    r1, lr, [r12, #20]
4:  ldr     r2, [r12, #28]
    add_pairs
    subs    lr, #1
    beq     1b
    ldr     r2, [r12, #32]
    add     r0, r2
    b       4b
    .size   linnet_dsp_scatter_row, . - linnet_dsp_scatter_row

/* r0 errors, r1 distance, r2 struct linnet_dsp_scan, r3 list */
function linnet_dsp_list
    push    {r2, r4-r7, lr}
    ldmia   r2, {r4-r7}
1:  ldrsb   r2, [r0]                    /* ► a position */
    add     r0, r1
    cbz     r2, 2f
    strd    r4, r2, [r3], #8
    add     r7, r2
2:  add     r4, r5
    subs    r6, #1
    bne     1b
    pop     {r2}
    str     r7, [r2, #12]
    mov     r0, r3
    pop     {r4-r7, pc}
    .size   linnet_dsp_list, . - linnet_dsp_list

/* Eight sums r4…r11 += error lr · eight lanes r1 r2 r3 r12 */
.macro add_window
    smlabb  r4, r1, lr, r4
    smlatb  r5, r1, lr, r5
    smlabb  r6, r2, lr, r6
    smlatb  r7, r2, lr, r7
    smlabb  r8, r3, lr, r8
    smlatb  r9, r3, lr, r9
    smlabb  r10, r12, lr, r10
    smlatb  r11, r12, lr, r11
.endm

/* The next window of the list at r0: its address, moved by the offset, and its error. */
.macro next_window end
    ldrd    r1, lr, [r0], #8
    cbz     r1, \end
    ldr     r2, [sp]
    adds    r1, r2
.endm

/*
 * r0 list, r1 offset, r2 g, r3 count, [sp] is_aligned. No register is free in the loop:
 * [sp] offset, [sp, #4] list, [sp, #8] g, [sp, #12] lanes left, [sp, #16] is_aligned
 */
function linnet_dsp_gather
    push    {r4-r11, lr}
    ldrb    r12, [sp, #36]
    sub     sp, #20
    strd    r1, r0, [sp]
    strd    r2, r3, [sp, #8]
    str     r12, [sp, #16]
4:  movs    r4, #0
    movs    r5, #0
    movs    r6, #0
    movs    r7, #0
    mov     r8, r4
    mov     r9, r4
    mov     r10, r4
    mov     r11, r4
    ldr     r3, [sp, #16]
    cbz     r3, 2f
    /* ► two windows */
1:  .rept 2
    next_window 7f
    ldmia   r1, {r1, r2, r3, r12}
    add_window
    .endr
    b       1b
7:  b       3f
    /* ► a window whose lanes are not aligned */
2:  next_window 3f
    ldr     r2, [r1, #4]
    ldr     r3, [r1, #8]
    ldr     r12, [r1, #12]
    ldr     r1, [r1]
    add_window
    b       2b
3:  ldrd    r1, r0, [sp]
    ldrd    r2, r3, [sp, #8]
    adds    r1, #16
    stmia   r2!, {r4-r11}
    subs    r3, #8
    str     r1, [sp]
    strd    r2, r3, [sp, #8]
    bgt     4b
    add     sp, #20
    pop     {r4-r11, pc}
    .size   linnet_dsp_gather, . - linnet_dsp_gather

/* One gradient: r3 remainder, r12 shift, lr mask. */
.macro step g
    add     r3, \g
    asr     \g, r3, r12
    and     r3, r3, lr
    ssat    \g, #13, \g
.endm

/* r0 w, r1 g, r2 count, r3 shift, [sp] remainder */
function linnet_dsp_update_row
    push    {r4-r9, lr}
    mov     r12, r3
    movs    r4, #1
    lsls    r4, r3
    sub     lr, r4, #1
    ldr     r3, [sp, #28]
1:  ldmia   r1!, {r4-r7}                /* ► four words */
    ldrd    r8, r9, [r0]
    step    r4
    step    r5
    step    r6
    step    r7
    pkhbt   r4, r4, r5, lsl #16
    pkhbt   r6, r6, r7, lsl #16
    qsub16  r8, r8, r4
    qsub16  r9, r9, r6
    subs    r2, #4
    strd    r8, r9, [r0], #8
    bne     1b
    pop     {r4-r9, pc}
    .size   linnet_dsp_update_row, . - linnet_dsp_update_row

/* ---- Requantisation ---- */

/* r2 shift, r12 half of what it takes off */
.macro round v
    add     \v, r12
    asr     \v, \v, r2
.endm

.macro half
    movs    r12, #1
    lsl     r12, r12, r2
    lsr     r12, r12, #1
.endm

/* r0 sums, r1 count, r2 shift, r3 y */
function linnet_dsp_requantise_positive
    push    {r4-r7, lr}
    half
    subs    r1, #4
    blt     2f
1:  ldmia   r0!, {r4-r7}                /* ► four sums */
    round   r4
    round   r5
    round   r6
    round   r7
    usat    r4, #7, r4
    usat    r5, #7, r5
    usat    r6, #7, r6
    usat    r7, #7, r7
    orr     r4, r4, r5, lsl #8
    orr     r6, r6, r7, lsl #8
    orr     r4, r4, r6, lsl #16
    subs    r1, #4
    str     r4, [r3], #4
    bge     1b
2:  adds    r1, #4
    beq     4f
3:  ldr     r4, [r0], #4
    round   r4
    usat    r4, #7, r4
    strb    r4, [r3], #1
    subs    r1, #1
    bne     3b
4:  pop     {r4-r7, pc}
    .size   linnet_dsp_requantise_positive, . - linnet_dsp_requantise_positive

/* The same; SSAT goes down to −128, so bytes that are not at least −127 are replaced. */
function linnet_dsp_requantise
    push    {r4-r8, lr}
    half
    mvn     r8, #0x7e7e7e7e
    subs    r1, #4
    blt     2f
1:  ldmia   r0!, {r4-r7}                /* ► four sums */
    round   r4
    round   r5
    round   r6
    round   r7
    pkhbt   r4, r4, r6, lsl #16
    pkhbt   r5, r5, r7, lsl #16
    ssat16  r4, #8, r4
    ssat16  r5, #8, r5
    uxtb16  r4, r4
    uxtb16  r5, r5
    orr     r4, r4, r5, lsl #8
    ssub8   r5, r4, r8
    sel     r4, r4, r8
    subs    r1, #4
    str     r4, [r3], #4
    bge     1b
2:  adds    r1, #4
    beq     4f
3:  ldr     r4, [r0], #4
    round   r4
    ssat    r4, #8, r4
    ssub8   r5, r4, r8
    sel     r4, r4, r8
    strb    r4, [r3], #1
    subs    r1, #1
    bne     3b
4:  pop     {r4-r8, pc}
    .size   linnet_dsp_requantise, . - linnet_dsp_requantise

/* r12 |= v above 0 */
.macro or_positive v
    bic     \v, \v, \v, asr #31
    orr     r12, \v
.endm

/* r12 |= |v|; r2 is lost */
.macro or_magnitude v
    add     r2, \v, \v, asr #31
    eor     r2, r2, \v, asr #31
    orr     r12, r2
.endm

/* r0 sums, r1 count */
.macro or_all action
    push    {r4-r7, lr}
    movs    r12, #0
    subs    r1, #4
    blt     2f
1:  ldmia   r0!, {r4-r7}                /* ► four sums */
    \action r4
    \action r5
    \action r6
    \action r7
    subs    r1, #4
    bge     1b
2:  adds    r1, #4
    beq     4f
3:  ldr     r4, [r0], #4
    \action r4
    subs    r1, #1
    bne     3b
4:  mov     r0, r12
    pop     {r4-r7, pc}
.endm

function linnet_dsp_positives
    or_all  or_positive
    .size   linnet_dsp_positives, . - linnet_dsp_positives

function linnet_dsp_magnitudes
    or_all  or_magnitude
    .size   linnet_dsp_magnitudes, . - linnet_dsp_magnitudes

/* r3: a byte of ones for each x that is not 0 */
.macro gate v, rotation=0
    sxtb    r2, r3, ror #\rotation
    ands    \v, r2
    or_magnitude \v
.endm

/* r0 x, r1 dx, r2 count */
function linnet_dsp_close_gates
    push    {r4-r10, lr}
    mov     lr, r2
    movs    r12, #0
    mov     r8, #0x01010101
    mvn     r9, #0
    mov     r10, #0
    subs    lr, #4
    blt     2f
1:  ldr     r3, [r0], #4                /* ► four elements */
    ldmia   r1, {r4-r7}
    usub8   r3, r3, r8
    sel     r3, r9, r10
    gate    r4
    gate    r5, 8
    gate    r6, 16
    gate    r7, 24
    subs    lr, #4
    stmia   r1!, {r4-r7}
    bge     1b
2:  adds    lr, #4
    beq     4f
3:  ldrb    r3, [r0], #1
    ldr     r4, [r1]
    usub8   r3, r3, r8
    sel     r3, r9, r10
    gate    r4
    str     r4, [r1], #4
    subs    lr, #1
    bne     3b
4:  mov     r0, r12
    pop     {r4-r10, pc}
    .size   linnet_dsp_close_gates, . - linnet_dsp_close_gates

/* r0 words, r1 count */
function linnet_dsp_clear
    push    {r4, r5, lr}
    movs    r2, #0
    movs    r3, #0
    movs    r4, #0
    movs    r5, #0
    subs    r1, #8
    blt     2f
1:  stmia   r0!, {r2-r5}
    stmia   r0!, {r2-r5}
    subs    r1, #8
    bge     1b
2:  adds    r1, #8
    beq     4f
3:  str     r2, [r0], #4
    subs    r1, #1
    bne     3b
4:  pop     {r4, r5, pc}
    .size   linnet_dsp_clear, . - linnet_dsp_clear

#endif
