/*
 * What stays here of trainings, in two slots of the store: the accepted one, which the next one is
 * made with, and the one that counts when this upload does. An object is the announcement of the
 * upload that made it, and a word per parameter: of layers that are personal in it their words
 * (SPEC, section 7.6), of others what SPARSE_TERNARY left out (7.3).
 *
 *     ┌───────────┬──────────────┬───────────┐
 *     │ u16 bytes │ announcement │ int16 [P] │
 *     └───────────┴──────────────┴───────────┘
 */
#include <string.h>
#include "node.h"

#define HEAD_BYTES 2u

static uint32_t object_bytes(uint32_t announcement_bytes, uint32_t parameters) {
    return HEAD_BYTES + announcement_bytes + 2u * parameters;
}

/* Takes a residual in the store apart; false if there is none that makes sense. */
static bool find(struct linnet_node *node, bool is_accepted,
                 struct linnet_announcement *announcement, struct linnet_span *bytes,
                 struct linnet_span *words) {
    struct linnet_span object;
    if (linnet_store_residual(&node->store, is_accepted, &object) != LINNET_OK) {
        return false;
    }
    struct linnet_reader r = linnet_reader(object.data, object.length);
    bytes->length = linnet_get_u16(&r);
    *words = linnet_get_bytes(&r);
    if (linnet_reader_status(&r) != LINNET_OK || words->length < bytes->length) {
        return false;
    }
    bytes->data = words->data;
    words->data += bytes->length;
    words->length -= bytes->length;
    return linnet_announcement_parse(bytes->data, bytes->length, announcement) == LINNET_OK;
}

bool linnet_residual_pending(struct linnet_node *node, struct linnet_announcement *announcement,
                             struct linnet_span *bytes) {
    struct linnet_span words;
    return find(node, false, announcement, bytes, &words);
}

bool linnet_residual_is_used(const struct linnet_announcement *announcement) {
    const struct linnet_plan *plan = &announcement->plan;
    return linnet_plan_trains(plan) &&
           (plan->codec == LINNET_CODEC_SPARSE_TERNARY || plan->personal_layers != 0);
}

linnet_status_t linnet_residual_check(const struct linnet_node *node,
                                      const struct linnet_announcement *announcement,
                                      uint32_t announcement_bytes) {
    uint32_t room = node->store.residuals.capacity + LINNET_SNAPSHOT_HEADER_BYTES;
    uint32_t head = HEAD_BYTES + announcement_bytes;
    bool fits = head <= room && announcement->artefact_bytes <= room - head;
    return fits || !linnet_residual_is_used(announcement) ? LINNET_OK : LINNET_ERR_FULL;
}

bool linnet_residual_is_shared(const struct linnet_announcement *a,
                               const struct linnet_announcement *b) {
    return a->federation.length == b->federation.length &&
           memcmp(a->federation.data, b->federation.data, a->federation.length) == 0 &&
           memcmp(a->descriptor_hash, b->descriptor_hash, LINNET_HASH_BYTES) == 0;
}

/* The accepted words, if they are of the model in hand. */
static bool find_accepted(struct linnet_node *node, struct linnet_announcement *announcement,
                          struct linnet_span *words) {
    struct linnet_span bytes;
    return find(node, true, announcement, &bytes, words) &&
           words->length == 2u * node->round.parameters &&
           memcmp(announcement->descriptor_hash, linnet_model_base(node, 0) - LINNET_HASH_BYTES,
                  LINNET_HASH_BYTES) == 0;
}

/* Words that were tuned locally are of one model alone. */
uint32_t linnet_residual_layers(struct linnet_node *node) {
    const struct linnet_announcement *next = &node->work.announcement;
    struct linnet_announcement before;
    struct linnet_span words;
    bool are_others = find_accepted(node, &before, &words) &&
                      (!linnet_residual_is_shared(&before, next) ||
                       (before.plan.codec == LINNET_CODEC_NONE &&
                        memcmp(before.artefact_hash, next->artefact_hash, LINNET_HASH_BYTES) != 0));
    return are_others ? 0 : next->plan.personal_layers;
}

linnet_status_t linnet_residual_overlay(struct linnet_node *node) {
    struct linnet_announcement announcement;
    struct linnet_span words;
    uint32_t layers = node->personal_layers;
    if (layers != 0 && find_accepted(node, &announcement, &words)) {
        layers &= announcement.plan.personal_layers;
        return layers == 0 ? LINNET_OK : linnet_model_load_words(node, words.data, layers);
    }
    return LINNET_OK;
}

/*
 * The residual, or NULL, which stands for zeros: entries of a layer that is personal in one of the
 * plans alone would be taken for what they are not.
 */
static const uint8_t *find_residual(struct linnet_node *node) {
    const struct linnet_announcement *next = &node->work.announcement;
    struct linnet_announcement before;
    struct linnet_span words;
    bool exists = find_accepted(node, &before, &words) &&
                  linnet_residual_is_shared(&before, next) &&
                  before.plan.personal_layers == next->plan.personal_layers;
    return exists ? words.data : NULL;
}

static linnet_status_t append(struct linnet_node *node, const uint8_t *data, uint32_t length) {
    return linnet_store_write(&node->store, node->store.writing.offset, data, length);
}

linnet_status_t linnet_residual_begin(struct linnet_node *node) {
    const struct linnet_work *work = &node->work;
    uint8_t head[HEAD_BYTES];
    struct linnet_writer w = linnet_writer(head, sizeof head);
    linnet_put_u16(&w, (uint16_t)work->announcement_bytes);
    node->payload.residual = find_residual(node);
    node->payload.residual_words = 0;
    linnet_status_t status =
        linnet_store_begin(&node->store, LINNET_OBJECT_RESIDUAL,
                           object_bytes(work->announcement_bytes, node->round.parameters));
    if (status == LINNET_OK) {
        status = append(node, head, sizeof head);
    }
    return status == LINNET_OK ? append(node, work->bytes, work->announcement_bytes) : status;
}

void linnet_residual_read(const struct linnet_node *node, uint32_t first, uint32_t count,
                          uint8_t *out) {
    const uint8_t *words = node->payload.residual;
    if (words == NULL) {
        memset(out, 0, 2u * count);
    } else {
        memcpy(out, words + 2u * first, 2u * count);
    }
}

/* Words as they were, and over them what the kernel holds of personal layers. */
static linnet_status_t pass_over(struct linnet_node *node, uint32_t count) {
    struct linnet_kernel *kernel = &node->kernel;
    uint32_t first = node->payload.residual_words;
    uint8_t *io =
        linnet_kernel_at(kernel, linnet_kernel_word(kernel, LINNET_BLOCK_IO_PTR), 2u * count);
    int32_t status = io == NULL ? LINNET_ERR_ABI : LINNET_OK;
    if (status < 0) {
        return (linnet_status_t)status;
    }
    linnet_residual_read(node, first, count, io);
    if (node->work.announcement.plan.personal_layers != 0) {
        status = linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_store, (int32_t)first,
                                    (int32_t)count, 0);
    }
    node->payload.residual_words += count;
    return status < 0 ? (linnet_status_t)status : append(node, io, 2u * count);
}

linnet_status_t linnet_residual_write(struct linnet_node *node, uint32_t first,
                                      const uint8_t *words, uint32_t count) {
    struct linnet_payload *payload = &node->payload;
    linnet_status_t status = LINNET_OK;
    while (status == LINNET_OK && payload->residual_words < first) {
        uint32_t left = first - payload->residual_words;
        status = pass_over(node, left < LINNET_CODEC_WORDS ? left : LINNET_CODEC_WORDS);
    }
    if (status == LINNET_OK && count > 0) {
        status = append(node, words, 2u * count);
        payload->residual_words += count;
    }
    return status;
}

linnet_status_t linnet_residual_end(struct linnet_node *node) {
    linnet_status_t status = linnet_residual_write(node, node->round.parameters, NULL, 0);
    if (node->work.announcement.plan.codec == LINNET_CODEC_SPARSE_TERNARY) {
        node->residual_saturations =
            linnet_kernel_word(&node->kernel, LINNET_BLOCK_RESIDUAL_SATURATIONS);
    }
    return status == LINNET_OK ? linnet_store_commit(&node->store, NULL) : status;
}

linnet_status_t linnet_residual_settle(struct linnet_node *node, uint32_t receipt_code) {
    struct linnet_announcement announcement;
    struct linnet_span bytes;
    bool is_taken = receipt_code == LINNET_RECEIPT_ACCEPTED ||
                    receipt_code == LINNET_RECEIPT_DUPLICATE ||
                    receipt_code == LINNET_RECEIPT_CLIPPED;
    if (!is_taken || !linnet_residual_is_used(&node->work.announcement) ||
        !linnet_residual_pending(node, &announcement, &bytes) ||
        !linnet_work_is_same(&announcement, &node->work.announcement)) {
        return LINNET_OK;
    }
    node->has_installed_words = false; /* those of personal layers are others now */
    return linnet_store_accept_residual(&node->store);
}
