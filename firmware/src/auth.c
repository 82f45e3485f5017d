/*
 * Tags: whom a node with a key believes, and how it is believed (SPEC, section 8.2).
 *
 *     tag(kind, …) = first 16 bytes of HMAC-SHA-256(key of the node in the federation, u8 kind ‖ …)
 */
#include <string.h>
#include "node.h"

/* Before the names in the info of the key derivation. */
static const uint8_t purpose[] = {'l', 'i', 'n', 'n', 'e', 't', '-', '1', ' '};

#define INFO_BYTES (sizeof purpose + 2u * LINNET_NAME_MAX_BYTES + 1u)
/* What is before the bytes of an envelope or a receipt: kind, descriptor hash. */
#define PREFIX_BYTES (1u + LINNET_HASH_BYTES)

bool linnet_auth_has_key(const struct linnet_node *node) {
    return node->port->key != NULL;
}

static linnet_status_t derive(const struct linnet_node *node, struct linnet_span federation,
                              uint8_t *key) {
    uint8_t info[INFO_BYTES];
    struct linnet_span before = {purpose, sizeof purpose};
    struct linnet_writer w = linnet_writer(info, sizeof info);
    linnet_put_bytes(&w, before);
    linnet_put_bytes(&w, federation);
    linnet_put_u8(&w, 0);
    linnet_put_bytes(&w, linnet_node_name(node));
    struct linnet_span whole = {info, linnet_writer_length(&w)};
    return linnet_derive_key(node->port, whole, key);
}

/* ERR_MAC unless `mac` is the tag of `tagged`, which begins with its kind. */
static linnet_status_t check(const struct linnet_node *node, const uint8_t *key,
                             struct linnet_span tagged, const uint8_t *mac) {
    uint8_t expected[LINNET_HASH_BYTES];
    linnet_status_t status = linnet_mac_compute(node->port, key, tagged, expected);
    if (status == LINNET_OK && !linnet_is_equal(expected, mac, LINNET_MAC_BYTES)) {
        status = LINNET_ERR_MAC;
    }
    return status;
}

linnet_status_t linnet_auth_announcement(struct linnet_node *node, struct linnet_span bytes,
                                         const struct linnet_announcement *announcement,
                                         const uint8_t *mac, uint8_t *key) {
    uint8_t tagged[1 + LINNET_HASH_BYTES] = {LINNET_MAC_KIND_ANNOUNCEMENT};
    struct linnet_span all = {tagged, sizeof tagged};
    if (!linnet_auth_has_key(node)) {
        memset(key, 0, LINNET_KEY_BYTES);
        return LINNET_OK;
    }
    linnet_status_t status = derive(node, announcement->federation, key);
    if (status == LINNET_OK) {
        status = linnet_hash_compute(node->port, bytes, tagged + 1);
    }
    if (status == LINNET_OK) {
        status = check(node, key, all, mac);
    }
    if (status == LINNET_OK &&
        linnet_store_is_older(&node->store, announcement->epoch, announcement->version)) {
        status = LINNET_ERR_ROLLBACK;
    }
    return status;
}

linnet_status_t linnet_auth_follow(struct linnet_node *node,
                                   const struct linnet_announcement *announcement) {
    return linnet_auth_has_key(node)
               ? linnet_store_follow(&node->store, announcement->epoch, announcement->version)
               : LINNET_OK;
}

bool linnet_auth_receipt(struct linnet_node *node, struct linnet_span bytes,
                         const struct linnet_receipt *receipt) {
    uint8_t tagged[PREFIX_BYTES + LINNET_RECEIPT_MAX_BYTES] = {LINNET_MAC_KIND_RECEIPT};
    if (!linnet_auth_has_key(node)) {
        return true;
    }
    if (!receipt->has_mac) {
        return false;
    }
    uint32_t covered = bytes.length - LINNET_MAC_BYTES;
    struct linnet_span all = {tagged, PREFIX_BYTES + covered};
    memcpy(tagged + 1, node->work.announcement.descriptor_hash, LINNET_HASH_BYTES);
    memcpy(tagged + PREFIX_BYTES, bytes.data, covered);
    return check(node, node->work.key, all, bytes.data + covered) == LINNET_OK;
}

linnet_status_t linnet_auth_upload_begin(struct linnet_node *node) {
    uint8_t prefix[PREFIX_BYTES] = {LINNET_MAC_KIND_UPLOAD};
    struct linnet_span before = {prefix, sizeof prefix};
    if (!linnet_auth_has_key(node)) {
        return LINNET_OK;
    }
    memcpy(prefix + 1, node->work.announcement.descriptor_hash, LINNET_HASH_BYTES);
    linnet_status_t status = linnet_mac_setup(node->port, &node->upload.open, node->work.key);
    return status < 0 ? status : linnet_auth_upload_update(node, before);
}

linnet_status_t linnet_auth_upload_update(struct linnet_node *node, struct linnet_span piece) {
    return linnet_mac_update(node->port, &node->upload.open, piece);
}

linnet_status_t linnet_auth_upload_finish(struct linnet_node *node) {
    uint8_t mac[LINNET_HASH_BYTES];
    linnet_status_t status = linnet_mac_finish(node->port, &node->upload.open, mac);
    memcpy(node->upload.mac, mac, sizeof node->upload.mac);
    return status;
}

bool linnet_auth_upload_is_own(struct linnet_node *node, struct linnet_span envelope) {
    if (!linnet_auth_has_key(node)) {
        return true;
    }
    if (envelope.length < LINNET_MAC_BYTES) {
        return false;
    }
    struct linnet_span covered = {envelope.data, envelope.length - LINNET_MAC_BYTES};
    return linnet_auth_upload_begin(node) == LINNET_OK &&
           linnet_auth_upload_update(node, covered) == LINNET_OK &&
           linnet_auth_upload_finish(node) == LINNET_OK &&
           linnet_is_equal(node->upload.mac, envelope.data + covered.length, LINNET_MAC_BYTES);
}
