#include "cortex_m.h"

extern uint32_t linnet_stack_top[];

void linnet_systick_start(uint32_t clock) {
    SYSTICK_RELOAD = clock / 1000u - 1u;
    SYSTICK_CURRENT = 0;
    SYSTICK_CONTROL = SYSTICK_RUN;
}

void linnet_system_reset(void) {
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = SCB_AIRCR_RESET;
    for (;;) {
    }
}

const uint32_t *volatile linnet_exception_frame;

/* Notes where the frame lies before C moves the stack pointer; nothing uses another stack. */
#define ENTRY(name, handler)                                                                       \
    __attribute__((naked)) static void name(void) {                                                \
        __asm volatile("mrs r0, msp\n"                                                             \
                       "ldr r1, 1f\n"                                                              \
                       "str r0, [r1]\n"                                                            \
                       "ldr r1, 2f\n"                                                              \
                       "bx r1\n"                                                                   \
                       ".balign 4\n"                                                               \
                       "1: .word linnet_exception_frame\n"                                         \
                       "2: .word " handler "\n");                                                  \
    }

ENTRY(enter_fault, "linnet_fault")
ENTRY(enter_systick, "linnet_systick")

/* The first 16 vectors; those of the board follow in .vectors.interrupts. */
static const linnet_vector vectors[16] __attribute__((section(".vectors"), used)) = {
    (linnet_vector)linnet_stack_top,
    linnet_start,
    enter_fault, /* NMI */
    enter_fault, /* HardFault */
    enter_fault, /* MemManage */
    enter_fault, /* BusFault */
    enter_fault, /* UsageFault */
    0,
    0,
    0,
    0,
    enter_fault, /* SVCall */
    enter_fault, /* DebugMonitor */
    0,
    enter_fault, /* PendSV */
    enter_systick,
};
