/*
 * The cryptography of a node: the board's (linnet_crypto in linnet_port.h), or the built-in one.
 * All functions return LINNET_OK; or the status of the board's.
 */
#ifndef LINNET_CRYPTO_H
#define LINNET_CRYPTO_H

#include "bytes.h"
#include "hmac.h"
#include "linnet_port.h"
#include "sha256.h"

/* What the built-in functions keep of the one hash and the one MAC that may be open. */
struct linnet_operations {
    struct linnet_sha256 hash;
    struct linnet_hmac mac;
};

/* SHA-256 of bytes that lie in one piece, whatever else is open. */
linnet_status_t linnet_hash_compute(const struct linnet_port *port, struct linnet_span input,
                                    uint8_t hash[LINNET_HASH_BYTES]);
linnet_status_t linnet_hash_setup(const struct linnet_port *port, struct linnet_operations *open);
linnet_status_t linnet_hash_update(const struct linnet_port *port, struct linnet_operations *open,
                                   struct linnet_span input);
linnet_status_t linnet_hash_finish(const struct linnet_port *port, struct linnet_operations *open,
                                   uint8_t hash[LINNET_HASH_BYTES]);

/* HMAC-SHA-256 under a key of KEY_BYTES; likewise. */
linnet_status_t linnet_mac_compute(const struct linnet_port *port, const uint8_t *key,
                                   struct linnet_span input, uint8_t mac[LINNET_HASH_BYTES]);
linnet_status_t linnet_mac_setup(const struct linnet_port *port, struct linnet_operations *open,
                                 const uint8_t *key);
linnet_status_t linnet_mac_update(const struct linnet_port *port, struct linnet_operations *open,
                                  struct linnet_span input);
linnet_status_t linnet_mac_finish(const struct linnet_port *port, struct linnet_operations *open,
                                  uint8_t mac[LINNET_HASH_BYTES]);

/* HKDF-SHA-256 of the port's key, without a salt. */
linnet_status_t linnet_derive_key(const struct linnet_port *port, struct linnet_span info,
                                  uint8_t key[LINNET_KEY_BYTES]);

#endif
