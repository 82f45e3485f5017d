/*
 * The firmware core on a POSIX system: the reference port, and a device for tests and simulations.
 * Flash is a file, samples come from an FDS1 file, the link is stdio or a socket.
 */
#include "linnet.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fail.h"
#include "fault.h"
#include "fds1.h"
#include "flash_file.h"
#include "key_file.h"
#include "options.h"
#include "stream_link.h"
#include "watchdog.h"
#ifdef LINNET_APPLICATION
#include "../../examples/application.h"
#endif

struct board {
    struct stream_link link;
    struct flash_file flash;
    struct fds1 data;
    uint8_t key[LINNET_KEY_BYTES];
    const int32_t *conditions;
    sigset_t signal_mask; /* as it was before signals were held back */
};

static struct linnet_node node;
static volatile sig_atomic_t caught_signal;

static uint32_t node_state(void) {
    return node.port == NULL ? LINNET_NODE_STATE_HELLO : linnet_node_state(&node);
}

static void catch_signal(int number) {
    caught_signal = number;
}

/* Signals arrive only inside stream_link_wait(), so none can slip in between test and sleep. */
static void hold_back_signals(struct board *board) {
    const int numbers[] = {SIGTERM, SIGINT};
    struct sigaction action;
    sigset_t held;
    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal;
    sigemptyset(&action.sa_mask);
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&held, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &held, &board->signal_mask);
    signal(SIGPIPE, SIG_IGN);
}

static uint32_t link_read(void *context, uint8_t *out, uint32_t capacity) {
    return stream_link_read(&((struct board *)context)->link, out, capacity);
}

static uint32_t link_write(void *context, const uint8_t *data, uint32_t length) {
    return stream_link_write(&((struct board *)context)->link, data, length);
}

static uint32_t now_ms(void *context) {
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

static void idle(void *context, uint32_t timeout_ms) {
    struct board *board = context;
    stream_link_wait(&board->link, timeout_ms, &board->signal_mask);
}

static void feed_watchdog(void *context) {
    (void)context;
    watchdog_feed();
}

/* Returns, so that the node starts over as after a reset. */
static void reset(void *context) {
    (void)context;
    log_line("reset");
}

static int32_t flash_erase(void *context, uint32_t offset) {
    return flash_file_erase(&((struct board *)context)->flash, offset);
}

static int32_t flash_program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    return flash_file_program(&((struct board *)context)->flash, offset, data, length);
}

static uint32_t sample_count(void *context, uint32_t split) {
    return ((struct board *)context)->data.split_count[split];
}

static int32_t sample(void *context, uint32_t split, uint32_t index, int8_t *x, uint32_t x_bytes,
                      uint8_t *label) {
    return fds1_sample(&((struct board *)context)->data, split, index, x, x_bytes, label);
}

static int32_t condition(void *context, uint32_t kind) {
    return ((const struct board *)context)->conditions[kind - LINNET_CONDITION_BATTERY];
}

static struct linnet_port make_port(struct board *board, const struct options *options) {
    struct linnet_port port = {
        .context = board,
        .node = options->name,
        .runtime = "native-wasm3",
        .key = options->key != NULL ? board->key : NULL,
        .reset_reason = LINNET_RESET_REASON_POWER,
        .link_read = link_read,
        .link_write = link_write,
        .now_ms = now_ms,
        .idle = idle,
        .feed_watchdog = feed_watchdog,
        .reset = reset,
        .flash = nor_flash_describe(&board->flash.nor),
        .flash_erase = flash_erase,
        .flash_program = flash_program,
        .sample_count = options->data != NULL ? sample_count : NULL,
        .sample = options->data != NULL ? sample : NULL,
        .condition = condition,
        .stack_high_water = NULL,
    };
    return port;
}

#ifdef LINNET_APPLICATION
void application_print(const char *text, uint32_t number) {
    log_line("%s %u", text, number);
}
#endif

/* Until the host closes stdin or a signal ends it. */
static void run(struct board *board) {
    while (caught_signal == 0 && !board->link.has_ended) {
        uint32_t idle_ms = linnet_node_poll(&node);
#ifdef LINNET_APPLICATION
        uint32_t wanted_ms = application_step(&node);
        idle_ms = wanted_ms < idle_ms ? wanted_ms : idle_ms;
#endif
        if (stream_link_take_new(&board->link)) {
            linnet_node_link_up(&node);
            idle_ms = 0;
        }
        /* Also with nothing to wait for: here signals get their chance. */
        idle(board, board->link.has_ended ? 0 : idle_ms);
    }
}

static void open_board(struct board *board, const struct options *options) {
    memset(board, 0, sizeof *board);
    hold_back_signals(board);
    board->conditions = options->conditions;
    if (options->data != NULL) {
        fds1_open(&board->data, options->data);
    }
    if (options->key != NULL) {
        key_file_read(options->key, board->key);
    }
    flash_file_open(&board->flash, &options->flash);
    stream_link_open(&board->link, options->listen);
}

static void close_board(struct board *board) {
    stream_link_close(&board->link);
    flash_file_close(&board->flash);
    fds1_close(&board->data);
}

static void *make_heap(uint32_t bytes) {
    void *heap = malloc(bytes);
    if (heap == NULL) {
        fail(EXIT_FAILED, "use a smaller --memory", "%u bytes of memory: %s", bytes,
             strerror(errno));
    }
    return heap;
}

static void boot(const struct linnet_port *port, void *heap, uint32_t heap_bytes) {
    linnet_status_t status = linnet_node_init(&node, port, heap, heap_bytes);
    if (status < 0) {
        fail(EXIT_FAILED, "use a larger --flash-kb, or delete the flash file to start empty",
             "the flash cannot be used (status %d)", (int)status);
    }
}

int main(int count, char **arguments) {
    static struct board board;
    static struct linnet_port port;
    static struct linnet_fault_record fault;
    const struct options options = parse_options(count, arguments);
    open_board(&board, &options);
    port = make_port(&board, &options);
    if (fault_open(options.flash.path, node_state, &fault)) {
        port.reset_reason = LINNET_RESET_REASON_FAULT;
        port.fault = &fault;
    }
#ifdef LINNET_APPLICATION
    application_configure(&port);
#endif
    uint32_t heap_bytes = options.memory_bytes + LINNET_ENGINE_BYTES;
    void *heap = make_heap(heap_bytes);
    if (sigsetjmp(watchdog_restart, 1) != 0) {
        log_line("a call did not come back in %u ms: reset", options.watchdog_ms);
        port.reset_reason = LINNET_RESET_REASON_WATCHDOG;
        port.fault = &watchdog_record;
    }
    watchdog_start(options.watchdog_ms);
    boot(&port, heap, heap_bytes);
    run(&board);
    free(heap);
    close_board(&board);
    return caught_signal == SIGINT ? EXIT_INTERRUPTED : EXIT_OK;
}
