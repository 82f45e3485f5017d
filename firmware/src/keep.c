/*
 * The upload in the store (SPEC, section 7.2): whole in the flash before its first offer, so that a
 * node whose samples come and go has the same bytes again after a start.
 *
 *     ┌──────────────┬───────────┬──────────────┬──────────┐
 *     │ string8 node │ u16 bytes │ announcement │ envelope │
 *     └──────────────┴───────────┴──────────────┴──────────┘
 */
#include <string.h>
#include "node.h"

/* Longest part before the announcement. */
#define HEAD_BYTES (1u + LINNET_NAME_MAX_BYTES + 2u)

/* Pulled samples can be pulled again, and whoever serves others wants another round. */
static bool has_own_samples(const struct linnet_node *node) {
    return node->port->sample_count != NULL;
}

/* A flash that cannot keep the upload does not keep it from being sent. */
static void judge(struct linnet_node *node, linnet_status_t status) {
    node->upload.is_keeping = status == LINNET_OK;
    if (status < 0 && status != LINNET_ERR_FULL) {
        node->last_error = status;
    }
}

static linnet_status_t append(struct linnet_node *node, const uint8_t *data, uint32_t length) {
    return linnet_store_write(&node->store, node->store.writing.offset, data, length);
}

void linnet_keep_begin(struct linnet_node *node) {
    const struct linnet_work *work = &node->work;
    struct linnet_upload *upload = &node->upload;
    uint8_t head[HEAD_BYTES];
    struct linnet_writer w = linnet_writer(head, sizeof head);
    upload->kept = NULL;
    upload->is_keeping = false;
    if (!has_own_samples(node)) {
        return;
    }
    linnet_put_string8(&w, linnet_node_name(node));
    linnet_put_u16(&w, (uint16_t)work->announcement_bytes);
    uint32_t head_bytes = linnet_writer_length(&w);
    linnet_status_t status = linnet_store_begin(
        &node->store, LINNET_OBJECT_UPLOAD, head_bytes + work->announcement_bytes + upload->length);
    if (status == LINNET_OK) {
        status = append(node, head, head_bytes);
    }
    if (status == LINNET_OK) {
        status = append(node, work->bytes, work->announcement_bytes);
    }
    judge(node, status);
}

void linnet_keep_write(struct linnet_node *node, const uint8_t *data, uint32_t length) {
    if (node->upload.is_keeping) {
        judge(node, append(node, data, length));
    }
}

/* The upload in the store, taken apart; false if there is none that makes sense. */
static bool find(struct linnet_node *node, struct linnet_span *name,
                 struct linnet_span *announcement, struct linnet_span *envelope) {
    const uint8_t *hash;
    struct linnet_span object;
    if (linnet_store_newest(&node->store, LINNET_OBJECT_UPLOAD, &hash, &object) != LINNET_OK) {
        return false;
    }
    struct linnet_reader r = linnet_reader(object.data, object.length);
    *name = linnet_get_string8(&r);
    announcement->length = linnet_get_u16(&r);
    *envelope = linnet_get_bytes(&r);
    if (linnet_reader_status(&r) != LINNET_OK || envelope->length < announcement->length) {
        return false;
    }
    announcement->data = envelope->data;
    envelope->data += announcement->length;
    envelope->length -= announcement->length;
    return true;
}

void linnet_keep_end(struct linnet_node *node) {
    struct linnet_upload *upload = &node->upload;
    struct linnet_span name, announcement, envelope;
    if (upload->is_keeping) {
        judge(node, linnet_store_commit(&node->store, NULL));
    }
    if (upload->is_keeping && find(node, &name, &announcement, &envelope)) {
        upload->kept = envelope.data;
    }
    upload->is_keeping = false;
}

static bool is_own_name(const struct linnet_node *node, struct linnet_span name) {
    struct linnet_span own = linnet_node_name(node);
    return own.length == name.length && memcmp(own.data, name.data, own.length) == 0;
}

/* The upload that this node made for an announcement; false if the store has another or none. */
static bool find_for(struct linnet_node *node, const struct linnet_announcement *announcement,
                     struct linnet_span *envelope) {
    struct linnet_span name, bytes;
    struct linnet_announcement kept;
    return has_own_samples(node) && find(node, &name, &bytes, envelope) &&
           is_own_name(node, name) &&
           linnet_announcement_parse(bytes.data, bytes.length, &kept) == LINNET_OK &&
           linnet_work_is_same(&kept, announcement);
}

bool linnet_keep_has(struct linnet_node *node, const struct linnet_announcement *announcement) {
    struct linnet_span envelope;
    return find_for(node, announcement, &envelope);
}

bool linnet_keep_recall(struct linnet_node *node) {
    struct linnet_upload *upload = &node->upload;
    struct linnet_span envelope;
    if (!find_for(node, &node->work.announcement, &envelope) ||
        !linnet_auth_upload_is_own(node, envelope)) {
        return false;
    }
    memset(upload, 0, sizeof *upload);
    upload->kept = envelope.data;
    upload->length = envelope.length;
    return linnet_hash_compute(node->port, envelope, upload->hash) == LINNET_OK;
}
