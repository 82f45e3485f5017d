/*
 * Linnet on a device: one node that trains a model it is given and uploads what it learnt.
 *
 * The caller owns all memory and calls linnet_node_poll() for ever; nothing here blocks, allocates
 * or keeps global state, so a process can run as many nodes as it likes.
 *
 *     static struct linnet_node node;
 *     static uint64_t heap[20 * 1024 / 8];
 *
 *     linnet_node_init(&node, &port, heap, sizeof heap);
 *     for (;;) {
 *         port.idle(port.context, linnet_node_poll(&node));
 *     }
 */
#ifndef LINNET_H
#define LINNET_H

#include "../src/node.h"
#include "linnet_port.h"

/*
 * Starts a node: counts the start in the store and loads the kernel that is installed there.
 *
 * port: filled in by the caller, used until the node is no longer polled.
 * memory [bytes]: heap of the wasm engine, 8-byte aligned; nothing else uses it.
 * Returns LINNET_OK, or the status of a flash that cannot be used: the node then still answers the
 * link, and STATUS says why it does nothing.
 */
linnet_status_t linnet_node_init(struct linnet_node *node, const struct linnet_port *port,
                                 void *memory, uint32_t bytes);

/*
 * One bounded step: sends what is pending, handles at most one message, sends at most one request,
 * trains or evaluates at most one sample or moves at most one slice of an object.
 * Returns the milliseconds the caller may sleep unless the link receives something; 0 = none.
 */
uint32_t linnet_node_poll(struct linnet_node *node);

/* The link is new (a host connected): the next thing it hears is HELLO. */
void linnet_node_link_up(struct linnet_node *node);

/* LINNET_NODE_STATE_*, as STATUS reports it. */
uint32_t linnet_node_state(const struct linnet_node *node);

#endif
