#include "view.h"

#include "fixed.h"

/* Descriptors hold kernel sizes in a byte. */
#define MAX_KERNEL 255u

/* A layer is copied in two parts. */
typedef char layer_is_22_words[sizeof(struct linnet_layer) == 88u ? 1 : -1];

/* Whether 4-byte values at these addresses lie at multiples of 4. */
static inline bool are_aligned(uint32_t addresses) {
    return (addresses & 3u) == 0;
}

static inline bool has_exponents(const struct linnet_layer *layer) {
    return (uint32_t)layer->input_exponent + 64u < 128u &&
           (uint32_t)(layer->weight_exponent + (int32_t)LINNET_MAX_EXPONENT) <=
               2u * LINNET_MAX_EXPONENT;
}

/* Whether ⌊(size − kernel) / stride⌋ + 1 windows fit, and `count` is their number. */
static bool has_windows(uint32_t size, uint32_t kernel, uint32_t stride, uint32_t count) {
    uint32_t rest = size - kernel;
    return kernel <= size && (count - 1u) * stride <= rest && count * stride > rest;
}

/*
 * Tensors, windows and padding of any layer but DENSE. Products are formed only of factors that
 * were limited before, so none wraps; one that is 0 has a factor of 0.
 */
static bool has_shape(struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t inside = (uint32_t)layer->height * layer->width;
    uint32_t height = (uint32_t)layer->pad_top + layer->height + layer->pad_bottom;
    uint32_t width = (uint32_t)layer->pad_left + layer->width + layer->pad_right;
    uint32_t positions = (uint32_t)layer->output_height * layer->output_width;
    uint32_t kernel = (uint32_t)layer->kernel_height * layer->kernel_width;
    if (kernel == 0 || inside > LINNET_MAX_ELEMENTS ||
        inside * layer->channels - 1u >= LINNET_MAX_ELEMENTS || positions > LINNET_MAX_ELEMENTS ||
        positions * layer->outputs - 1u >= LINNET_MAX_ELEMENTS) {
        return false;
    }
    if (width > LINNET_MAX_PADDED || height * width > LINNET_MAX_PADDED ||
        height * width * layer->channels > LINNET_MAX_PADDED) {
        return false;
    }
    view->pitch = width * layer->channels;
    view->inputs = height * view->pitch;
    view->positions = positions;
    view->row = kernel;
    return has_windows(height, layer->kernel_height, layer->stride_height, layer->output_height) &&
           has_windows(width, layer->kernel_width, layer->stride_width, layer->output_width);
}

/* Kernel and padding of CONV and DEPTHWISE; also what makes the products of has_shape() fit. */
static bool has_kernel(const struct linnet_layer *layer) {
    return layer->kernel_height - 1u < MAX_KERNEL && layer->kernel_width - 1u < MAX_KERNEL &&
           layer->pad_top < layer->kernel_height && layer->pad_bottom < layer->kernel_height &&
           layer->pad_left < layer->kernel_width && layer->pad_right < layer->kernel_width;
}

static bool has_no_padding(const struct linnet_layer *layer) {
    return (layer->pad_top | layer->pad_left | layer->pad_bottom | layer->pad_right) == 0;
}

/* x, y and the accumulators. */
static inline bool has_forward_regions(struct linnet_memory memory,
                                       const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t elements = view->positions * layer->outputs;
    if ((layer->flags & LINNET_LAYER_FLAG_LOGITS) != 0) {
        return (layer->flags & LINNET_LAYER_FLAG_RELU) == 0 && are_aligned(layer->y) &&
               linnet_memory_holds(memory, layer->y, 4u * elements);
    }
    uint32_t y_bytes = (layer->output_height - 1u) * layer->y_stride +
                       (uint32_t)layer->output_width * layer->outputs;
    return layer->y_stride <= LINNET_MAX_PADDED && are_aligned(layer->wide) &&
           linnet_memory_holds(memory, layer->y, y_bytes) &&
           linnet_memory_holds(memory, layer->wide, 4u * elements);
}

/* x, its gradient, and the errors on both sides, which share a place. */
static inline bool has_backward_regions(struct linnet_memory memory,
                                        const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t errors = view->positions * layer->outputs;
    if ((layer->flags & LINNET_LAYER_FLAG_PROPAGATE) != 0) {
        uint32_t inside = (uint32_t)layer->height * layer->width * layer->channels;
        errors = errors > inside ? errors : inside;
        if (!are_aligned(layer->wide) ||
            !linnet_memory_holds(memory, layer->wide, 4u * view->inputs)) {
            return false;
        }
    }
    return linnet_memory_holds(memory, layer->error, errors);
}

static inline bool has_regions(struct linnet_memory memory, const struct linnet_view *view,
                               bool backward) {
    return linnet_memory_holds(memory, view->layer.x, view->inputs) &&
           (backward ? has_backward_regions(memory, view) : has_forward_regions(memory, view));
}

/* Weights, biases and scratch; a row must be padded as SPEC 5.1 says. */
static inline bool has_parameters(struct linnet_memory memory, const struct linnet_view *view,
                                  uint32_t scratch_bytes) {
    const struct linnet_layer *layer = &view->layer;
    return layer->row_words == linnet_align4(view->row) &&
           are_aligned(layer->weights | layer->scratch) && (layer->bias & 1u) == 0 &&
           linnet_memory_holds(memory, layer->weights, 2u * layer->outputs * layer->row_words) &&
           linnet_memory_holds(memory, layer->bias, 2u * layer->outputs) &&
           layer->scratch_bytes >= scratch_bytes &&
           linnet_memory_holds(memory, layer->scratch, layer->scratch_bytes);
}

static bool check_dense(struct linnet_memory memory, struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t inside = (uint32_t)layer->height * layer->width;
    if (inside > LINNET_MAX_ELEMENTS || inside * layer->channels - 1u >= LINNET_MAX_ELEMENTS ||
        layer->outputs - 1u >= LINNET_MAX_ELEMENTS || layer->output_height != 1u ||
        layer->output_width != 1u || !has_no_padding(layer)) {
        return false;
    }
    view->inputs = inside * layer->channels;
    view->row = view->inputs;
    view->pitch = layer->width * (uint32_t)layer->channels;
    view->positions = 1u;
    return has_parameters(memory, view, 2u * linnet_align4(view->inputs));
}

static bool check_conv(struct linnet_memory memory, struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    if (!has_kernel(layer) || !has_shape(view)) {
        return false;
    }
    uint32_t kernel = view->row;
    bool is_depthwise = layer->kind == LINNET_RECORD_DEPTHWISE;
    uint32_t window = kernel * layer->channels;
    if (view->positions > LINNET_MAX_POSITIONS || window > LINNET_MAX_ELEMENTS ||
        kernel * layer->outputs > LINNET_MAX_ELEMENTS ||
        (is_depthwise && layer->outputs != layer->channels)) {
        return false;
    }
    view->row = is_depthwise ? kernel : window;
    uint32_t scratch = 2u * linnet_align4(view->inputs) + 12u * linnet_align4(view->row) +
                       8u * view->positions + 64u;
    return has_parameters(memory, view, scratch);
}

static bool check_pool(struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    return has_no_padding(layer) && has_shape(view) && layer->outputs == layer->channels &&
           view->row <= LINNET_MAX_POSITIONS && (layer->flags & LINNET_LAYER_FLAG_LOGITS) == 0;
}

static bool check_kind(struct linnet_memory memory, enum linnet_view_kinds kinds,
                       struct linnet_view *view) {
    switch (view->layer.kind) {
    case LINNET_RECORD_DENSE:
        return kinds == LINNET_VIEW_LINEAR && check_dense(memory, view);
    case LINNET_RECORD_CONV:
        return kinds == LINNET_VIEW_LINEAR && check_conv(memory, view);
    case LINNET_RECORD_DEPTHWISE:
        return kinds == LINNET_VIEW_DEPTHWISE && check_conv(memory, view);
    case LINNET_RECORD_MAX_POOL:
    case LINNET_RECORD_AVERAGE_POOL:
    case LINNET_RECORD_GLOBAL_AVERAGE_POOL:
        return kinds == LINNET_VIEW_POOL && check_pool(view);
    default:
        return false;
    }
}

bool linnet_view_open(struct linnet_memory memory, int32_t at, enum linnet_view_kinds kinds,
                      bool backward, struct linnet_view *view) {
    uint32_t offset = (uint32_t)at;
    if (!are_aligned(offset) || !linnet_memory_holds(memory, offset, sizeof view->layer)) {
        return false;
    }
    view->home = (struct linnet_layer *)(void *)(memory.start + offset);
    view->memory = memory.start;
    struct linnet_words11 *copy = (struct linnet_words11 *)(void *)&view->layer;
    const struct linnet_words11 *from = (const struct linnet_words11 *)(const void *)view->home;
    copy[0] = from[0];
    copy[1] = from[1];
    return has_exponents(&view->layer) && check_kind(memory, kinds, view) &&
           has_regions(memory, view, backward);
}
