/*
 * What a board supplies to node_main.c: its clocks, its UART, the flash of its store. Everything
 * else a Cortex-M node does is the same on every board.
 */
#ifndef LINNET_BOARD_H
#define LINNET_BOARD_H

#include <stdbool.h>
#include "linnet_port.h"

/* HELLO.runtime. */
extern const char board_runtime[];

/* Starts clocks, UART and watchdog. Returns the processor clock, Hz. */
uint32_t board_start(void);

/* LINNET_RESET_REASON_* as the chip knows it; called once. */
uint32_t board_reset_reason(void);

/*
 * Key of the node [KEY_BYTES], where it may be read as long as the node runs; NULL: none. That is
 * what a board without this function has.
 */
const uint8_t *board_key(void);

void board_feed_watchdog(void);

/* UART: neither waits, both return the bytes moved. */
uint32_t uart_read(uint8_t *out, uint32_t capacity);
uint32_t uart_write(const uint8_t *data, uint32_t length);
/* Received bytes are waiting. */
bool uart_has_input(void);

/* Flash of the store: the region STORE of the linker script, and callbacks of the port. */
struct linnet_flash store_flash_describe(void);
int32_t store_flash_erase(void *context, uint32_t offset);
int32_t store_flash_program(void *context, uint32_t offset, const uint8_t *data, uint32_t length);

/* Bytes of STORE. */
uint32_t store_flash_bytes(void);
/* LINNET_OK, or ERR_RANGE if [offset, offset + length) is outside STORE or off the unit. */
int32_t store_flash_check(uint32_t offset, uint32_t length, uint32_t unit_bytes);

#endif
