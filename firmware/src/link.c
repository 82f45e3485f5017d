#include "link.h"

#include <string.h>

/* Looks at the stream in one call: two frames of the largest size. */
#define MAX_CHUNKS (2u * LINNET_FRAME_BYTES(LINNET_FRAME_MAX_PAYLOAD) / LINNET_LINK_CHUNK_BYTES)

void linnet_link_init(struct linnet_link *link, const struct linnet_port *port) {
    memset(link, 0, sizeof *link);
    link->port = port;
    link->heard_ms = port->now_ms(port->context);
    linnet_frame_decoder_init(&link->decoder, link->rx, sizeof link->rx);
}

void linnet_link_renew(struct linnet_link *link) {
    linnet_frame_decoder_reset(&link->decoder);
    linnet_link_close_request(link);
    link->chunk_length = link->chunk_used = 0;
    link->tx_length = link->tx_sent = 0;
}

bool linnet_link_flush(struct linnet_link *link) {
    const struct linnet_port *port = link->port;
    if (link->tx_sent < link->tx_length) {
        link->tx_sent += port->link_write(port->context, link->tx + link->tx_sent,
                                          link->tx_length - link->tx_sent);
    }
    return link->tx_sent >= link->tx_length;
}

static bool open_message(struct linnet_link *link, struct linnet_span bytes,
                         struct linnet_message *message) {
    if (bytes.length < LINNET_MESSAGE_HEADER_BYTES) {
        link->short_messages++;
        return false;
    }
    struct linnet_reader r = linnet_reader(bytes.data, bytes.length);
    message->id = linnet_get_u8(&r);
    message->flags = linnet_get_u8(&r);
    message->sequence = linnet_get_u16(&r);
    message->body = linnet_get_bytes(&r);
    link->heard_ms = link->port->now_ms(link->port->context);
    return true;
}

bool linnet_link_receive(struct linnet_link *link, struct linnet_message *message) {
    const struct linnet_port *port = link->port;
    /* Bounded, so that noise on the line cannot keep the node from its work. */
    for (uint32_t i = 0; i < MAX_CHUNKS; i++) {
        if (link->chunk_used == link->chunk_length) {
            link->chunk_used = 0;
            link->chunk_length =
                (uint8_t)port->link_read(port->context, link->chunk, sizeof link->chunk);
        }
        if (link->chunk_length == 0) {
            return false;
        }
        struct linnet_span bytes;
        uint32_t left = (uint32_t)link->chunk_length - link->chunk_used;
        uint32_t taken =
            linnet_frame_decode(&link->decoder, link->chunk + link->chunk_used, left, &bytes);
        link->chunk_used = (uint8_t)(link->chunk_used + taken);
        if (bytes.data != NULL && open_message(link, bytes, message)) {
            return true;
        }
    }
    return false;
}

uint8_t *linnet_link_body(struct linnet_link *link) {
    return link->tx + LINNET_LINK_HEADROOM + LINNET_MESSAGE_HEADER_BYTES;
}

void linnet_link_send(struct linnet_link *link, uint8_t id, uint8_t flags, uint16_t sequence,
                      uint32_t body_bytes) {
    struct linnet_writer header =
        linnet_writer(link->tx + LINNET_LINK_HEADROOM, LINNET_MESSAGE_HEADER_BYTES);
    linnet_put_u8(&header, id);
    linnet_put_u8(&header, flags);
    linnet_put_u16(&header, sequence);
    link->tx_sent = 0;
    link->tx_length = linnet_frame_encode(link->tx, LINNET_LINK_HEADROOM,
                                          LINNET_MESSAGE_HEADER_BYTES + body_bytes);
    (void)linnet_link_flush(link);
}

void linnet_link_request(struct linnet_link *link, uint8_t id, uint32_t body_bytes) {
    if (link->open_id == 0) {
        link->open_id = id;
        link->tries = 0;
        link->sequence++;
    }
    link->tries++;
    linnet_timer_start(&link->answer_due, link->port->now_ms(link->port->context),
                       LINNET_REQUEST_MS);
    linnet_link_send(link, id, 0, link->sequence, body_bytes);
}

bool linnet_link_is_answer(const struct linnet_link *link, const struct linnet_message *message) {
    return link->open_id != 0 && message->id == link->open_id &&
           message->sequence == link->sequence;
}

void linnet_link_close_request(struct linnet_link *link) {
    link->open_id = 0;
}

uint32_t linnet_link_bad_frames(const struct linnet_link *link) {
    return link->decoder.bad_frames + link->short_messages;
}
