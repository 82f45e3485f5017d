/*
 * Two nodes in one process, polled in turns: the core keeps no state outside struct linnet_node.
 * Their links are the descriptors 0 and 1, and 3 and 4; they pull their samples. Ends with stdin.
 */
#include "linnet.h"

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
    uint8_t *flash;
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
    memset(((struct board *)context)->flash + offset, 0xff, SECTOR_BYTES);
    return LINNET_OK;
}

static int32_t flash_program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    memcpy(((struct board *)context)->flash + offset, data, length);
    return LINNET_OK;
}

static void start(struct linnet_node *node, struct linnet_port *port, struct board *board) {
    board->flash = malloc(FLASH_BYTES);
    void *heap = malloc(HEAP_BYTES);
    if (board->flash == NULL || heap == NULL) {
        exit(1);
    }
    memset(board->flash, 0xff, FLASH_BYTES);
    memset(port, 0, sizeof *port);
    port->context = board;
    port->runtime = "two-nodes";
    port->link_read = link_read;
    port->link_write = link_write;
    port->now_ms = now_ms;
    port->feed_watchdog = do_nothing;
    port->reset = do_nothing;
    port->flash = (struct linnet_flash){board->flash, FLASH_BYTES, SECTOR_BYTES, 8};
    port->flash_erase = flash_erase;
    port->flash_program = flash_program;
    if (linnet_node_init(node, port, heap, HEAP_BYTES) < 0) {
        exit(1);
    }
}

int main(void) {
    static struct linnet_node nodes[NODES];
    static struct linnet_port ports[NODES];
    static struct board boards[NODES] = {{0, 1, 0, NULL}, {3, 4, 0, NULL}};
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
