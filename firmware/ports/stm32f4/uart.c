/*
 * USART 2 on PA2 (TX) and PA3 (RX), 115,200 baud, 8N1. The core stands still while the flash erases
 * or programs, so bytes that come meanwhile may be lost; the frame they spoil is repeated.
 */
#include "uart.h"

#include "board.h"
#include "ring.h"
#include "stm32f4.h"

#define BAUD 115200u

#define CLOCK_PORT_A (1u << 0)
#define CLOCK_USART2 (1u << 17)

#define SR_OVERRUN (1u << 3)
#define SR_RX_READY (1u << 5)
#define SR_TX_EMPTY (1u << 7)
#define CR1_RX (1u << 2)
#define CR1_TX (1u << 3)
#define CR1_RX_INTERRUPT (1u << 5)
#define CR1_ENABLE (1u << 13)

static struct ring received;

/* An overrun raises the interrupt too; reading status, then data ends it. Without room a byte is
 * lost. */
static void receive(void) {
    uint32_t status;
    while (((status = USART2_SR) & (SR_RX_READY | SR_OVERRUN)) != 0) {
        uint8_t byte = (uint8_t)USART2_DR;
        if ((status & SR_RX_READY) != 0 && !ring_is_full(&received)) {
            ring_put(&received, byte);
        }
    }
}

/* Vectors of the chip from interrupt 0 on. */
static const linnet_vector interrupts[USART2_IRQ + 1]
    __attribute__((section(".vectors.interrupts"), used)) = {
        [USART2_IRQ] = receive,
};

void uart_start(void) {
    RCC_AHB1ENR |= CLOCK_PORT_A;
    RCC_APB1ENR |= CLOCK_USART2;
    /* Pins 2 and 3: alternate function (mode 2) number 7. */
    GPIOA_MODER = (GPIOA_MODER & ~(0xfu << 4)) | 0xau << 4;
    GPIOA_AFRL = (GPIOA_AFRL & ~(0xffu << 8)) | 0x77u << 8;
    USART2_BRR = (APB1_HZ + BAUD / 2u) / BAUD;
    USART2_CR1 = CR1_ENABLE | CR1_TX | CR1_RX | CR1_RX_INTERRUPT;
    NVIC_ENABLE(USART2_IRQ);
}

uint32_t uart_read(uint8_t *out, uint32_t capacity) {
    return ring_take(&received, out, capacity);
}

uint32_t uart_write(const uint8_t *data, uint32_t length) {
    uint32_t count = 0;
    while (count < length && (USART2_SR & SR_TX_EMPTY) != 0) {
        USART2_DR = data[count++];
    }
    return count;
}

bool uart_has_input(void) {
    return !ring_is_empty(&received);
}
