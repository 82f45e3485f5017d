/*
 * The other end of the node's link: serves the scene, takes uploads, and notices what a node must
 * not do whatever happens to its power. It lives through the power cuts of the node.
 */
#ifndef LINNET_CUT_HOST_H
#define LINNET_CUT_HOST_H

#include <stdbool.h>
#include "cut_scene.h"
#include "frame.h"

#define HOST_UPLOAD_BYTES 4096u
/* A response and a request may wait at once. */
#define HOST_OUT_BYTES (2u * LINNET_FRAME_BYTES(LINNET_FRAME_MAX_PAYLOAD))

struct cut_host {
    const struct scene *scene;
    uint32_t version;  /* it announces */
    bool has_followed; /* the node has answered an announcement of this version */
    uint32_t followed; /* the last version of which it has */
    uint32_t epoch;    /* greatest a HELLO has reported */
    bool has_met;      /* a HELLO came since the power did */
    bool knows_name;   /* a HELLO has said the name the host gave */
    bool is_done;      /* the node has the receipt of this version */
    const char *fault; /* the first thing that was wrong, or NULL */

    /* Hashes of residuals: that of the version before, and that of the upload that was offered. */
    bool checks_residuals;
    bool has_old_residual;
    bool has_new_residual;
    bool has_posted_receipt; /* so the new one may count */
    uint8_t old_residual[LINNET_HASH_BYTES];
    uint8_t new_residual[LINNET_HASH_BYTES];

    bool has_offer; /* the node has offered its upload of this version */
    uint32_t length;
    uint8_t hash[LINNET_HASH_BYTES];
    uint32_t received;
    uint8_t upload[HOST_UPLOAD_BYTES];

    uint16_t sequence;
    struct linnet_frame_decoder decoder;
    uint8_t in[LINNET_FRAME_DECODER_BYTES(LINNET_FRAME_MAX_PAYLOAD)];
    uint32_t out_length;
    uint32_t out_sent;
    uint8_t out[HOST_OUT_BYTES];
};

void cut_host_init(struct cut_host *host, const struct scene *scene);
/* Goes on to a version: its upload is a new one. */
void cut_host_announce(struct cut_host *host, uint32_t version);
/* The node lost its power; what was on the link is gone. */
void cut_host_restart(struct cut_host *host);

/* Bytes of the node. */
void cut_host_receive(struct cut_host *host, const uint8_t *data, uint32_t length);
/* Bytes for the node; returns how many. */
uint32_t cut_host_send(struct cut_host *host, uint8_t *out, uint32_t capacity);

#endif
