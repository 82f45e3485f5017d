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

/* The first 16 vectors; those of the board follow in .vectors.interrupts. */
static const linnet_vector vectors[16] __attribute__((section(".vectors"), used)) = {
    (linnet_vector)linnet_stack_top,
    linnet_start,
    linnet_fault, /* NMI */
    linnet_fault, /* HardFault */
    linnet_fault, /* MemManage */
    linnet_fault, /* BusFault */
    linnet_fault, /* UsageFault */
    0,
    0,
    0,
    0,
    linnet_fault, /* SVCall */
    linnet_fault, /* DebugMonitor */
    0,
    linnet_fault, /* PendSV */
    linnet_systick,
};
