#include "crypto.h"

#include <stddef.h>

linnet_status_t linnet_hash_compute(const struct linnet_port *port, struct linnet_span input,
                                    uint8_t hash[LINNET_HASH_BYTES]) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->hash_compute(crypto->context, input.data, input.length,
                                                     hash);
    }
    linnet_sha256(input.data, input.length, hash);
    return LINNET_OK;
}

linnet_status_t linnet_hash_setup(const struct linnet_port *port, struct linnet_operations *open) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->hash_setup(crypto->context);
    }
    linnet_sha256_init(&open->hash);
    return LINNET_OK;
}

linnet_status_t linnet_hash_update(const struct linnet_port *port, struct linnet_operations *open,
                                   struct linnet_span input) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->hash_update(crypto->context, input.data, input.length);
    }
    linnet_sha256_update(&open->hash, input.data, input.length);
    return LINNET_OK;
}

linnet_status_t linnet_hash_finish(const struct linnet_port *port, struct linnet_operations *open,
                                   uint8_t hash[LINNET_HASH_BYTES]) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->hash_finish(crypto->context, hash);
    }
    linnet_sha256_finish(&open->hash, hash);
    return LINNET_OK;
}

static struct linnet_span key_of(const uint8_t *bytes) {
    struct linnet_span key = {bytes, LINNET_KEY_BYTES};
    return key;
}

linnet_status_t linnet_mac_compute(const struct linnet_port *port, const uint8_t *key,
                                   struct linnet_span input, uint8_t mac[LINNET_HASH_BYTES]) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->mac_compute(crypto->context, key, input.data, input.length,
                                                    mac);
    }
    struct linnet_hmac hmac;
    linnet_hmac_init(&hmac, key_of(key));
    linnet_hmac_update(&hmac, input.data, input.length);
    linnet_hmac_finish(&hmac, mac);
    return LINNET_OK;
}

linnet_status_t linnet_mac_setup(const struct linnet_port *port, struct linnet_operations *open,
                                 const uint8_t *key) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->mac_sign_setup(crypto->context, key);
    }
    linnet_hmac_init(&open->mac, key_of(key));
    return LINNET_OK;
}

linnet_status_t linnet_mac_update(const struct linnet_port *port, struct linnet_operations *open,
                                  struct linnet_span input) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->mac_update(crypto->context, input.data, input.length);
    }
    linnet_hmac_update(&open->mac, input.data, input.length);
    return LINNET_OK;
}

linnet_status_t linnet_mac_finish(const struct linnet_port *port, struct linnet_operations *open,
                                  uint8_t mac[LINNET_HASH_BYTES]) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->mac_sign_finish(crypto->context, mac);
    }
    linnet_hmac_finish(&open->mac, mac);
    return LINNET_OK;
}

linnet_status_t linnet_derive_key(const struct linnet_port *port, struct linnet_span info,
                                  uint8_t key[LINNET_KEY_BYTES]) {
    const struct linnet_crypto *crypto = port->crypto;
    if (crypto != NULL) {
        return (linnet_status_t)crypto->key_derivation(crypto->context, port->key, info.data,
                                                       info.length, key);
    }
    struct linnet_span none = {NULL, 0};
    linnet_hkdf(key_of(port->key), none, info, key);
    return LINNET_OK;
}
