/* What is lacking of kernel, descriptor and snapshot (SPEC, sections 7 and 7.4). */
#include <string.h>
#include "messages.gen.h"
#include "node.h"

/* Bytes of an OBJECT response that are not data: message header, status, offset. */
#define OVERHEAD_BYTES (LINNET_MESSAGE_HEADER_BYTES + 2u + 4u)

linnet_status_t linnet_fetch_choose(struct linnet_node *node,
                                    const struct linnet_announcement *announcement,
                                    uint32_t passed_over,
                                    const struct linnet_allowed_kernel **choice) {
    linnet_status_t status = LINNET_ERR_INTRINSICS;
    for (uint32_t i = 0; i < announcement->kernel_count; i++) {
        const struct linnet_allowed_kernel *kernel = &announcement->kernels[i];
        if (kernel->intrinsic_set != 0 && kernel->intrinsic_set != LINNET_INTRINSIC_SET) {
            continue;
        }
        if ((passed_over >> i & 1u) == 0 &&
            linnet_store_verdict(&node->store, kernel->hash) != LINNET_VERDICT_FAILED) {
            *choice = kernel;
            return LINNET_OK;
        }
        status = LINNET_ERR_TRIAL;
    }
    return status;
}

static uint32_t slice_bytes(const struct linnet_node *node) {
    uint32_t room = node->session.max_payload - OVERHEAD_BYTES;
    uint32_t left = node->fetch.length - node->fetch.offset;
    return left < room ? left : room;
}

/* Empties a slot for the object; the first bytes are asked for next. */
static linnet_status_t begin(struct linnet_node *node) {
    struct linnet_fetch *fetch = &node->fetch;
    if (fetch->kind == LINNET_OBJECT_KERNEL) {
        /* It may run from the slot that is going to be erased. */
        linnet_kernel_close(&node->kernel);
        node->has_kernel = false;
    }
    fetch->offset = 0;
    fetch->tries++;
    fetch->is_active = true;
    return linnet_store_begin(&node->store, fetch->kind, fetch->length);
}

static linnet_status_t begin_again(struct linnet_node *node) {
    return node->fetch.tries >= LINNET_FETCH_TRIES ? LINNET_ERR_HASH : begin(node);
}

static linnet_status_t commit(struct linnet_node *node) {
    linnet_status_t status = linnet_store_commit(&node->store, node->fetch.hash);
    if (status == LINNET_ERR_HASH) {
        return begin_again(node);
    }
    node->fetch.is_active = false;
    node->fetch.tries = 0;
    return status;
}

/* Begins to fetch the object unless the store has it. */
static linnet_status_t need(struct linnet_node *node, enum linnet_object_kind kind,
                            const uint8_t *hash, uint32_t length, struct linnet_span *object) {
    linnet_status_t status = linnet_store_find(&node->store, kind, hash, object);
    if (status != LINNET_ERR_NOT_FOUND) {
        return status;
    }
    node->fetch.kind = kind;
    node->fetch.hash = hash;
    node->fetch.length = length;
    return length == 0 ? LINNET_ERR_HASH : begin(node);
}

linnet_status_t linnet_fetch_step(struct linnet_node *node) {
    const struct linnet_announcement *announcement = &node->work.announcement;
    struct linnet_round *round = &node->round;
    struct linnet_span kernel;
    if (linnet_node_name(node).length == 0) {
        return LINNET_ERR_STATE;
    }
    linnet_status_t status = LINNET_OK;
    if (round->kernel == NULL) {
        status = linnet_fetch_choose(node, announcement, node->work.passed_over, &round->kernel);
    }
    if (status == LINNET_OK) {
        status =
            need(node, LINNET_OBJECT_KERNEL, round->kernel->hash, round->kernel->bytes, &kernel);
    }
    if (status == LINNET_OK && !node->fetch.is_active) {
        status = need(node, LINNET_OBJECT_DESCRIPTOR, announcement->descriptor_hash,
                      announcement->descriptor_bytes, &round->descriptor);
    }
    if (status == LINNET_OK && !node->fetch.is_active) {
        node->work.phase = LINNET_PHASE_PLAN;
    }
    return status;
}

linnet_status_t linnet_fetch_snapshot_step(struct linnet_node *node) {
    const struct linnet_announcement *announcement = &node->work.announcement;
    struct linnet_span *snapshot = &node->round.snapshot;
    if (node->renewal.is_active) {
        return linnet_renewal_step(node);
    }
    linnet_status_t status = linnet_store_find(&node->store, LINNET_OBJECT_SNAPSHOT,
                                               announcement->artefact_hash, snapshot);
    if (status == LINNET_OK) {
        node->work.phase = LINNET_PHASE_LOAD;
        return linnet_model_check_snapshot(node, *snapshot);
    }
    if (status == LINNET_ERR_NOT_FOUND) {
        status = linnet_renewal_begin(node);
    }
    if (status == LINNET_ERR_NOT_FOUND) {
        status = need(node, LINNET_OBJECT_SNAPSHOT, announcement->artefact_hash,
                      announcement->artefact_bytes, snapshot);
    }
    return status;
}

uint32_t linnet_fetch_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity) {
    const struct linnet_object_request request = {
        .hash = node->fetch.hash,
        .offset = node->fetch.offset,
        .length = (uint16_t)slice_bytes(node),
    };
    return linnet_object_request_pack(&request, out, capacity);
}

linnet_status_t linnet_fetch_take(struct linnet_node *node, struct linnet_span body) {
    struct linnet_fetch *fetch = &node->fetch;
    struct linnet_object_response answer;
    linnet_status_t status = linnet_object_response_unpack(body.data, body.length, &answer);
    if (status < 0) {
        return status;
    }
    uint32_t length = answer.data.length;
    if (answer.offset != fetch->offset || length == 0 || length > slice_bytes(node)) {
        /* The host has another object or a shorter one. */
        return begin_again(node);
    }
    status = linnet_store_write(&node->store, fetch->offset, answer.data.data, length);
    if (status < 0) {
        return status;
    }
    fetch->offset += length;
    return fetch->offset < fetch->length ? LINNET_OK : commit(node);
}
