/*
 * Instructions on a Cortex-M: SysTick counts down at the clock of the processor in 24 bits, its
 * interrupt counts the rest.
 */
#include "runner_core.h"
#include "cortex_m.h"

#define SYSTICK_MASK 0x00ffffffu
#define SYSTICK_BITS 24u

static volatile uint32_t rounds;

void linnet_systick(void) {
    rounds++;
}

void runner_core_start(void) {
    SYSTICK_RELOAD = SYSTICK_MASK;
    SYSTICK_CURRENT = 0;
    SYSTICK_CONTROL = SYSTICK_RUN;
}

uint32_t runner_core_ticks(void) {
    uint32_t before;
    uint32_t current;
    do {
        before = rounds;
        current = SYSTICK_CURRENT;
    } while (before != rounds);
    return before << SYSTICK_BITS | (SYSTICK_MASK - current);
}

uint32_t runner_core_instructions(uint32_t ticks) {
    return (uint32_t)((uint64_t)ticks * 1000000000u / RUNNER_CLOCK_HZ);
}
