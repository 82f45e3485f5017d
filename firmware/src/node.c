/* The loop of a node: send, receive, ask, work (SPEC, section 7). */
#include "node.h"
#include <string.h>
#include "linnet.h"
#include "messages.gen.h"

/* As after a power-up; the port, the memory and the flash are what they were. */
static void boot(struct linnet_node *node, uint32_t reset_reason) {
    const struct linnet_port *port = node->port;
    struct linnet_heap heap = node->heap;
    memset(node, 0, sizeof *node);
    node->port = port;
    node->reset_reason = reset_reason;
    linnet_heap_init(&node->heap, heap.memory, heap.bytes);
    linnet_link_init(&node->link, port);
    node->store_status = linnet_store_open(&node->store, port);
    if (node->store_status == LINNET_OK) {
        node->store_status = linnet_store_count_boot(&node->store);
    }
    if (node->store_status == LINNET_OK) {
        linnet_trial_boot(node);
        linnet_model_boot(node);
    } else {
        node->last_error = node->store_status;
        node->work.phase = LINNET_PHASE_FAILED;
    }
}

linnet_status_t linnet_node_init(struct linnet_node *node, const struct linnet_port *port,
                                 void *memory, uint32_t bytes) {
    node->port = port;
    node->heap.memory = memory;
    node->heap.bytes = bytes;
    boot(node, port->reset_reason);
    node->fault = port->fault;
    return node->store_status;
}

void linnet_node_link_up(struct linnet_node *node) {
    linnet_link_renew(&node->link);
    node->session.is_open = false;
    linnet_timer_start(&node->session.pause, 0, 0);
}

static void take_answer(struct linnet_node *node, const struct linnet_message *message) {
    struct linnet_reader r = linnet_reader(message->body.data, message->body.length);
    linnet_status_t status = (linnet_status_t)linnet_get_i16(&r);
    if (message->body.length < 2) {
        return;
    }
    if (message->id == LINNET_MESSAGE_HELLO) {
        linnet_session_take(node, message->body);
        return;
    }
    if (message->id == LINNET_MESSAGE_FAULT) {
        node->fault = NULL; /* also if the host makes nothing of it */
        linnet_link_close_request(&node->link);
        return;
    }
    if (status < 0) {
        linnet_link_close_request(&node->link);
        linnet_work_refused(node, status);
        return;
    }
    status = linnet_work_take(node, message->id, message->body);
    if (status == LINNET_ERR_MESSAGE) {
        return; /* as if it had not come: the request is repeated */
    }
    linnet_link_close_request(&node->link);
    if (status < 0) {
        linnet_work_fail(node, status);
    }
}

static void take(struct linnet_node *node, const struct linnet_message *message) {
    if ((message->flags & LINNET_MESSAGE_FLAG_RESPONSE) == 0) {
        linnet_serve(node, message);
    } else if (linnet_link_is_answer(&node->link, message)) {
        take_answer(node, message);
    }
}

static int32_t pack(struct linnet_node *node, uint8_t id, uint8_t *out) {
    switch (id) {
    case LINNET_MESSAGE_HELLO:
        return (int32_t)linnet_session_pack(node, out, LINNET_BODY_BYTES);
    case LINNET_MESSAGE_FAULT:
        return (int32_t)linnet_fault_pack(node, out, LINNET_BODY_BYTES);
    default:
        return linnet_work_pack(node, id, out, LINNET_BODY_BYTES);
    }
}

/* Sends a request, new or again: equal bytes, because they follow from the state. */
static void ask(struct linnet_node *node, uint8_t id) {
    int32_t length = pack(node, id, linnet_link_body(&node->link));
    if (length < 0) {
        linnet_work_fail(node, (linnet_status_t)length);
    } else {
        linnet_link_request(&node->link, id, (uint32_t)length);
    }
}

/* Milliseconds until the open request is repeated; 0 if something happened. */
static uint32_t await_answer(struct linnet_node *node, uint32_t now_ms) {
    struct linnet_link *link = &node->link;
    uint32_t left_ms = linnet_timer_left(&link->answer_due, now_ms);
    if (left_ms > 0) {
        return left_ms;
    }
    if (link->tries < LINNET_REQUEST_TRIES) {
        ask(node, link->open_id);
    } else {
        linnet_link_close_request(link);
        node->session.is_open = false;
    }
    return 0;
}

/* Milliseconds until there is something to send; 0 if something was sent. */
static uint32_t send_next(struct linnet_node *node, uint32_t now_ms) {
    if (node->link.open_id != 0) {
        return await_answer(node, now_ms);
    }
    uint32_t wait_ms = linnet_session_wait(node, now_ms);
    if (wait_ms == 0) {
        ask(node, LINNET_MESSAGE_HELLO);
        return 0;
    }
    if (!node->session.is_open) {
        return wait_ms;
    }
    if (node->fault != NULL) {
        ask(node, LINNET_MESSAGE_FAULT);
        return 0;
    }
    if (linnet_log_pending(node)) {
        return 0;
    }
    uint8_t id = linnet_work_request(node, now_ms);
    if (id != 0) {
        ask(node, id);
        return 0;
    }
    uint32_t pause_ms = linnet_timer_left(&node->work.pause, now_ms);
    return pause_ms > 0 && pause_ms < wait_ms ? pause_ms : wait_ms;
}

uint32_t linnet_node_poll(struct linnet_node *node) {
    const struct linnet_port *port = node->port;
    struct linnet_message message;
    port->feed_watchdog(port->context);
    if (!linnet_link_flush(&node->link)) {
        return 1;
    }
    if (node->must_reset) {
        port->reset(port->context);
        boot(node, LINNET_RESET_REASON_REQUEST);
        return 0;
    }
    if (linnet_link_receive(&node->link, &message)) {
        take(node, &message);
        return 0;
    }
    uint32_t now_ms = port->now_ms(port->context);
    uint32_t idle_ms = send_next(node, now_ms);
    if (idle_ms == 0) {
        return 0;
    }
    return linnet_work_step(node, now_ms) ? 0 : idle_ms;
}
