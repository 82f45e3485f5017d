/*
 * What every Cortex-M image shares: the vectors and the few core registers the ports use (ARMv7-M
 * Architecture Reference Manual, B3).
 */
#ifndef LINNET_CORTEX_M_H
#define LINNET_CORTEX_M_H

#include "image.h"

#define LINNET_REGISTER(address) (*(volatile uint32_t *)(address))

#define SYSTICK_CONTROL LINNET_REGISTER(0xe000e010u)
#define SYSTICK_RELOAD LINNET_REGISTER(0xe000e014u)
#define SYSTICK_CURRENT LINNET_REGISTER(0xe000e018u)
/* Enabled, with interrupt, from the processor clock. */
#define SYSTICK_RUN 7u

#define NVIC_ENABLE(interrupt)                                                                     \
    (LINNET_REGISTER(0xe000e100u + 4u * ((interrupt) / 32u)) = 1u << ((interrupt) % 32u))

#define SCB_AIRCR LINNET_REGISTER(0xe000ed0cu)
#define SCB_AIRCR_RESET 0x05fa0004u

typedef void (*linnet_vector)(void);

/*
 * What the exception at hand has stacked: registers of the code it interrupted. NULL before the
 * first one.
 */
extern const uint32_t *volatile linnet_exception_frame;

/* An image supplies this: called when SysTick reaches 0. */
void linnet_systick(void);

/* Interrupt of SysTick every millisecond. clock: processor clock, Hz. */
void linnet_systick_start(uint32_t clock);

/* Restarts the board; does not return. */
void linnet_system_reset(void);

static inline void linnet_interrupts_off(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void linnet_interrupts_on(void) {
    __asm volatile("cpsie i" ::: "memory");
}

/* Sleeps until an interrupt is pending, also while interrupts are off. */
static inline void linnet_wait_for_interrupt(void) {
    __asm volatile("dsb\n wfi" ::: "memory");
}

#endif
