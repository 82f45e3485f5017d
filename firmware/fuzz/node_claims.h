/*
 * What holds for a node whose link an attacker owns. It treats its flash as NOR flash. A kernel
 * that is open, and every object in the store, is one that the host has announced, bit for bit; so
 * is a snapshot that was made of a seed or of a difference. With a key: what it works on is an
 * announcement of the host, byte for byte, and never an older one than it followed, also after a
 * start; its work ends, and a residual counts, with the receipt of the host alone; and its key is
 * in nothing that it sends or stores.
 */
#ifndef LINNET_NODE_CLAIMS_H
#define LINNET_NODE_CLAIMS_H

#include "cut_host.h"
#include "fuzz.h"
#include "linnet.h"
#include "nor_flash.h"

#define WIRE_BYTES 2048u

/* A message that the host will send, with one byte another. */
struct alteration {
    uint8_t id; /* 0 = none */
    uint8_t place;
    uint8_t change;
};

struct attack {
    struct linnet_node node;
    struct linnet_port port;
    struct nor_flash flash;
    struct cut_host host;
    struct alteration alter;
    uint32_t answered; /* bit v: the host has sent its receipt for version v */
    bool has_followed; /* with a key, an announcement */
    uint32_t followed; /* the highest version of them */
    uint32_t clock_ms;
    uint32_t wire_bytes; /* that wait for the node */
    uint8_t wire[WIRE_BYTES];
};

/* At any time, the flash at rest. */
void claim_store(struct attack *a);
/* Between two polls. */
void claim_node(struct attack *a);
/* Bytes that the node sends. */
void claim_sent(const struct attack *a, const uint8_t *data, uint32_t length);
/* The node has taken a definite receipt. */
void claim_receipt(const struct attack *a, uint32_t version, uint32_t code);

#endif
