/* Evaluating and training on the samples of the node (SPEC, sections 7.4 and 7.5). */
#include <string.h>
#include "messages.gen.h"
#include "node.h"

/* Steps are counted in the int32 of the kernel's parameter block. */
#define MAX_STEPS 0x7fffffffu

static bool pulls_samples(const struct linnet_node *node) {
    return LINNET_PULL_SAMPLES && node->port->sample_count == NULL;
}

uint32_t linnet_round_count(const struct linnet_node *node, uint32_t split) {
    const struct linnet_port *port = node->port;
    if (pulls_samples(node)) {
        return node->session.samples[split];
    }
    return port->sample_count == NULL ? 0 : port->sample_count(port->context, split);
}

static uint32_t present_split(const struct linnet_node *node) {
    return node->work.phase == LINNET_PHASE_TRAIN ? LINNET_SPLIT_TRAIN : LINNET_SPLIT_TEST;
}

/* Little-endian u32 at the start of SHA-256 of the name. */
static linnet_status_t put_node_key(struct linnet_node *node) {
    uint8_t digest[LINNET_HASH_BYTES];
    linnet_status_t status = linnet_hash_compute(node->port, linnet_node_name(node), digest);
    struct linnet_reader r = linnet_reader(digest, sizeof digest);
    linnet_kernel_set_word(&node->kernel, LINNET_BLOCK_NODE_KEY, linnet_get_u32(&r));
    return status;
}

/* Class weights of the plan, or zeros. */
static linnet_status_t put_class_weights(struct linnet_node *node) {
    struct linnet_kernel *kernel = &node->kernel;
    const struct linnet_span *weights = &node->work.announcement.plan.class_weights;
    uint32_t classes = linnet_kernel_word(kernel, LINNET_BLOCK_CLASSES);
    uint32_t at = linnet_kernel_word(kernel, LINNET_BLOCK_CLASS_WEIGHTS_PTR);
    uint8_t *to = linnet_kernel_at(kernel, at, classes);
    if (to == NULL) {
        return LINNET_ERR_ABI;
    }
    if (weights->data == NULL) {
        memset(to, 0, classes);
        return LINNET_OK;
    }
    if (weights->length != classes) {
        return LINNET_ERR_RANGE;
    }
    memcpy(to, weights->data, classes);
    return LINNET_OK;
}

static linnet_status_t begin(struct linnet_node *node, uint32_t total_steps) {
    struct linnet_kernel *kernel = &node->kernel;
    const struct linnet_announcement *announcement = &node->work.announcement;
    const struct linnet_plan *plan = &announcement->plan;
    linnet_status_t status = put_class_weights(node);
    if (status == LINNET_OK) {
        status = put_node_key(node);
    }
    if (status < 0) {
        return status;
    }
    linnet_kernel_set_word(kernel, LINNET_BLOCK_FEDERATION_SEED, plan->seed);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_BASE_VERSION, announcement->version);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_LR_SHIFT, plan->lr_shift);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_LR_DECAY, plan->lr_decay);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_TOTAL_STEPS, total_steps);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_SKIP_THRESHOLD, plan->skip_threshold);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_PROXIMAL_SHIFT, plan->proximal_shift);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_PERSONAL_LAYERS, plan->personal_layers);
    return (linnet_status_t)linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_begin, 0, 0, 0);
}

/* Which sample the next step takes: order(0, n, order(1 + epoch, m, j)). */
static linnet_status_t choose_sample(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    round->filled = 0;
    if (node->work.phase == LINNET_PHASE_EVALUATE) {
        round->index = round->position;
        return LINNET_OK;
    }
    int32_t within = linnet_kernel_call(
        &node->kernel, LINNET_KERNEL_FUNCTION_order, (int32_t)(1 + round->step / round->samples),
        (int32_t)round->samples, (int32_t)(round->step % round->samples));
    if (within < 0) {
        return (linnet_status_t)within;
    }
    int32_t index = linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_order, 0,
                                       (int32_t)round->available, within);
    round->index = (uint32_t)index;
    return index < 0 ? (linnet_status_t)index : LINNET_OK;
}

static linnet_status_t begin_evaluation(struct linnet_node *node, uint32_t available) {
    node->round.available = available;
    node->round.position = 0;
    node->work.phase = LINNET_PHASE_EVALUATE;
    linnet_status_t status = begin(node, 0);
    return status < 0 ? status : choose_sample(node);
}

static linnet_status_t begin_training(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    const struct linnet_plan *plan = &node->work.announcement.plan;
    uint32_t available = linnet_round_count(node, LINNET_SPLIT_TRAIN);
    if (available == 0) {
        return LINNET_ERR_NO_SAMPLES;
    }
    round->available = available;
    round->samples = plan->samples == 0 || plan->samples > available ? available : plan->samples;
    if (round->samples > MAX_STEPS / plan->epochs) {
        return LINNET_ERR_RANGE;
    }
    round->total_steps = plan->epochs * round->samples;
    node->has_installed_words = false;
    node->work.phase = LINNET_PHASE_TRAIN;
    linnet_status_t status = linnet_residual_overlay(node);
    if (status == LINNET_OK) {
        status = begin(node, round->total_steps);
    }
    return status < 0 ? status : choose_sample(node);
}

static linnet_status_t after_evaluation(struct linnet_node *node) {
    if (node->round.is_trained) {
        return linnet_upload_begin(node);
    }
    if (linnet_plan_trains(&node->work.announcement.plan)) {
        return begin_training(node);
    }
    return node->round.evaluation.confusion == NULL ? LINNET_ERR_NO_SAMPLES
                                                    : linnet_upload_begin(node);
}

/* Evaluates, if there is anything to evaluate, and goes on. */
static linnet_status_t evaluate_first(struct linnet_node *node) {
    uint32_t available = linnet_round_count(node, LINNET_SPLIT_TEST);
    return available > 0 ? begin_evaluation(node, available) : after_evaluation(node);
}

linnet_status_t linnet_round_begin(struct linnet_node *node) {
    const struct linnet_plan *plan = &node->work.announcement.plan;
    if (plan->task == LINNET_TASK_NONE) {
        node->work.phase = LINNET_PHASE_IDLE;
        return LINNET_OK;
    }
    return linnet_plan_evaluates(plan) ? evaluate_first(node) : begin_training(node);
}

void linnet_round_free(struct linnet_node *node) {
    if (node->round.confusion != NULL && node->kernel.heap != NULL) {
        linnet_heap_free(&node->heap, node->round.confusion);
    }
    node->round.confusion = NULL;
}

/* confusion: points into linear memory. */
static linnet_status_t read_counters(struct linnet_node *node, struct linnet_counters *counters) {
    struct linnet_kernel *kernel = &node->kernel;
    int32_t saturations = linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_saturations, 0, 0, 0);
    if (saturations < 0) {
        return (linnet_status_t)saturations;
    }
    uint32_t classes = linnet_kernel_word(kernel, LINNET_BLOCK_CLASSES);
    uint32_t at = linnet_kernel_word(kernel, LINNET_BLOCK_CONFUSION_PTR);
    const void *confusion = linnet_kernel_at(kernel, at, 4 * classes * classes);
    counters->samples = linnet_kernel_word(kernel, LINNET_BLOCK_SAMPLES);
    counters->skipped = linnet_kernel_word(kernel, LINNET_BLOCK_SKIPPED);
    counters->saturations = (uint32_t)saturations;
    counters->loss = (uint64_t)linnet_kernel_word(kernel, LINNET_BLOCK_LOSS_HIGH) << 32 |
                     linnet_kernel_word(kernel, LINNET_BLOCK_LOSS_LOW);
    counters->confusion = confusion;
    counters->classes = classes;
    return confusion == NULL ? LINNET_ERR_ABI : LINNET_OK;
}

/* Training clears the kernel's counters, so those of the evaluation move to the heap. */
static linnet_status_t keep_evaluation(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    linnet_status_t status = read_counters(node, &round->evaluation);
    if (status < 0) {
        return status;
    }
    size_t bytes = (size_t)4 * round->evaluation.classes * round->evaluation.classes;
    round->confusion = linnet_heap_allocate(&node->heap, bytes);
    if (round->confusion == NULL) {
        return LINNET_ERR_MEMORY;
    }
    memcpy(round->confusion, round->evaluation.confusion, bytes);
    round->evaluation.confusion = round->confusion;
    return LINNET_OK;
}

/* Of a training the matrix is not sent: it would be longer than the delta of a small model. */
static void keep_correct(struct linnet_counters *counters) {
    counters->correct = 0;
    for (uint32_t i = 0; i < counters->classes; i++) {
        counters->correct += counters->confusion[i * (counters->classes + 1)];
    }
    counters->confusion = NULL;
}

static linnet_status_t finish_training(struct linnet_node *node) {
    struct linnet_kernel *kernel = &node->kernel;
    linnet_status_t status =
        (linnet_status_t)linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_check, 0, 0, 0);
    if (status >= 0) {
        status = read_counters(node, &node->round.training);
    }
    if (status < 0) {
        return status;
    }
    keep_correct(&node->round.training);
    node->round.is_trained = true;
    return node->work.announcement.plan.task == LINNET_TASK_PERSONALISE ? evaluate_first(node)
                                                                        : linnet_upload_begin(node);
}

/* Whether the pull toward the base is due, or not yet through all parameters. */
static bool must_pull(const struct linnet_node *node) {
    const struct linnet_round *round = &node->round;
    return node->work.phase == LINNET_PHASE_TRAIN &&
           node->work.announcement.plan.proximal_shift != 0 && round->step > 0 &&
           round->step % LINNET_PROXIMAL_INTERVAL == 0 && round->pulled < round->parameters;
}

static linnet_status_t next_training_step(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    if (must_pull(node)) {
        return LINNET_OK;
    }
    return round->step < round->total_steps ? choose_sample(node) : finish_training(node);
}

static linnet_status_t pull(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    uint32_t left = round->parameters - round->pulled;
    uint32_t count = left < LINNET_IO_WORDS ? left : LINNET_IO_WORDS;
    linnet_status_t status =
        linnet_model_transfer(node, LINNET_KERNEL_FUNCTION_pull, round->pulled, count, NULL);
    round->pulled += count;
    return status < 0 ? status : next_training_step(node);
}

static uint8_t *input_at(struct linnet_node *node, uint32_t offset, uint32_t length) {
    uint32_t at = linnet_kernel_word(&node->kernel, LINNET_BLOCK_INPUT_PTR);
    return linnet_kernel_at(&node->kernel, at + offset, length);
}

bool linnet_round_needs_sample(const struct linnet_node *node) {
    return pulls_samples(node) && !must_pull(node) && node->round.filled < node->round.inputs;
}

#if LINNET_PULL_SAMPLES

/* Bytes of a SAMPLE response that are not inputs: message header, status, label, offset. */
#define OVERHEAD_BYTES (LINNET_MESSAGE_HEADER_BYTES + 2u + 1u + 2u)

static uint32_t slice_inputs(const struct linnet_node *node) {
    uint32_t room = node->session.max_payload - OVERHEAD_BYTES;
    uint32_t left = node->round.inputs - node->round.filled;
    return left < room ? left : room;
}

uint32_t linnet_round_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity) {
    const struct linnet_sample_request request = {
        .split = (uint8_t)present_split(node),
        .index = node->round.index,
        .offset = (uint16_t)node->round.filled,
        .length = (uint16_t)slice_inputs(node),
    };
    return linnet_sample_request_pack(&request, out, capacity);
}

linnet_status_t linnet_round_take(struct linnet_node *node, struct linnet_span body) {
    struct linnet_round *round = &node->round;
    struct linnet_sample_response answer;
    linnet_status_t status = linnet_sample_response_unpack(body.data, body.length, &answer);
    if (status < 0) {
        return status;
    }
    uint32_t length = answer.data.length;
    if (answer.offset != round->filled || length == 0 || length > slice_inputs(node)) {
        return LINNET_ERR_SHAPE;
    }
    uint8_t *to = input_at(node, round->filled, length);
    if (to == NULL) {
        return LINNET_ERR_ABI;
    }
    memcpy(to, answer.data.data, length);
    round->label = answer.label;
    round->filled += length;
    return LINNET_OK;
}

#endif

/* A sample of the port goes straight into linear memory. */
static linnet_status_t take_own_sample(struct linnet_node *node) {
    const struct linnet_port *port = node->port;
    struct linnet_round *round = &node->round;
    int8_t *to = (int8_t *)input_at(node, 0, round->inputs);
    if (to == NULL) {
        return LINNET_ERR_ABI;
    }
    return (linnet_status_t)port->sample(port->context, present_split(node), round->index, to,
                                         round->inputs, &round->label);
}

/* A model of one class reconstructs its input: whatever the sample's label, its own is 0. */
static int32_t label(struct linnet_node *node) {
    return linnet_kernel_word(&node->kernel, LINNET_BLOCK_CLASSES) == 1 ? 0 : node->round.label;
}

linnet_status_t linnet_round_step(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    bool is_training = node->work.phase == LINNET_PHASE_TRAIN;
    if (must_pull(node)) {
        return pull(node);
    }
    linnet_status_t status = pulls_samples(node) ? LINNET_OK : take_own_sample(node);
    if (status < 0) {
        return status;
    }
    enum linnet_kernel_function function =
        is_training ? LINNET_KERNEL_FUNCTION_train : LINNET_KERNEL_FUNCTION_evaluate;
    int32_t result = linnet_kernel_call(&node->kernel, function, label(node), 0, 0);
    if (result < 0) {
        return (linnet_status_t)result;
    }
    if (is_training) {
        round->step++;
        round->pulled = 0;
        return next_training_step(node);
    }
    round->position++;
    if (round->position < round->available) {
        return choose_sample(node);
    }
    /* After the training nothing clears the kernel's counters any more. */
    status = round->is_trained ? read_counters(node, &round->personal) : keep_evaluation(node);
    return status < 0 ? status : after_evaluation(node);
}
