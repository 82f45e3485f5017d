/*
 * The trial of a kernel that is new on this device (SPEC, section 7.1), and which kernel takes the
 * place of one that cannot be used. Nothing can interrupt a call that hangs but a reset, so what
 * the trial must survive is noted in the store before its first call.
 */
#include <string.h>
#include "node.h"

/* After plan, which the model does: one a poll, so that each has the watchdog's whole time. */
static const enum linnet_kernel_function calls[] = {
    LINNET_KERNEL_FUNCTION_infer,       LINNET_KERNEL_FUNCTION_begin, LINNET_KERNEL_FUNCTION_train,
    LINNET_KERNEL_FUNCTION_saturations, LINNET_KERNEL_FUNCTION_check,
};
#define CALLS (sizeof calls / sizeof calls[0])

static void notify(struct linnet_node *node, const uint8_t *kernel, bool has_failed,
                   const char *cause) {
    node->notice.cause = cause;
    node->notice.has_failed = has_failed;
    memcpy(node->notice.kernel, kernel, LINNET_ID_BYTES);
}

/* Why a start in the middle of a trial decides it, or NULL if it does not. */
static const char *verdict_of_start(const struct linnet_node *node) {
    if (node->reset_reason == LINNET_RESET_REASON_WATCHDOG) {
        return "the watchdog reset the device";
    }
    if (node->reset_reason == LINNET_RESET_REASON_FAULT) {
        return "a fault reset the device";
    }
    return node->store.trial_starts >= LINNET_TRIAL_STARTS ? "it did not end before power did"
                                                           : NULL;
}

void linnet_trial_boot(struct linnet_node *node) {
    struct linnet_store *store = &node->store;
    const uint8_t *hash = linnet_store_trial_hash(store);
    if (hash == NULL) {
        return;
    }
    const char *cause = verdict_of_start(node);
    if (cause != NULL) {
        notify(node, hash, true, cause);
        node->last_error = LINNET_ERR_TRIAL;
        (void)linnet_store_judge(store, hash, LINNET_VERDICT_FAILED);
    }
}

linnet_status_t linnet_trial_begin(struct linnet_node *node) {
    node->round.trial_call = 0;
    return linnet_store_begin_trial(&node->store, node->round.kernel->hash);
}

static void set_words(struct linnet_kernel *kernel) {
    static const enum linnet_block_word zeros[] = {
        LINNET_BLOCK_FEDERATION_SEED, LINNET_BLOCK_BASE_VERSION,   LINNET_BLOCK_NODE_KEY,
        LINNET_BLOCK_LR_SHIFT,        LINNET_BLOCK_LR_DECAY,       LINNET_BLOCK_TOTAL_STEPS,
        LINNET_BLOCK_SKIP_THRESHOLD,  LINNET_BLOCK_PROXIMAL_SHIFT,
    };
    for (uint32_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
        linnet_kernel_set_word(kernel, zeros[i], 0);
    }
}

/* A sample must be written anew for every call. */
static linnet_status_t clear_sample(struct linnet_node *node) {
    struct linnet_kernel *kernel = &node->kernel;
    uint32_t at = linnet_kernel_word(kernel, LINNET_BLOCK_INPUT_PTR);
    uint8_t *input = linnet_kernel_at(kernel, at, node->round.inputs);
    if (input == NULL) {
        return LINNET_ERR_ABI;
    }
    memset(input, 0, node->round.inputs);
    return LINNET_OK;
}

static linnet_status_t finish(struct linnet_node *node) {
    node->work.phase = LINNET_PHASE_SNAPSHOT;
    return linnet_store_judge(&node->store, node->round.kernel->hash, LINNET_VERDICT_PROVED);
}

linnet_status_t linnet_trial_step(struct linnet_node *node) {
    struct linnet_kernel *kernel = &node->kernel;
    enum linnet_kernel_function function = calls[node->round.trial_call];
    linnet_status_t status = clear_sample(node);
    if (status < 0) {
        return status;
    }
    set_words(kernel);
    status = (linnet_status_t)linnet_kernel_call(kernel, function, 0, 0, 0);
    bool is_frozen = function == LINNET_KERNEL_FUNCTION_train && status == LINNET_ERR_STATE;
    if (status < 0 && !is_frozen) {
        return status == LINNET_ERR_LATER ? LINNET_ERR_ABI : status;
    }
    node->round.trial_call++;
    return node->round.trial_call < CALLS ? LINNET_OK : finish(node);
}

/* The kernel is at fault, for ever. */
static bool is_defect(linnet_status_t status) {
    return status == LINNET_ERR_TRAP || status == LINNET_ERR_CANARY;
}

/* The kernel is not for this firmware, or not what was announced. */
static bool is_unfit(linnet_status_t status) {
    return status == LINNET_ERR_ENGINE || status == LINNET_ERR_ABI ||
           status == LINNET_ERR_INTRINSICS || status == LINNET_ERR_UNSUPPORTED;
}

static const char *cause_of(const struct linnet_node *node, linnet_status_t status) {
    if (node->kernel.engine_error != NULL) {
        return node->kernel.engine_error;
    }
    return status == LINNET_ERR_CANARY        ? "it wrote outside its memory"
           : status == LINNET_ERR_INTRINSICS  ? "another set of intrinsics"
           : status == LINNET_ERR_UNSUPPORTED ? "other numerics than announced"
                                              : "it is none for this firmware";
}

linnet_status_t linnet_trial_give_up(struct linnet_node *node, linnet_status_t status) {
    struct linnet_work *work = &node->work;
    struct linnet_round *round = &node->round;
    const uint8_t *hash = round->kernel->hash;
    bool is_on_trial = linnet_store_verdict(&node->store, hash) == LINNET_VERDICT_NONE;
    bool has_failed = is_on_trial && is_defect(status);
    if (has_failed) {
        (void)linnet_store_judge(&node->store, hash, LINNET_VERDICT_FAILED);
    } else if (is_on_trial) {
        (void)linnet_store_end_trial(&node->store);
    }
    if (!has_failed && !is_unfit(status)) {
        return status;
    }
    notify(node, hash, has_failed, cause_of(node, status));
    work->passed_over |= 1u << (uint32_t)(round->kernel - work->announcement.kernels);
    if (linnet_fetch_choose(node, &work->announcement, work->passed_over, &round->kernel) < 0) {
        linnet_kernel_close(&node->kernel);
        linnet_model_boot(node);
        return status;
    }
    node->last_error = status;
    work->phase = LINNET_PHASE_FETCH;
    return LINNET_OK;
}
