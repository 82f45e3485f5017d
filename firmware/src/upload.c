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
        .codec = trained ? announcement->plan.codec : (uint32_t)LINNET_CODEC_NONE,
        .payload_bytes = trained ? node->payload.length : 0,
    };
    return envelope;
}

static void begin_digest(struct linnet_node *node) {
    struct linnet_upload *upload = &node->upload;
    const struct linnet_envelope envelope = describe(node);
    upload->head_bytes = linnet_envelope_head_bytes(&envelope);
    upload->length = upload->head_bytes + envelope.payload_bytes;
    upload->offset = 0;
    linnet_sha256_init(&upload->sha256);
    linnet_keep_begin(node);
    node->work.phase = LINNET_PHASE_DIGEST;
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
        begin_digest(node);
    }
    return status;
}

/* Bytes [offset, offset + length) of the envelope, which has them. */
static linnet_status_t read_envelope(struct linnet_node *node, uint32_t offset, uint8_t *out,
                                     uint32_t length) {
    uint32_t head_bytes = node->upload.head_bytes;
    uint32_t of_head = 0;
    if (node->upload.kept != NULL) {
        memcpy(out, node->upload.kept + offset, length);
        return LINNET_OK;
    }
    if (offset < head_bytes) {
        const struct linnet_envelope envelope = describe(node);
        of_head = linnet_envelope_head(&envelope, offset, out, length);
    }
    return linnet_payload_read(node, offset + of_head - head_bytes, out + of_head,
                               length - of_head);
}

static uint32_t slice_bytes(const struct linnet_upload *upload, uint32_t room) {
    uint32_t left = upload->length - upload->offset;
    return left < room ? left : room;
}

linnet_status_t linnet_upload_digest(struct linnet_node *node) {
    struct linnet_upload *upload = &node->upload;
    uint8_t *scratch = linnet_link_body(&node->link);
    uint32_t length = slice_bytes(upload, LINNET_BODY_BYTES);
    linnet_status_t status = read_envelope(node, upload->offset, scratch, length);
    if (status < 0) {
        return status;
    }
    linnet_sha256_update(&upload->sha256, scratch, length);
    linnet_keep_write(node, scratch, length);
    upload->offset += length;
    if (upload->offset == upload->length) {
        linnet_sha256_finish(&upload->sha256, upload->hash);
        linnet_keep_end(node);
        node->work.phase = LINNET_PHASE_OFFER;
    }
    return LINNET_OK;
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
    linnet_status_t status = read_envelope(node, node->upload.offset, data, length);
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
