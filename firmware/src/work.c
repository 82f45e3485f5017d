/* One announced version, from ANNOUNCE to its receipt (SPEC, section 7). */
#include <string.h>
#include "linnet.h"
#include "messages.gen.h"
#include "node.h"

uint32_t linnet_node_state(const struct linnet_node *node) {
    static const uint8_t states[] = {
        [LINNET_PHASE_IDLE] = LINNET_NODE_STATE_IDLE,
        [LINNET_PHASE_DRAW] = LINNET_NODE_STATE_WAITING,
        [LINNET_PHASE_WAIT] = LINNET_NODE_STATE_WAITING,
        [LINNET_PHASE_FETCH] = LINNET_NODE_STATE_FETCH,
        [LINNET_PHASE_PLAN] = LINNET_NODE_STATE_FETCH,
        [LINNET_PHASE_TRIAL] = LINNET_NODE_STATE_FETCH,
        [LINNET_PHASE_SNAPSHOT] = LINNET_NODE_STATE_FETCH,
        [LINNET_PHASE_LOAD] = LINNET_NODE_STATE_FETCH,
        [LINNET_PHASE_EVALUATE] = LINNET_NODE_STATE_EVALUATE,
        [LINNET_PHASE_TRAIN] = LINNET_NODE_STATE_TRAIN,
        [LINNET_PHASE_MEASURE] = LINNET_NODE_STATE_UPLOAD,
        [LINNET_PHASE_DIGEST] = LINNET_NODE_STATE_UPLOAD,
        [LINNET_PHASE_OFFER] = LINNET_NODE_STATE_UPLOAD,
        [LINNET_PHASE_UPLOAD] = LINNET_NODE_STATE_UPLOAD,
        [LINNET_PHASE_RECEIPT] = LINNET_NODE_STATE_RECEIPT,
        [LINNET_PHASE_FAILED] = LINNET_NODE_STATE_FAILED,
    };
    return node->session.is_open ? states[node->work.phase] : LINNET_NODE_STATE_HELLO;
}

void linnet_pause(struct linnet_node *node) {
    node->is_paused = true;
}

void linnet_resume(struct linnet_node *node) {
    node->is_paused = false;
}

static bool spans_equal(struct linnet_span a, struct linnet_span b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool plans_equal(const struct linnet_plan *a, const struct linnet_plan *b) {
    return a->task == b->task && a->seed == b->seed && a->lr_shift == b->lr_shift &&
           a->lr_decay == b->lr_decay && a->epochs == b->epochs && a->samples == b->samples &&
           a->skip_threshold == b->skip_threshold && a->codec == b->codec &&
           a->weight_unit == b->weight_unit && a->frozen_layers == b->frozen_layers &&
           a->personal_layers == b->personal_layers && a->proximal_shift == b->proximal_shift &&
           a->density == b->density && a->max_staleness == b->max_staleness &&
           spans_equal(a->class_weights, b->class_weights);
}

bool linnet_work_is_same(const struct linnet_announcement *a, const struct linnet_announcement *b) {
    return a->epoch == b->epoch && a->version == b->version &&
           spans_equal(a->federation, b->federation) &&
           memcmp(a->artefact_hash, b->artefact_hash, LINNET_HASH_BYTES) == 0 &&
           memcmp(a->descriptor_hash, b->descriptor_hash, LINNET_HASH_BYTES) == 0 &&
           plans_equal(&a->plan, &b->plan);
}

static bool is_finished(const struct linnet_finished *finished,
                        const struct linnet_announcement *announcement) {
    return finished->exists && finished->epoch == announcement->epoch &&
           finished->version == announcement->version &&
           memcmp(finished->descriptor, announcement->descriptor_hash, LINNET_ID_BYTES) == 0 &&
           memcmp(finished->artefact, announcement->artefact_hash, LINNET_ID_BYTES) == 0;
}

static void keep_finished(struct linnet_work *work) {
    work->finished.exists = true;
    work->finished.epoch = work->announcement.epoch;
    work->finished.version = work->announcement.version;
    memcpy(work->finished.descriptor, work->announcement.descriptor_hash, LINNET_ID_BYTES);
    memcpy(work->finished.artefact, work->announcement.artefact_hash, LINNET_ID_BYTES);
}

/* The answer to what the work had asked does not matter any more. */
static void close_request(struct linnet_node *node) {
    if (node->link.open_id != LINNET_MESSAGE_HELLO) {
        linnet_link_close_request(&node->link);
    }
}

/* From the fetch on, abandoning whatever was going on. */
void linnet_work_restart(struct linnet_node *node) {
    close_request(node);
    node->has_model = false;
    node->has_installed_words = false;
    linnet_round_free(node);
    memset(&node->fetch, 0, sizeof node->fetch);
    memset(&node->renewal, 0, sizeof node->renewal);
    memset(&node->round, 0, sizeof node->round);
    linnet_timer_start(&node->work.pause, 0, 0);
    node->work.passed_over = 0;
    node->work.phase = LINNET_PHASE_FETCH;
}

/* Takes an announcement, whose bytes make sense, in place of what was going on. key: [32]. */
static void take_up(struct linnet_node *node, struct linnet_span bytes, const uint8_t *key) {
    struct linnet_work *work = &node->work;
    memcpy(work->bytes, bytes.data, bytes.length);
    memcpy(work->key, key, sizeof work->key);
    work->announcement_bytes = bytes.length;
    (void)linnet_announcement_parse(work->bytes, bytes.length, &work->announcement);
    work->has_announcement = true;
    linnet_work_restart(node);
    bool is_kept = linnet_keep_recall(node);
    if (is_kept || work->announcement.plan.is_limited) {
        linnet_model_boot(node); /* it answers meanwhile */
        work->phase = is_kept ? LINNET_PHASE_OFFER : LINNET_PHASE_DRAW;
    }
}

static bool is_offering(const struct linnet_node *node) {
    enum linnet_phase phase = node->work.phase;
    return phase >= LINNET_PHASE_OFFER && phase <= LINNET_PHASE_RECEIPT;
}

/* Whether what is being worked on still counts when the next announcement is the newest. */
static bool counts_beside(const struct linnet_work *work, const struct linnet_announcement *next) {
    const struct linnet_announcement *now = &work->announcement;
    return work->phase >= LINNET_PHASE_EVALUATE && work->phase <= LINNET_PHASE_RECEIPT &&
           next->epoch == now->epoch && next->version > now->version &&
           next->version - now->version <= now->plan.max_staleness &&
           linnet_residual_is_shared(now, next);
}

/*
 * ERR_LATER if what is being worked on still counts, or if the residual for the next announcement
 * is that of an upload which has no receipt yet. One that is in the flash is offered again: its
 * receipt may have come while there was no power.
 */
static linnet_status_t settle_first(struct linnet_node *node,
                                    const struct linnet_announcement *next, const uint8_t *key) {
    const struct linnet_work *work = &node->work;
    struct linnet_announcement pending;
    struct linnet_span bytes;
    if (counts_beside(work, next)) {
        return LINNET_ERR_LATER;
    }
    if (is_offering(node)) {
        bool is_waiting = linnet_residual_is_used(&work->announcement) &&
                          linnet_residual_is_shared(&work->announcement, next);
        return is_waiting ? LINNET_ERR_LATER : LINNET_OK;
    }
    if (!linnet_residual_pending(node, &pending, &bytes) || linnet_work_is_same(&pending, next) ||
        !linnet_residual_is_shared(&pending, next) || is_finished(&work->finished, &pending) ||
        !linnet_keep_has(node, &pending)) {
        return LINNET_OK;
    }
    take_up(node, bytes, key);
    /* It may have been made with another key. */
    return node->work.phase == LINNET_PHASE_OFFER ? LINNET_ERR_LATER : LINNET_OK;
}

static linnet_status_t take_announcement(struct linnet_node *node, const uint8_t *mac,
                                         struct linnet_span bytes) {
    struct linnet_work *work = &node->work;
    struct linnet_announcement announcement;
    const struct linnet_allowed_kernel *kernel;
    uint8_t key[LINNET_KEY_BYTES];
    if (node->store_status < 0) {
        return node->store_status;
    }
    linnet_status_t status = linnet_announcement_parse(bytes.data, bytes.length, &announcement);
    if (status == LINNET_OK) {
        status = linnet_auth_announcement(node, bytes, &announcement, mac, key);
    }
    if (status == LINNET_OK) {
        status = linnet_fetch_choose(node, &announcement, 0, &kernel);
    }
    if (status == LINNET_OK) {
        status = linnet_residual_check(node, &announcement, bytes.length);
    }
    if (status == LINNET_OK) {
        status = linnet_auth_follow(node, &announcement);
    }
    if (status < 0 || is_finished(&work->finished, &announcement)) {
        return status;
    }
    if (work->has_announcement && work->phase != LINNET_PHASE_FAILED &&
        linnet_work_is_same(&work->announcement, &announcement)) {
        return LINNET_OK;
    }
    status = settle_first(node, &announcement, key);
    if (status == LINNET_OK) {
        take_up(node, bytes, key);
    }
    return status;
}

linnet_status_t linnet_work_announce(struct linnet_node *node, const uint8_t *mac,
                                     struct linnet_span bytes) {
    linnet_status_t status = take_announcement(node, mac, bytes);
    if (status < 0 && status != LINNET_ERR_LATER) {
        node->last_error = status;
    }
    return status;
}

static bool is_our_receipt(const struct linnet_node *node, const struct linnet_receipt *receipt) {
    return is_offering(node) && receipt->version == node->work.announcement.version &&
           receipt->contribution == 0 &&
           memcmp(receipt->upload, node->upload.hash, LINNET_ID_BYTES) == 0;
}

linnet_status_t linnet_work_receipt(struct linnet_node *node, struct linnet_span bytes) {
    struct linnet_work *work = &node->work;
    struct linnet_receipt receipt;
    linnet_status_t status = linnet_receipt_parse(bytes.data, bytes.length, &receipt);
    if (status < 0 || !is_our_receipt(node, &receipt) ||
        !linnet_auth_receipt(node, bytes, &receipt)) {
        return status;
    }
    close_request(node);
    if (receipt.code == LINNET_RECEIPT_LATER) {
        bool is_timed = receipt.retry_ms != LINNET_WIRE_ABSENT;
        linnet_work_rest(node, is_timed ? receipt.retry_ms : LINNET_OFFER_MS);
        work->phase = LINNET_PHASE_RECEIPT;
        return LINNET_OK;
    }
    keep_finished(work);
    work->phase = LINNET_PHASE_IDLE;
    status = linnet_residual_settle(node, receipt.code);
    if (status < 0) {
        node->last_error = status; /* the receipt was taken all the same */
    }
    if (node->port->on_receipt != NULL) {
        node->port->on_receipt(node->port->context, receipt.version, receipt.code);
    }
    return LINNET_OK;
}

void linnet_work_rest(struct linnet_node *node, uint32_t duration_ms) {
    linnet_timer_start(&node->work.pause, node->port->now_ms(node->port->context), duration_ms);
}

void linnet_work_fail(struct linnet_node *node, linnet_status_t status) {
    close_request(node);
    node->work.phase = LINNET_PHASE_FAILED;
    node->last_error = status;
    node->unlogged = status;
}

void linnet_work_refused(struct linnet_node *node, linnet_status_t status) {
    node->last_error = status;
    if (status == LINNET_ERR_NOT_FOUND && linnet_renewal_give_up(node)) {
        return; /* nobody has the difference; the snapshot will do */
    }
    linnet_work_rest(node, status == LINNET_ERR_LATER ? LINNET_LATER_MS : LINNET_REFUSED_MS);
    if (node->work.phase == LINNET_PHASE_UPLOAD) {
        node->work.phase = LINNET_PHASE_OFFER;
    }
}

void linnet_work_session(struct linnet_node *node, bool samples_changed) {
    struct linnet_work *work = &node->work;
    if (samples_changed && work->phase > LINNET_PHASE_WAIT && node->store_status >= 0) {
        linnet_work_restart(node);
    } else if (work->phase == LINNET_PHASE_UPLOAD || work->phase == LINNET_PHASE_RECEIPT) {
        linnet_work_rest(node, 0);
        work->phase = LINNET_PHASE_OFFER;
    }
}

uint8_t linnet_work_request(struct linnet_node *node, uint32_t now_ms) {
    if (linnet_timer_left(&node->work.pause, now_ms) > 0) {
        return 0;
    }
    switch (node->work.phase) {
    case LINNET_PHASE_FETCH:
        return node->fetch.is_active ? LINNET_MESSAGE_OBJECT : 0;
    case LINNET_PHASE_SNAPSHOT:
        return node->fetch.is_active || linnet_renewal_needs_bytes(node) ? LINNET_MESSAGE_OBJECT
                                                                         : 0;
    case LINNET_PHASE_EVALUATE:
    case LINNET_PHASE_TRAIN:
        return !node->is_paused && linnet_round_needs_sample(node) ? LINNET_MESSAGE_SAMPLE : 0;
    case LINNET_PHASE_OFFER:
        return LINNET_MESSAGE_OFFER;
    case LINNET_PHASE_UPLOAD:
        return LINNET_MESSAGE_UPLOAD;
    default:
        return 0;
    }
}

int32_t linnet_work_pack(struct linnet_node *node, uint8_t id, uint8_t *out, uint32_t capacity) {
    switch (id) {
    case LINNET_MESSAGE_OBJECT:
        return (int32_t)(node->renewal.is_active ? linnet_renewal_pack(node, out, capacity)
                                                 : linnet_fetch_pack(node, out, capacity));
#if LINNET_PULL_SAMPLES
    case LINNET_MESSAGE_SAMPLE:
        return (int32_t)linnet_round_pack(node, out, capacity);
#endif
    case LINNET_MESSAGE_OFFER:
        return (int32_t)linnet_upload_pack_offer(node, out, capacity);
    default:
        return linnet_upload_pack(node, out, capacity);
    }
}

linnet_status_t linnet_work_take(struct linnet_node *node, uint8_t id, struct linnet_span body) {
    switch (id) {
    case LINNET_MESSAGE_OBJECT:
        return node->renewal.is_active ? linnet_renewal_take(node, body)
                                       : linnet_fetch_take(node, body);
#if LINNET_PULL_SAMPLES
    case LINNET_MESSAGE_SAMPLE:
        return linnet_round_take(node, body);
#endif
    default:
        return linnet_upload_take(node, id, body);
    }
}

/* The phases that compute; ERR_LATER: this one waits for the host or for time to pass. */
static linnet_status_t step(struct linnet_node *node, uint32_t now_ms) {
    struct linnet_work *work = &node->work;
    switch (work->phase) {
    case LINNET_PHASE_DRAW:
    case LINNET_PHASE_WAIT:
        return linnet_participation_step(node, now_ms);
    case LINNET_PHASE_FETCH:
        /* Name and samples come with HELLO. */
        if (node->fetch.is_active || !node->session.is_open) {
            return LINNET_ERR_LATER;
        }
        return linnet_fetch_step(node);
    case LINNET_PHASE_PLAN:
        return linnet_model_plan(node);
    case LINNET_PHASE_TRIAL:
        return linnet_trial_step(node);
    case LINNET_PHASE_SNAPSHOT:
        return node->fetch.is_active || linnet_renewal_needs_bytes(node)
                   ? LINNET_ERR_LATER
                   : linnet_fetch_snapshot_step(node);
    case LINNET_PHASE_LOAD:
        return linnet_model_load(node);
    case LINNET_PHASE_EVALUATE:
    case LINNET_PHASE_TRAIN:
        return node->is_paused || linnet_round_needs_sample(node) ? LINNET_ERR_LATER
                                                                  : linnet_round_step(node);
    case LINNET_PHASE_MEASURE:
        return linnet_upload_measure(node);
    case LINNET_PHASE_DIGEST:
        return linnet_upload_digest(node);
    case LINNET_PHASE_RECEIPT:
        if (linnet_timer_left(&work->pause, now_ms) > 0) {
            return LINNET_ERR_LATER;
        }
        work->phase = LINNET_PHASE_OFFER;
        return LINNET_OK;
    default:
        return LINNET_ERR_LATER;
    }
}

bool linnet_work_step(struct linnet_node *node, uint32_t now_ms) {
    enum linnet_phase phase = node->work.phase;
    linnet_status_t status = step(node, now_ms);
    if (status < 0 && (phase == LINNET_PHASE_PLAN || phase == LINNET_PHASE_TRIAL)) {
        status = linnet_trial_give_up(node, status);
    }
    if (status == LINNET_ERR_LATER) {
        return false;
    }
    if (status < 0) {
        linnet_work_fail(node, status);
    }
    return true;
}
