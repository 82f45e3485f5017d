/*
 * Two nodes in one process, polled in turns: the core keeps no state outside struct linnet_node.
 * Their links are the descriptors 0 and 1, and 3 and 4; they pull their samples. Ends with stdin.
 */
#include "linnet.h"
#include "nor_flash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NODES 2
#define FLASH_BYTES (512u * 1024u)
#define HEAP_BYTES (512u * 1024u)
#define SECTOR_BYTES 4096u

struct board {
    int in;
    int out;
    int has_ended;
    struct nor_flash flash;
};

static uint32_t link_read(void *context, uint8_t *out, uint32_t capacity) {
    struct board *board = context;
    ssize_t received = read(board->in, out, capacity);
    board->has_ended = received == 0;
    return received > 0 ? (uint32_t)received : 0;
}

static uint32_t link_write(void *context, const uint8_t *data, uint32_t length) {
    ssize_t sent = write(((struct board *)context)->out, data, length);
    return sent > 0 ? (uint32_t)sent : 0;
}

static uint32_t now_ms(void *context) {
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

static void do_nothing(void *context) {
    (void)context;
}

static int32_t flash_erase(void *context, uint32_t offset) {
    return nor_flash_erase(&((struct board *)context)->flash, offset);
}

static int32_t flash_program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    return nor_flash_program(&((struct board *)context)->flash, offset, data, length);
}

static void start(struct linnet_node *node, struct linnet_port *port, struct board *board) {
    uint8_t *memory = malloc(FLASH_BYTES);
    void *heap = malloc(HEAP_BYTES);
    if (memory == NULL || heap == NULL) {
        exit(1);
    }
    memset(memory, 0xff, FLASH_BYTES);
    nor_flash_init(&board->flash, memory, FLASH_BYTES, SECTOR_BYTES, 8);
    memset(port, 0, sizeof *port);
    port->context = board;
    port->runtime = "two-nodes";
    port->link_read = link_read;
    port->link_write = link_write;
    port->now_ms = now_ms;
    port->feed_watchdog = do_nothing;
    port->reset = do_nothing;
    port->flash = nor_flash_describe(&board->flash);
    port->flash_erase = flash_erase;
    port->flash_program = flash_program;
    if (linnet_node_init(node, port, heap, HEAP_BYTES) < 0) {
        exit(1);
    }
}

int main(void) {
    static struct linnet_node nodes[NODES];
    static struct linnet_port ports[NODES];
    static struct board boards[NODES] = {{.in = 0, .out = 1}, {.in = 3, .out = 4}};
    for (int i = 0; i < NODES; i++) {
        (void)fcntl(boards[i].in, F_SETFL, O_NONBLOCK);
        start(&nodes[i], &ports[i], &boards[i]);
    }
    const struct timespec moment = {0, 200000};
    while (!boards[0].has_ended) {
        uint32_t idle_ms = 1;
        for (int i = 0; i < NODES; i++) {
            uint32_t wanted_ms = linnet_node_poll(&nodes[i]);
            idle_ms = wanted_ms < idle_ms ? wanted_ms : idle_ms;
        }
        if (idle_ms > 0) {
            nanosleep(&moment, NULL);
        }
    }
    return 0;
}
