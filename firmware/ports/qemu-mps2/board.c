/* An MPS2 board as QEMU has it: the clock runs, nothing needs starting but the UART. */
#include <stddef.h>
#include "board.h"
#include "uart.h"

const char board_runtime[] = BOARD_RUNTIME;

/* Page behind the image, as a factory would write it once: a key, or blank, which is zeros here. */
extern const uint8_t linnet_key_page[LINNET_KEY_BYTES];

const uint8_t *board_key(void) {
    for (uint32_t i = 0; i < LINNET_KEY_BYTES; i++) {
        if (linnet_key_page[i] != 0) {
            return linnet_key_page;
        }
    }
    return NULL;
}

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
