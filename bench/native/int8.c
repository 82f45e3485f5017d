/*
 * The nets of the benchmark in native int8: the arithmetic of SPEC 2 with its control flow in C,
 * around the inner loops the firmware gives to an accelerated kernel. What is left out is the
 * interpreter and the check of arguments; so what an accelerated kernel costs beyond this, wasm
 * costs.
 */
#include "intrinsics/linear.h"
#include "intrinsics/loss.h"
#include "intrinsics/pool.h"
#include "job.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (96u * 1024u)
#define MAX_ELEMENTS 4096u

static struct {
    struct job job;
    struct linnet_layer homes[JOB_MAX_LAYERS];
    struct linnet_view views[JOB_MAX_LAYERS];
    struct linnet_head head;
    struct linnet_loss loss;
    uint32_t step;
    int8_t *sample;
    uint32_t row; /* bytes of a row of the sample */
} net;

static uint64_t arena[ARENA_BYTES / 8u];
static uint32_t used;

static uint32_t take(uint32_t bytes) {
    uint32_t at = used;
    used = (used + bytes + 7u) / 8u * 8u;
    if (used > ARENA_BYTES) {
        abort();
    }
    return at;
}

static uint8_t *memory(void) {
    return (uint8_t *)arena;
}

static bool has_weights(const struct linnet_layer *layer) {
    return layer->kind == LINNET_RECORD_DENSE || layer->kind == LINNET_RECORD_CONV;
}

static void set_shape(struct linnet_view *view, const struct job_layer *from) {
    struct linnet_layer *to = &view->layer;
    bool is_dense = from->kind == LINNET_RECORD_DENSE;
    to->kind = (uint16_t)from->kind;
    to->height = (uint16_t)from->height;
    to->width = (uint16_t)from->width;
    to->channels = (uint16_t)from->channels;
    to->output_height = (uint16_t)from->output_height;
    to->output_width = (uint16_t)from->output_width;
    to->outputs = (uint16_t)from->outputs;
    to->kernel_height = (uint16_t)from->kernel_height;
    to->kernel_width = (uint16_t)from->kernel_width;
    to->stride_height = (uint16_t)from->stride_height;
    to->stride_width = (uint16_t)from->stride_width;
    to->pad_top = (uint16_t)from->pad_top;
    to->pad_left = (uint16_t)from->pad_left;
    to->pad_bottom = (uint16_t)from->pad_bottom;
    to->pad_right = (uint16_t)from->pad_right;
    to->weight_exponent = (int16_t)from->weight_exponent;
    uint32_t kernel = from->kernel_height * from->kernel_width;
    view->pitch = (from->pad_left + from->width + from->pad_right) * from->channels;
    view->inputs = (from->pad_top + from->height + from->pad_bottom) * view->pitch;
    view->positions = from->output_height * from->output_width;
    view->row = is_dense ? view->inputs : has_weights(to) ? kernel * from->channels : kernel;
    to->row_words = linnet_align4(view->row);
}

static void set_flags(uint32_t index, const struct job_layer *layers) {
    uint32_t flags = layers[index].is_relu ? LINNET_LAYER_FLAG_RELU : 0u;
    flags |= index > 0 && layers[index - 1u].is_relu ? LINNET_LAYER_FLAG_GATED : 0u;
    flags |= index > 0 ? LINNET_LAYER_FLAG_PROPAGATE : 0u;
    flags |= index + 1u == net.job.layers ? LINNET_LAYER_FLAG_LOGITS : 0u;
    flags |= has_weights(&net.views[index].layer) ? LINNET_LAYER_FLAG_TRAINED : 0u;
    net.views[index].layer.flags = (uint16_t)flags;
}

/* Where a layer keeps what is its own: input and parameters. */
static void place_layer(struct linnet_view *view) {
    struct linnet_layer *layer = &view->layer;
    layer->x = take(view->inputs);
    if (has_weights(layer)) {
        layer->weights = take(2u * layer->outputs * layer->row_words);
        layer->bias = take(2u * layer->outputs);
    }
}

static uint32_t interior(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    return layer->x + layer->pad_top * view->pitch + (uint32_t)layer->pad_left * layer->channels;
}

/* Buffers that one layer at a time uses, as large as the neediest, and where each writes. */
static void share_buffers(void) {
    uint32_t wide = 0, scratch = 0, error = 0;
    for (uint32_t i = 0; i < net.job.layers; i++) {
        const struct linnet_view *view = &net.views[i];
        uint32_t outputs = view->positions * view->layer.outputs;
        uint32_t lanes = 2u * linnet_align4(view->inputs) + 12u * view->layer.row_words +
                         8u * view->positions + 64u;
        wide = outputs > wide ? outputs : wide;
        wide = view->inputs > wide ? view->inputs : wide;
        error = outputs > error ? outputs : error;
        error = view->inputs > error ? view->inputs : error;
        scratch = lanes > scratch ? lanes : scratch;
    }
    uint32_t wide_at = take(4u * wide), scratch_at = take(scratch), error_at = take(error);
    uint32_t logits = take(4u * net.job.classes);
    for (uint32_t i = 0; i < net.job.layers; i++) {
        struct linnet_layer *layer = &net.views[i].layer;
        bool is_last = i + 1u == net.job.layers;
        const struct linnet_view *next = &net.views[i + 1u];
        bool is_flat = !is_last && next->layer.kind == LINNET_RECORD_DENSE;
        layer->wide = wide_at;
        layer->scratch = scratch_at;
        layer->scratch_bytes = scratch;
        layer->error = error_at;
        layer->y = is_last ? logits : interior(next);
        layer->y_stride = is_flat   ? (uint32_t)layer->output_width * layer->outputs
                          : is_last ? 0u
                                    : next->pitch;
    }
    net.loss.error = (int8_t *)(memory() + error_at);
    net.loss.logits = (const int32_t *)(const void *)(memory() + logits);
    net.loss.err = (int32_t *)(void *)(memory() + take(4u * net.job.classes));
    net.loss.home = &net.head;
    net.loss.head.elements = net.job.classes;
    net.loss.class_weight = 0;
}

/* Copies words in parameter order to or from the rows. */
static void move_words(int16_t *words, bool is_load) {
    for (uint32_t i = 0; i < net.job.layers; i++) {
        const struct linnet_view *view = &net.views[i];
        if (!has_weights(&view->layer)) {
            continue;
        }
        for (uint32_t o = 0; o <= view->layer.outputs; o++) {
            bool is_bias = o == view->layer.outputs;
            int16_t *row = is_bias ? linnet_view_bias(view) : linnet_view_row(view, o);
            uint32_t bytes = 2u * (is_bias ? view->layer.outputs : view->row);
            memcpy(is_load ? row : words, is_load ? words : row, bytes);
            words += bytes / 2u;
        }
    }
}

void native_plan(const struct job *job, const struct job_layer *layers, const int16_t *words) {
    net.job = *job;
    uint16_t index = 0;
    for (uint32_t i = 0; i < job->layers; i++) {
        struct linnet_view *view = &net.views[i];
        view->home = &net.homes[i];
        view->memory = memory();
        set_shape(view, &layers[i]);
        set_flags(i, layers);
        place_layer(view);
        view->layer.index = index;
        index = (uint16_t)(index + has_weights(&view->layer));
    }
    share_buffers();
    move_words((int16_t *)(uintptr_t)words, true);
    net.sample = (int8_t *)(memory() + interior(&net.views[0]));
}

void native_place(const int8_t *x) {
    const struct linnet_view *first = &net.views[0];
    uint32_t row = (uint32_t)first->layer.width * first->layer.channels;
    for (uint32_t r = 0; r < first->layer.height; r++) {
        memcpy(net.sample + r * first->pitch, x + r * row, row);
    }
}

void native_words(int16_t *words) {
    move_words(words, false);
}

static void forward(void) {
    int32_t exponent = net.job.input_exponent;
    for (uint32_t i = 0; i < net.job.layers; i++) {
        struct linnet_view *view = &net.views[i];
        view->layer.input_exponent = exponent;
        if (has_weights(&view->layer)) {
            linnet_linear_forward(view);
        } else {
            linnet_pool_forward(view);
        }
        exponent = view->home->output_exponent;
    }
    net.loss.head.logits_exponent = exponent;
}

uint32_t native_infer(void) {
    forward();
    linnet_softmax_predict(&net.loss);
    return (uint32_t)net.head.predicted;
}

uint32_t native_train(uint32_t label) {
    forward();
    uint32_t answer =
        (uint32_t)linnet_softmax_cross_entropy(&net.loss, label, net.job.skip_threshold);
    uint32_t seed = linnet_fold(net.job.update_seed, net.step++);
    if (answer == LINNET_LOSS_SKIPPED) {
        return 1;
    }
    for (uint32_t i = net.job.layers; i > 0; i--) {
        struct linnet_view *view = &net.views[i - 1u];
        int32_t exponent = (int32_t)answer - (int32_t)LINNET_EXPONENT_BIAS;
        answer = (uint32_t)(has_weights(&view->layer)
                                ? linnet_linear_backward(view, exponent, (int32_t)seed,
                                                         (int32_t)net.job.lr_shift)
                                : linnet_pool_backward(view, exponent));
    }
    return 0;
}
