/*
 * The envelope on its way (SPEC, sections 7.6 and 7.7). It is never in memory as a whole: the head
 * is made anew for every slice, the payload from the weights in the kernel and their base in flash;
 * or all of it comes from the flash, where keep.c has put it.
 */
#include <string.h>
#include "messages.gen.h"
#include "node.h"

/* Bytes of an UPLOAD request that are not data: message header, offset. */
#define OFFSET_BYTES 4u
#define OVERHEAD_BYTES (LINNET_MESSAGE_HEADER_BYTES + OFFSET_BYTES)

static struct linnet_envelope describe(struct linnet_node *node) {
    const struct linnet_announcement *announcement = &node->work.announcement;
    const struct linnet_round *round = &node->round;
    bool trained = round->is_trained;
    struct linnet_envelope envelope = {
        .epoch = announcement->epoch,
        .version = announcement->version,
        .artefact = announcement->artefact_hash,
        .contribution = 0,
        .kernel = (uint32_t)(round->kernel - announcement->kernels),
        .samples = trained ? round->samples : 0,
        .training = trained ? &round->training : NULL,
        .evaluation = round->evaluation.confusion != NULL ? &round->evaluation : NULL,
        .personal = round->personal.confusion != NULL ? &round->personal : NULL,
        .codec = trained ? announcement->plan.codec : (uint32_t)LINNET_CODEC_NONE,
        .payload_bytes = trained ? node->payload.length : 0,
        .has_mac = linnet_auth_has_key(node),
    };
    return envelope;
}

static uint32_t tail_bytes(const struct linnet_node *node) {
    return linnet_auth_has_key(node) ? LINNET_ENVELOPE_TAIL_BYTES : 0;
}

static linnet_status_t begin_digest(struct linnet_node *node) {
    struct linnet_upload *upload = &node->upload;
    const struct linnet_envelope envelope = describe(node);
    upload->head_bytes = linnet_envelope_head_bytes(&envelope);
    upload->length = upload->head_bytes + envelope.payload_bytes + tail_bytes(node);
    upload->offset = 0;
    linnet_keep_begin(node);
    node->work.phase = LINNET_PHASE_DIGEST;
    linnet_status_t status = linnet_hash_setup(node->port, &upload->open);
    return status < 0 ? status : linnet_auth_upload_begin(node);
}

linnet_status_t linnet_upload_begin(struct linnet_node *node) {
    memset(&node->payload, 0, sizeof node->payload);
    node->work.phase = LINNET_PHASE_MEASURE;
    return LINNET_OK;
}

linnet_status_t linnet_upload_measure(struct linnet_node *node) {
    bool is_done = true;
    linnet_status_t status =
        node->round.is_trained ? linnet_payload_measure(node, &is_done) : LINNET_OK;
    if (status >= 0 && is_done) {
        status = begin_digest(node);
    }
    return status;
}

/* Behind the payload: key and mac. */
static uint8_t tail_byte(const struct linnet_upload *upload, uint32_t at) {
    return at < LINNET_ENVELOPE_MAC_KEY_BYTES ? linnet_envelope_mac_key[at]
                                              : upload->mac[at - LINNET_ENVELOPE_MAC_KEY_BYTES];
}

/* As linnet_payload_read(), of the envelope. */
static linnet_status_t read_envelope(struct linnet_node *node, uint32_t offset, uint8_t *out,
                                     uint32_t *length) {
    const struct linnet_upload *upload = &node->upload;
    uint32_t payload_end = upload->length - tail_bytes(node);
    uint32_t end = offset + *length;
    uint32_t at = offset;
    linnet_status_t status = LINNET_OK;
    if (upload->kept != NULL) {
        memcpy(out, upload->kept + offset, *length);
        return LINNET_OK;
    }
    if (at < upload->head_bytes) {
        const struct linnet_envelope envelope = describe(node);
        at += linnet_envelope_head(&envelope, offset, out, *length);
    }
    if (at < end && at < payload_end) {
        uint32_t of_payload = (end < payload_end ? end : payload_end) - at;
        status =
            linnet_payload_read(node, at - upload->head_bytes, out + (at - offset), &of_payload);
        at += of_payload;
    }
    for (; at >= payload_end && at < end; at++) {
        out[at - offset] = tail_byte(upload, at - payload_end);
    }
    *length = at - offset;
    return status;
}

/* Bytes that are hashed next: up to the mac, which is made of them, or of the mac. */
static struct linnet_span next_piece(const struct linnet_node *node, const uint8_t *scratch) {
    const struct linnet_upload *upload = &node->upload;
    uint32_t mac_bytes = linnet_auth_has_key(node) ? LINNET_MAC_BYTES : 0;
    uint32_t covered = upload->length - mac_bytes;
    uint32_t end = upload->offset < covered ? covered : upload->length;
    uint32_t left = end - upload->offset;
    struct linnet_span piece = {scratch, left < LINNET_BODY_BYTES ? left : LINNET_BODY_BYTES};
    return piece;
}

/* Hash and mac of a piece at upload->offset, which moves behind it. */
static linnet_status_t digest(struct linnet_node *node, struct linnet_span piece) {
    struct linnet_upload *upload = &node->upload;
    linnet_status_t status = linnet_hash_update(node->port, &upload->open, piece);
    uint32_t covered = upload->length - LINNET_MAC_BYTES;
    if (status == LINNET_OK && linnet_auth_has_key(node) && upload->offset < covered) {
        status = linnet_auth_upload_update(node, piece);
        if (status == LINNET_OK && upload->offset + piece.length == covered) {
            status = linnet_auth_upload_finish(node);
        }
    }
    upload->offset += piece.length;
    return status;
}

static uint32_t slice_bytes(const struct linnet_upload *upload, uint32_t room) {
    uint32_t left = upload->length - upload->offset;
    return left < room ? left : room;
}

linnet_status_t linnet_upload_digest(struct linnet_node *node) {
    struct linnet_upload *upload = &node->upload;
    uint8_t *scratch = linnet_link_body(&node->link);
    struct linnet_span piece = next_piece(node, scratch);
    linnet_status_t status = read_envelope(node, upload->offset, scratch, &piece.length);
    if (status == LINNET_OK) {
        linnet_keep_write(node, piece.data, piece.length);
        status = digest(node, piece);
    }
    if (status == LINNET_OK && upload->offset == upload->length) {
        status = linnet_hash_finish(node->port, &upload->open, upload->hash);
        linnet_keep_end(node);
        node->work.phase = LINNET_PHASE_OFFER;
    }
    return status;
}

uint32_t linnet_upload_pack_offer(struct linnet_node *node, uint8_t *out, uint32_t capacity) {
    const struct linnet_offer_request offer = {
        .model = node->work.announcement.descriptor_hash,
        .version = node->work.announcement.version,
        .contribution = 0,
        .length = node->upload.length,
        .hash = node->upload.hash,
    };
    return linnet_offer_request_pack(&offer, out, capacity);
}

int32_t linnet_upload_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity) {
    /* The data is made where the packer would copy it to. */
    uint8_t *data = out + OFFSET_BYTES;
    uint32_t length = slice_bytes(&node->upload, node->session.max_payload - OVERHEAD_BYTES);
    linnet_status_t status = read_envelope(node, node->upload.offset, data, &length);
    if (status < 0) {
        return status;
    }
    const struct linnet_upload_request upload = {
        .offset = node->upload.offset,
        .data = {data, length},
    };
    return (int32_t)linnet_upload_request_pack(&upload, out, capacity);
}

linnet_status_t linnet_upload_take(struct linnet_node *node, uint8_t id, struct linnet_span body) {
    struct linnet_upload *upload = &node->upload;
    struct linnet_upload_response answer; /* OFFER's has the same layout */
    linnet_status_t status = linnet_upload_response_unpack(body.data, body.length, &answer);
    if (status < 0) {
        return status;
    }
    if (id == LINNET_MESSAGE_UPLOAD && answer.next_offset <= upload->offset) {
        linnet_work_rest(node, LINNET_LATER_MS); /* no progress: no hurry */
    }
    upload->offset = answer.next_offset;
    if (upload->offset >= upload->length) {
        linnet_work_rest(node, LINNET_OFFER_MS);
        node->work.phase = LINNET_PHASE_RECEIPT;
    } else {
        node->work.phase = LINNET_PHASE_UPLOAD;
    }
    return LINNET_OK;
}
