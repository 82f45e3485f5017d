/*
 * Messages over frames (SPEC, section 6): one buffer to receive, one to send, one open request.
 */
#ifndef LINNET_LINK_H
#define LINNET_LINK_H

#include <stdbool.h>
#include "frame.h"
#include "linnet_port.h"
#include "timing.h"

/* Largest body, and the room in front of it that frame encoding and message header need. */
#define LINNET_BODY_BYTES (LINNET_FRAME_MAX_PAYLOAD - LINNET_MESSAGE_HEADER_BYTES)
#define LINNET_LINK_HEADROOM LINNET_FRAME_CODES(LINNET_FRAME_MAX_PAYLOAD)
/* Bytes taken from the port at once. */
#define LINNET_LINK_CHUNK_BYTES 32u

/* A message as it came; body points into the receive buffer until the next one is asked for. */
struct linnet_message {
    uint8_t id;
    uint8_t flags;
    uint16_t sequence;
    struct linnet_span body;
};

struct linnet_link {
    const struct linnet_port *port;
    struct linnet_frame_decoder decoder;
    uint32_t short_messages; /* whole frames without a message header */
    uint32_t heard_ms;       /* when the last message came */

    uint32_t tx_length; /* of the frame in tx, 0 = none */
    uint32_t tx_sent;

    uint8_t chunk_length;
    uint8_t chunk_used;

    /* The open request. */
    uint8_t open_id; /* 0 = none */
    uint8_t tries;
    uint16_t sequence;
    struct linnet_timer answer_due;

    uint8_t chunk[LINNET_LINK_CHUNK_BYTES];
    uint8_t rx[LINNET_FRAME_DECODER_BYTES(LINNET_FRAME_MAX_PAYLOAD)];
    uint8_t tx[LINNET_FRAME_BYTES(LINNET_FRAME_MAX_PAYLOAD)];
};

void linnet_link_init(struct linnet_link *link, const struct linnet_port *port);

/* The other end is a new one: forgets what was half received, half sent or asked. */
void linnet_link_renew(struct linnet_link *link);

/* Gives the port what it takes of the frame in hand; true if none is left. */
bool linnet_link_flush(struct linnet_link *link);

/* The next message, if one is complete; false otherwise. Only after flush said true. */
bool linnet_link_receive(struct linnet_link *link, struct linnet_message *message);

/*
 * Where the body of the next message is packed, at most LINNET_BODY_BYTES; also scratch memory
 * between messages. Only after flush said true.
 */
uint8_t *linnet_link_body(struct linnet_link *link);

/* Sends the body packed before, as a response or an event. */
void linnet_link_send(struct linnet_link *link, uint8_t id, uint8_t flags, uint16_t sequence,
                      uint32_t body_bytes);

/* Sends it as a request: a new one, or the open one again. */
void linnet_link_request(struct linnet_link *link, uint8_t id, uint32_t body_bytes);

/* Whether a message answers the open request. */
bool linnet_link_is_answer(const struct linnet_link *link, const struct linnet_message *message);

/* Forgets the open request; an answer to it is then dropped. */
void linnet_link_close_request(struct linnet_link *link);

/* Frames dropped for length, coding or checksum, and messages too short for a header. */
uint32_t linnet_link_bad_frames(const struct linnet_link *link);

#endif
