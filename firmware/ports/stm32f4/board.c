/* STM32F407: 168 MHz from the internal oscillator, so that no board's crystal matters. */
#include "board.h"
#include "stm32f4.h"
#include "uart.h"

/* PLL: 16 MHz / M · N / P, with P = 2 coded as 0; Q = 7 gives the 48 MHz of USB. */
#define PLL_M 16u
#define PLL_N 336u
#define PLL_Q 7u

#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define CFGR_PLL 2u
#define CFGR_STATUS (3u << 2)
#define CFGR_STATUS_PLL (2u << 2)
#define CFGR_APB1_BY_4 (5u << 10)
#define CFGR_APB2_BY_2 (4u << 13)

/* Five wait states at 168 MHz and 3 V, prefetch, instruction and data cache. */
#define ACR_RUN (5u | 1u << 8 | 1u << 9 | 1u << 10)

#define CSR_CLEAR (1u << 24)
#define CSR_SOFTWARE (1u << 28)
#define CSR_WATCHDOG (1u << 29)

#define WATCHDOG_UNLOCK 0x5555u
#define WATCHDOG_START 0xccccu
#define WATCHDOG_FEED 0xaaaau
/* 32 kHz / 64: 4000 ticks are 8 s, more than the 2 s the erase of a sector may take. */
#define WATCHDOG_BY_64 4u
#define WATCHDOG_TICKS 4000u

const char board_runtime[] = "stm32f4";

static void start_clocks(void) {
    FLASH_ACR = ACR_RUN;
    RCC_PLLCFGR = PLL_M | PLL_N << 6 | PLL_Q << 24;
    RCC_CR |= CR_PLL_ON;
    while ((RCC_CR & CR_PLL_READY) == 0) {
    }
    RCC_CFGR = CFGR_PLL | CFGR_APB1_BY_4 | CFGR_APB2_BY_2;
    while ((RCC_CFGR & CFGR_STATUS) != CFGR_STATUS_PLL) {
    }
}

static void start_watchdog(void) {
    IWDG_KR = WATCHDOG_START;
    IWDG_KR = WATCHDOG_UNLOCK;
    IWDG_PR = WATCHDOG_BY_64;
    IWDG_RLR = WATCHDOG_TICKS;
    IWDG_KR = WATCHDOG_FEED;
}

uint32_t board_start(void) {
    start_clocks();
    start_watchdog();
    uart_start();
    return CORE_HZ;
}

uint32_t board_reset_reason(void) {
    uint32_t flags = RCC_CSR;
    RCC_CSR = flags | CSR_CLEAR;
    if ((flags & CSR_WATCHDOG) != 0) {
        return LINNET_RESET_REASON_WATCHDOG;
    }
    return (flags & CSR_SOFTWARE) != 0 ? LINNET_RESET_REASON_REQUEST : LINNET_RESET_REASON_POWER;
}

void board_feed_watchdog(void) {
    IWDG_KR = WATCHDOG_FEED;
}
