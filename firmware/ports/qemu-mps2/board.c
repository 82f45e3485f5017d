/* An MPS2 board as QEMU has it: the clock runs, nothing needs starting but the UART. */
#include "board.h"
#include "uart.h"

const char board_runtime[] = BOARD_RUNTIME;

uint32_t board_start(void) {
    uart_start();
    return BOARD_CLOCK_HZ;
}

/* The board does not tell. */
uint32_t board_reset_reason(void) {
    return LINNET_RESET_REASON_POWER;
}

/* None runs: a busy PC would starve the emulator and trip it. That of node_main.c does. */
void board_feed_watchdog(void) {
}
