#include "cortex_m.h"

#define STACK_PAINT 0xa5a5a5a5u

extern uint32_t linnet_stack_limit[], linnet_stack_top[];
extern uint32_t linnet_data_start[], linnet_data_end[];
extern const uint32_t linnet_data_load[];
extern uint32_t linnet_bss_start[], linnet_bss_end[];

void linnet_reset(void);
void abort(void);

void linnet_reset(void) {
    /* Below this frame nothing is in use yet, apart from what the loops themselves may spill. */
    uint32_t *frame = (uint32_t *)__builtin_frame_address(0) - 16;
    for (uint32_t *at = linnet_stack_limit; at < frame; at++) {
        *at = STACK_PAINT;
    }
    const uint32_t *from = linnet_data_load;
    for (uint32_t *at = linnet_data_start; at < linnet_data_end; at++) {
        *at = *from++;
    }
    for (uint32_t *at = linnet_bss_start; at < linnet_bss_end; at++) {
        *at = 0;
    }
    main();
    linnet_fault();
}

uint32_t linnet_stack_high_water(void) {
    const uint32_t *at = linnet_stack_limit;
    while (at < linnet_stack_top && *at == STACK_PAINT) {
        at++;
    }
    return (uint32_t)(linnet_stack_top - at) * 4u;
}

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

/* The C library's would raise a signal; there is nobody to handle it. */
void abort(void) {
    linnet_fault();
    for (;;) {
    }
}

/* The first 16 vectors; those of the board follow in .vectors.interrupts. */
static const linnet_vector vectors[16] __attribute__((section(".vectors"), used)) = {
    (linnet_vector)linnet_stack_top,
    linnet_reset,
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
