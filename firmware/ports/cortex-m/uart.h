/* The UART of a board as its board.c starts it; board.h has the rest. */
#ifndef LINNET_UART_H
#define LINNET_UART_H

void uart_start(void);

#endif
