/* A node on a Cortex-M board. It has no samples of its own: it pulls them over the link. */
#include <stddef.h>
#include "board.h"
#include "cortex_m.h"
#include "linnet.h"
#include "reset_reason.h"
#ifdef LINNET_APPLICATION
#include "../../examples/application.h"

/* Boards have no place to print to; a product shows it otherwise. */
void application_print(const char *text, uint32_t number) {
    (void)text, (void)number;
}
#endif

/*
 * How long a call may take. This watchdog is beside the one of the board, if that has one, and
 * counts the ticks the core has seen: an emulator that is starved loses ticks instead of tripping
 * it.
 */
#ifndef LINNET_WATCHDOG_MS
#define LINNET_WATCHDOG_MS 5000u
#endif

static struct linnet_node node;
static volatile uint32_t milliseconds;
static volatile uint32_t unfed_ms;

/* Preempts a kernel that hangs, which nothing else can end. */
void linnet_systick(void) {
    milliseconds++;
    unfed_ms++;
    if (unfed_ms > LINNET_WATCHDOG_MS) {
        reset_reason_note_fault(LINNET_RESET_REASON_WATCHDOG, linnet_node_state(&node));
        linnet_system_reset();
    }
}

static void feed_watchdogs(void) {
    unfed_ms = 0;
    board_feed_watchdog();
}

void linnet_fault(void) {
    reset_reason_note_fault(LINNET_RESET_REASON_FAULT, linnet_node_state(&node));
    linnet_system_reset();
}

static uint32_t read_link(void *context, uint8_t *out, uint32_t capacity) {
    (void)context;
    return uart_read(out, capacity);
}

static uint32_t write_link(void *context, const uint8_t *data, uint32_t length) {
    (void)context;
    return uart_write(data, length);
}

static uint32_t now_ms(void *context) {
    (void)context;
    return milliseconds;
}

/* Sleeps unless there is input; true if there was. */
static bool sleep_once(void) {
    /* Off between the look and the sleep, or an interrupt in between would be slept over. */
    linnet_interrupts_off();
    bool has_input = uart_has_input();
    if (!has_input) {
        linnet_wait_for_interrupt();
    }
    linnet_interrupts_on();
    return has_input;
}

static void idle(void *context, uint32_t timeout_ms) {
    (void)context;
    uint32_t start = milliseconds;
    while (milliseconds - start < timeout_ms && !sleep_once()) {
        feed_watchdogs();
    }
}

static void feed_watchdog(void *context) {
    (void)context;
    feed_watchdogs();
}

static void reset(void *context) {
    (void)context;
    reset_reason_note(LINNET_RESET_REASON_REQUEST);
    linnet_system_reset();
}

static uint32_t stack_high_water(void *context) {
    (void)context;
    return linnet_stack_high_water();
}

uint32_t store_flash_bytes(void) {
    return (uint32_t)(linnet_store_end - linnet_store_start);
}

int32_t store_flash_check(uint32_t offset, uint32_t length, uint32_t unit_bytes) {
    uint32_t bytes = store_flash_bytes();
    bool fits = offset <= bytes && length <= bytes - offset;
    return fits && offset % unit_bytes == 0 && length % unit_bytes == 0 ? LINNET_OK
                                                                        : LINNET_ERR_RANGE;
}

__attribute__((weak)) const uint8_t *board_key(void) {
    return NULL;
}

int main(void) {
    static struct linnet_fault_record fault;
    static struct linnet_port port = {
        .node = "",
        .runtime = board_runtime,
        .link_read = read_link,
        .link_write = write_link,
        .now_ms = now_ms,
        .idle = idle,
        .feed_watchdog = feed_watchdog,
        .reset = reset,
        .flash_erase = store_flash_erase,
        .flash_program = store_flash_program,
        .stack_high_water = stack_high_water,
    };
    linnet_systick_start(board_start());
    port.key = board_key();
    bool has_fault;
    port.reset_reason = reset_reason_take(board_reset_reason(), &fault, &has_fault);
    port.fault = has_fault ? &fault : NULL;
    port.flash = store_flash_describe();
#ifdef LINNET_APPLICATION
    application_configure(&port);
#endif
    /* A flash that cannot be used shows in STATUS: the node goes on to say so. */
    (void)linnet_node_init(&node, &port, linnet_heap_start,
                           (uint32_t)(linnet_heap_end - linnet_heap_start));
    for (;;) {
        uint32_t idle_ms = linnet_node_poll(&node);
#ifdef LINNET_APPLICATION
        uint32_t wanted_ms = application_step(&node);
        idle_ms = wanted_ms < idle_ms ? wanted_ms : idle_ms;
#endif
        idle(NULL, idle_ms);
    }
}
