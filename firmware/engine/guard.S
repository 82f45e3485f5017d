/*
 * The border of an engine that is compiled with -fcall-used-r4 -fcall-used-r5 -fcall-used-r6: its
 * operations end in jumps and keep nothing from one to the next, so what the procedure call standard
 * (AAPCS) makes each of them save and restore is wasted. Whoever calls the engine is compiled as usual
 * and relies on those registers. So kernel.c, which alone calls it, is compiled like it and with other
 * names for what it offers; here are the names of kernel.h, and they give the registers back.
 *
 * Interrupts need no guard: their handlers are compiled as usual. Nor do functions the engine calls.
 */
    .syntax unified
    .thumb

/* Passes up to five arguments on: the fifth lies on the stack. */
.macro guard name
    .section .text.linnet_kernel_\name, "ax", %progbits
    .balign 4
    .global linnet_kernel_\name
    .type linnet_kernel_\name, %function
    .thumb_func
linnet_kernel_\name:
    push    {r4-r6, lr}
    ldr     r4, [sp, #16]
    push    {r4, r5}
    bl      linnet_unguarded_\name
    add     sp, #8
    pop     {r4-r6, pc}
    .size   linnet_kernel_\name, . - linnet_kernel_\name
.endm

    guard   open
    guard   close
    guard   call
    guard   at
    guard   word
    guard   set_word
    guard   engine
