/* Requests of the host, answered in any state; and what the node tells it unasked. */
#include <string.h>
#include "linnet.h"
#include "messages.gen.h"
#include "node.h"

static uint32_t pack_ping(const struct linnet_message *request, uint8_t *out) {
    struct linnet_ping_request ping;
    if (linnet_ping_request_unpack(request->body.data, request->body.length, &ping) != LINNET_OK) {
        return 0;
    }
    const struct linnet_ping_response pong = {.status = LINNET_OK, .token = ping.token};
    return linnet_ping_response_pack(&pong, out, LINNET_BODY_BYTES);
}

static uint32_t pack_status(const struct linnet_node *node, uint8_t *out) {
    const struct linnet_port *port = node->port;
    const struct linnet_status_response status = {
        .status = LINNET_OK,
        .state = (uint8_t)linnet_node_state(node),
        .last_error = (int16_t)node->last_error,
        .version = node->installed_version,
        .step = node->round.step,
        .total_steps = node->round.total_steps,
        .heap_high_water_bytes = node->heap.high_water_bytes,
        .stack_high_water_bytes =
            port->stack_high_water == NULL ? 0 : port->stack_high_water(port->context),
        .bad_frames = linnet_link_bad_frames(&node->link),
        .residual_saturations = node->residual_saturations,
    };
    return linnet_status_response_pack(&status, out, LINNET_BODY_BYTES);
}

/* A response that is a status and nothing else. */
static uint32_t pack_bare(linnet_status_t status, uint8_t *out) {
    struct linnet_writer w = linnet_writer(out, LINNET_BODY_BYTES);
    linnet_put_i16(&w, (int16_t)status);
    return linnet_writer_length(&w);
}

static uint32_t take_announcement(struct linnet_node *node, const struct linnet_message *request,
                                  uint8_t *out) {
    struct linnet_announce_request announce;
    if (linnet_announce_request_unpack(request->body.data, request->body.length, &announce) !=
        LINNET_OK) {
        return 0;
    }
    return pack_bare(linnet_work_announce(node, announce.mac, announce.announcement), out);
}

/* 0: the request makes no sense. */
static uint32_t pack_answer(struct linnet_node *node, const struct linnet_message *request,
                            uint8_t *out) {
    switch (request->id) {
    case LINNET_MESSAGE_ANNOUNCE:
        return take_announcement(node, request, out);
    case LINNET_MESSAGE_RECEIPT:
        return pack_bare(linnet_work_receipt(node, request->body), out);
    case LINNET_MESSAGE_PING:
        return pack_ping(request, out);
    case LINNET_MESSAGE_STATUS:
        return request->body.length > 0 ? 0 : pack_status(node, out);
    case LINNET_MESSAGE_RESET:
        node->must_reset = request->body.length == 0;
        return node->must_reset ? pack_bare(LINNET_OK, out) : 0;
    default:
        return 0;
    }
}

void linnet_serve(struct linnet_node *node, const struct linnet_message *request) {
    if (request->id == LINNET_MESSAGE_LOG) {
        return; /* an event */
    }
    uint8_t *out = linnet_link_body(&node->link);
    uint32_t length = pack_answer(node, request, out);
    if (length == 0) {
        length = pack_bare(LINNET_ERR_MESSAGE, out);
    }
    linnet_link_send(&node->link, request->id, LINNET_MESSAGE_FLAG_RESPONSE, request->sequence,
                     length);
}

uint32_t linnet_fault_pack(const struct linnet_node *node, uint8_t *out, uint32_t capacity) {
    const struct linnet_fault_record *fault = node->fault;
    const struct linnet_fault_request request = {
        .reason = fault->reason,
        .state = fault->state,
        .pc = fault->pc,
        .lr = fault->lr,
        .cause = fault->cause,
        .hard_fault = fault->hard_fault,
        .address = fault->address,
    };
    return linnet_fault_request_pack(&request, out, capacity);
}

static void put_text(struct linnet_writer *w, const char *chars) {
    for (; *chars != '\0'; chars++) {
        linnet_put_u8(w, (uint8_t)*chars);
    }
}

static void put_decimal(struct linnet_writer *w, uint32_t value) {
    uint8_t digits[10];
    uint32_t count = 0;
    do {
        digits[count++] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) {
        linnet_put_u8(w, digits[--count]);
    }
}

static void put_hex(struct linnet_writer *w, const uint8_t *bytes, uint32_t length) {
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < length; i++) {
        linnet_put_u8(w, (uint8_t)digits[bytes[i] >> 4]);
        linnet_put_u8(w, (uint8_t)digits[bytes[i] & 15]);
    }
}

static void put_notice(struct linnet_writer *w, struct linnet_notice *notice) {
    linnet_put_u8(w,
                  (uint8_t)(notice->has_failed ? LINNET_LOG_LEVEL_ERROR : LINNET_LOG_LEVEL_WARN));
    put_text(w, "kernel ");
    put_hex(w, notice->kernel, sizeof notice->kernel);
    put_text(w, notice->has_failed ? " failed its trial: " : " was passed over: ");
    put_text(w, notice->cause);
    notice->cause = NULL;
}

static void put_failure(struct linnet_writer *w, struct linnet_node *node) {
    bool is_engine = node->unlogged == LINNET_ERR_ENGINE || node->unlogged == LINNET_ERR_TRAP;
    linnet_put_u8(w, LINNET_LOG_LEVEL_ERROR);
    put_text(w, "version ");
    put_decimal(w, node->work.announcement.version);
    put_text(w, " failed: status -");
    put_decimal(w, (uint32_t)-node->unlogged);
    if (is_engine && node->kernel.engine_error != NULL) {
        put_text(w, ", ");
        put_text(w, node->kernel.engine_error);
    }
    node->unlogged = LINNET_OK;
}

bool linnet_log_pending(struct linnet_node *node) {
    if (node->notice.cause == NULL && node->unlogged >= 0) {
        return false;
    }
    struct linnet_writer w = linnet_writer(linnet_link_body(&node->link), LINNET_BODY_BYTES);
    if (node->notice.cause != NULL) {
        put_notice(&w, &node->notice);
    } else {
        put_failure(&w, node);
    }
    linnet_link_send(&node->link, LINNET_MESSAGE_LOG, 0, 0, linnet_writer_length(&w));
    return true;
}
