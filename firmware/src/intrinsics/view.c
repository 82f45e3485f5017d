#include "view.h"

#include "fixed.h"

/* Descriptors hold kernel sizes in a byte. */
#define MAX_KERNEL 255u
#define MAX_LR_SHIFT 27

bool linnet_memory_holds(struct linnet_memory memory, uint32_t offset, uint32_t bytes,
                         uint32_t alignment) {
    return (offset & (alignment - 1u)) == 0 && bytes <= memory.bytes &&
           offset <= memory.bytes - bytes;
}

bool linnet_view_takes(int32_t error_exponent, int32_t lr_shift) {
    return error_exponent >= -64 && error_exponent <= 63 && lr_shift >= 0 &&
           lr_shift <= MAX_LR_SHIFT;
}

static struct linnet_layer *find_layer(struct linnet_memory memory, int32_t at) {
    uint32_t offset = (uint32_t)at;
    bool exists = linnet_memory_holds(memory, offset, sizeof(struct linnet_layer), 4u);
    return exists ? (struct linnet_layer *)(void *)(memory.start + offset) : NULL;
}

uint32_t linnet_view_kind(struct linnet_memory memory, int32_t at) {
    const struct linnet_layer *layer = find_layer(memory, at);
    return layer == NULL ? 0u : layer->kind;
}

static bool has_exponents(const struct linnet_layer *layer) {
    return (uint32_t)layer->input_exponent + 64u <= 127u &&
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

/* Bytes from the first to behind the last element of y. */
static uint32_t output_bytes(const struct linnet_layer *layer, uint32_t elements) {
    if ((layer->flags & LINNET_LAYER_FLAG_LOGITS) != 0) {
        return 4u * elements;
    }
    return (layer->output_height - 1u) * layer->y_stride +
           (uint32_t)layer->output_width * layer->outputs;
}

/* x, y and the accumulators. */
static bool has_forward_regions(struct linnet_memory memory, const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t elements = view->positions * layer->outputs;
    bool is_logits = (layer->flags & LINNET_LAYER_FLAG_LOGITS) != 0;
    bool is_relu = (layer->flags & LINNET_LAYER_FLAG_RELU) != 0;
    if (is_logits ? is_relu : !linnet_memory_holds(memory, layer->wide, 4u * elements, 4u)) {
        return false;
    }
    return layer->y_stride <= LINNET_MAX_PADDED &&
           linnet_memory_holds(memory, layer->x, view->inputs, 1u) &&
           linnet_memory_holds(memory, layer->y, output_bytes(layer, elements),
                               is_logits ? 4u : 1u);
}

/* x, its gradient, and the errors on both sides, which share a place. */
static bool has_backward_regions(struct linnet_memory memory, const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t errors = view->positions * layer->outputs;
    if ((layer->flags & LINNET_LAYER_FLAG_PROPAGATE) != 0) {
        uint32_t inside = (uint32_t)layer->height * layer->width * layer->channels;
        errors = errors > inside ? errors : inside;
        if (!linnet_memory_holds(memory, layer->wide, 4u * view->inputs, 4u)) {
            return false;
        }
    }
    return linnet_memory_holds(memory, layer->x, view->inputs, 1u) &&
           linnet_memory_holds(memory, layer->error, errors, 1u);
}

/* Weights, biases and scratch; a row must be padded as SPEC 5.1 says. */
static bool has_parameters(struct linnet_memory memory, const struct linnet_view *view,
                           uint32_t scratch_bytes) {
    const struct linnet_layer *layer = &view->layer;
    return layer->row_words == linnet_align4(view->row) &&
           linnet_memory_holds(memory, layer->weights, 2u * layer->outputs * layer->row_words,
                               4u) &&
           linnet_memory_holds(memory, layer->bias, 2u * layer->outputs, 2u) &&
           layer->scratch_bytes >= scratch_bytes &&
           linnet_memory_holds(memory, layer->scratch, layer->scratch_bytes, 4u);
}

static bool has_regions(struct linnet_memory memory, const struct linnet_view *view,
                        bool backward) {
    return backward ? has_backward_regions(memory, view) : has_forward_regions(memory, view);
}

static bool open_view(struct linnet_memory memory, int32_t at, struct linnet_view *view) {
    view->home = find_layer(memory, at);
    view->memory = memory.start;
    if (view->home == NULL) {
        return false;
    }
    linnet_copy_words(&view->layer, view->home, sizeof view->layer / 4u);
    return has_exponents(&view->layer);
}

int32_t linnet_view_dense(struct linnet_memory memory, int32_t at, bool backward,
                          struct linnet_view *view) {
    if (!open_view(memory, at, view)) {
        return LINNET_ERR_RANGE;
    }
    const struct linnet_layer *layer = &view->layer;
    uint32_t inside = (uint32_t)layer->height * layer->width;
    if (inside > LINNET_MAX_ELEMENTS || inside * layer->channels - 1u >= LINNET_MAX_ELEMENTS ||
        layer->outputs - 1u >= LINNET_MAX_ELEMENTS || layer->output_height != 1u ||
        layer->output_width != 1u || !has_no_padding(layer)) {
        return LINNET_ERR_RANGE;
    }
    view->inputs = inside * layer->channels;
    view->row = view->inputs;
    view->pitch = layer->width * (uint32_t)layer->channels;
    view->positions = 1u;
    bool fits = has_parameters(memory, view, 2u * linnet_align4(view->inputs)) &&
                has_regions(memory, view, backward);
    return fits ? LINNET_OK : LINNET_ERR_RANGE;
}

int32_t linnet_view_conv(struct linnet_memory memory, int32_t at, bool backward,
                         struct linnet_view *view) {
    if (!open_view(memory, at, view) || !has_kernel(&view->layer) || !has_shape(view)) {
        return LINNET_ERR_RANGE;
    }
    const struct linnet_layer *layer = &view->layer;
    uint32_t kernel = view->row;
    bool is_depthwise = layer->kind == LINNET_RECORD_DEPTHWISE;
    uint32_t window = kernel * layer->channels;
    if (view->positions > LINNET_MAX_POSITIONS || window > LINNET_MAX_ELEMENTS ||
        kernel * layer->outputs > LINNET_MAX_ELEMENTS ||
        (is_depthwise && layer->outputs != layer->channels)) {
        return LINNET_ERR_RANGE;
    }
    view->row = is_depthwise ? kernel : window;
    uint32_t scratch = 2u * linnet_align4(view->inputs) + 12u * linnet_align4(view->row) +
                       8u * view->positions + 64u;
    bool fits = has_parameters(memory, view, scratch) && has_regions(memory, view, backward);
    return fits ? LINNET_OK : LINNET_ERR_RANGE;
}

int32_t linnet_view_pool(struct linnet_memory memory, int32_t at, bool backward,
                         struct linnet_view *view) {
    if (!open_view(memory, at, view) || !has_no_padding(&view->layer) || !has_shape(view)) {
        return LINNET_ERR_RANGE;
    }
    const struct linnet_layer *layer = &view->layer;
    bool fits =
        layer->kind >= LINNET_RECORD_MAX_POOL && layer->kind <= LINNET_RECORD_GLOBAL_AVERAGE_POOL &&
        layer->outputs == layer->channels && view->row <= LINNET_MAX_POSITIONS &&
        (layer->flags & LINNET_LAYER_FLAG_LOGITS) == 0 && has_regions(memory, view, backward);
    return fits ? LINNET_OK : LINNET_ERR_RANGE;
}
