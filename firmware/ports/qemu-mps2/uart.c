#include "uart.h"

#include "board.h"
#include "cortex_m.h"
#include "ring.h"

/* CMSDK APB UART (Arm DDI 0479, 4.3); base and interrupt of UART 0 are those of the board. */
#define UART_DATA LINNET_REGISTER(UART_BASE)
#define UART_STATE LINNET_REGISTER(UART_BASE + 0x04u)
#define UART_CONTROL LINNET_REGISTER(UART_BASE + 0x08u)
#define UART_INTERRUPT LINNET_REGISTER(UART_BASE + 0x0cu)
#define UART_DIVIDER LINNET_REGISTER(UART_BASE + 0x10u)

#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CONTROL_TX 1u
#define CONTROL_RX 2u
#define CONTROL_RX_INTERRUPT 8u
#define INTERRUPT_RX 2u

/* QEMU sends at any rate; 16 is the least the UART takes. */
#define DIVIDER 16u

#define CONTROL_RUN (CONTROL_TX | CONTROL_RX)

static struct ring received;

/* With the ring full the interrupt is left off: QEMU then holds the bytes back. */
static void receive(void) {
    UART_INTERRUPT = INTERRUPT_RX;
    while ((UART_STATE & STATE_RX_FULL) != 0) {
        if (ring_is_full(&received)) {
            UART_CONTROL = CONTROL_RUN;
            return;
        }
        ring_put(&received, (uint8_t)UART_DATA);
        UART_INTERRUPT = INTERRUPT_RX;
    }
}

/* Vectors of the board from interrupt 0 on. */
static const linnet_vector interrupts[UART_RX_IRQ + 1u]
    __attribute__((section(".vectors.interrupts"), used)) = {
        [UART_RX_IRQ] = receive,
};

void uart_start(void) {
    UART_DIVIDER = DIVIDER;
    UART_CONTROL = CONTROL_RUN | CONTROL_RX_INTERRUPT;
    NVIC_ENABLE(UART_RX_IRQ);
}

uint32_t uart_read(uint8_t *out, uint32_t capacity) {
    uint32_t count = ring_take(&received, out, capacity);
    if (count > 0) {
        linnet_interrupts_off();
        UART_CONTROL = CONTROL_RUN | CONTROL_RX_INTERRUPT;
        receive();
        linnet_interrupts_on();
    }
    return count;
}

uint32_t uart_write(const uint8_t *data, uint32_t length) {
    uint32_t count = 0;
    while (count < length && (UART_STATE & STATE_TX_FULL) == 0) {
        UART_DATA = data[count++];
    }
    return count;
}

bool uart_has_input(void) {
    return !ring_is_empty(&received);
}
