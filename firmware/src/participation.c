/* Whether a node takes part in an announced version, and when (SPEC, section 7.5). */
#include "messages.gen.h"
#include "node.h"

/* draw, pace: the first numbers of SHA-256 of seed, version and name. */
static linnet_status_t draw_for(const struct linnet_node *node, uint32_t *draw, uint32_t *pace) {
    const struct linnet_announcement *announcement = &node->work.announcement;
    uint8_t bytes[4 + 4 + LINNET_NAME_MAX_BYTES];
    uint8_t digest[LINNET_HASH_BYTES];
    struct linnet_writer w = linnet_writer(bytes, sizeof bytes);
    linnet_put_u32(&w, announcement->plan.seed);
    linnet_put_u32(&w, announcement->version);
    linnet_put_bytes(&w, linnet_node_name(node));
    struct linnet_span input = {bytes, linnet_writer_length(&w)};
    linnet_status_t status = linnet_hash_compute(node->port, input, digest);
    struct linnet_reader r = linnet_reader(digest, sizeof digest);
    *draw = linnet_get_u32(&r);
    *pace = linnet_get_u32(&r);
    return status;
}

/* Of a device that has none of the model, or has another model, there is no age. */
static bool has_age(const struct linnet_node *node, const struct linnet_eligibility *asked) {
    uint32_t age = node->work.announcement.version - node->installed_version;
    /* A node goes on with a version that it has begun. */
    bool has_rested = age == 0 || age >= asked->min_model_age;
    return !node->has_model || node->installed_version > node->work.announcement.version ||
           (age <= asked->max_model_age && has_rested) ||
           linnet_model_check_snapshot(node, node->round.snapshot) < 0;
}

static bool is_eligible(const struct linnet_node *node) {
    const struct linnet_port *port = node->port;
    const struct linnet_eligibility *asked = &node->work.announcement.plan.eligibility;
    for (uint32_t i = 0; i < LINNET_CONDITIONS && port->condition != NULL; i++) {
        uint32_t least = asked->conditions[i];
        int32_t value =
            least > 0 ? port->condition(port->context, LINNET_CONDITION_BATTERY + i) : -1;
        if (value >= 0 && (uint32_t)value < least) {
            return false;
        }
    }
    return linnet_round_count(node, LINNET_SPLIT_TRAIN) >= asked->min_samples &&
           has_age(node, asked);
}

linnet_status_t linnet_participation_step(struct linnet_node *node, uint32_t now_ms) {
    struct linnet_work *work = &node->work;
    struct linnet_plan *plan = &work->announcement.plan;
    uint32_t draw, pace;
    /* Name and samples come with HELLO. */
    if (!node->session.is_open || linnet_timer_left(&work->pause, now_ms) > 0) {
        return LINNET_ERR_LATER;
    }
    linnet_status_t status = draw_for(node, &draw, &pace);
    if (status < 0) {
        return status;
    }
    if (work->phase == LINNET_PHASE_DRAW) {
        work->phase = LINNET_PHASE_WAIT;
        linnet_work_rest(node, plan->jitter_ms > 0 ? pace % plan->jitter_ms : 0);
    } else if (draw >= plan->draw_below && plan->draw_below != LINNET_EVERYBODY) {
        if (plan->deadline_ms != LINNET_WIRE_ABSENT) {
            bool is_beyond = plan->draw_below > LINNET_EVERYBODY / 2;
            plan->draw_below = is_beyond ? LINNET_EVERYBODY : 2 * plan->draw_below;
        }
        linnet_work_rest(node, plan->deadline_ms);
    } else if (!is_eligible(node)) {
        linnet_work_rest(node, LINNET_CONDITION_MS);
    } else {
        linnet_work_restart(node);
    }
    return LINNET_OK;
}
