#include "layers.h"

static uint32_t between(uint32_t *random, uint32_t low, uint32_t high) {
    return low + random_below(random, high - low + 1u);
}

static int happens(uint32_t *random, uint32_t percent) {
    return random_below(random, 100u) < percent;
}

/* Takes `bytes` at the next multiple of `alignment`, after a gap. */
static uint32_t take(uint32_t *random, uint32_t *next, uint32_t bytes, uint32_t alignment) {
    uint32_t at = *next + random_below(random, 9u);
    at = (at + alignment - 1u) / alignment * alignment;
    CHECK(at + bytes <= ARENA_BYTES);
    *next = at + bytes;
    return at;
}

/* Bytes of which `zeros` percent are 0 and none is −128 unless it may be. */
static void fill_int8(uint32_t *random, uint8_t *out, uint32_t count, uint32_t zeros,
                      int may_be_least) {
    uint32_t range = happens(random, 20u) ? 3u : 255u;
    for (uint32_t i = 0; i < count; i++) {
        int32_t v = (int32_t)random_below(random, range) - (int32_t)(range / 2u);
        v = may_be_least && happens(random, 1u) ? -128 : v;
        out[i] = happens(random, zeros) ? 0u : (uint8_t)v;
    }
}

/* Words: small, anywhere, or near the limits. */
static void fill_words(uint32_t *random, uint8_t *out, uint32_t count) {
    uint32_t style = random_below(random, 3u);
    for (uint32_t i = 0; i < count; i++) {
        int32_t v = (int32_t)random_below(random, style == 0 ? 2000u : 65536u) -
                    (style == 0 ? 1000 : 32768);
        if (style == 2u) {
            v = v < 0 ? -32768 + (v & 63) : 32767 - (v & 63);
        }
        int16_t word = (int16_t)v;
        memcpy(out + 2u * i, &word, 2);
    }
}

/* Height or width, kernel, stride, pads and count of windows in one direction. */
struct side {
    uint16_t size, kernel, stride, before, behind, count;
};

static struct side random_side(uint32_t *random, uint32_t size, uint32_t kernel, int is_padded) {
    struct side side;
    side.size = (uint16_t)between(random, 1u, size);
    side.kernel = (uint16_t)between(random, 1u, kernel);
    side.stride = (uint16_t)between(random, 1u, 3u);
    side.before = (uint16_t)(is_padded ? random_below(random, side.kernel) : 0u);
    side.behind = (uint16_t)(is_padded ? random_below(random, side.kernel) : 0u);
    while (side.before + side.size + side.behind < side.kernel) {
        side.size++;
    }
    side.count =
        (uint16_t)((side.before + side.size + side.behind - side.kernel) / side.stride + 1);
    return side;
}

static void set_sides(struct linnet_layer *layer, struct side rows, struct side columns) {
    layer->height = rows.size;
    layer->kernel_height = rows.kernel;
    layer->stride_height = rows.stride;
    layer->pad_top = rows.before;
    layer->pad_bottom = rows.behind;
    layer->output_height = rows.count;
    layer->width = columns.size;
    layer->kernel_width = columns.kernel;
    layer->stride_width = columns.stride;
    layer->pad_left = columns.before;
    layer->pad_right = columns.behind;
    layer->output_width = columns.count;
}

static void choose_shape(uint32_t *random, struct linnet_layer *layer,
                         const struct bounds *bounds) {
    int is_pool = layer->kind >= LINNET_RECORD_MAX_POOL;
    int is_series = happens(random, 60u);
    struct side one = {1, 1, 1, 0, 0, 1};
    struct side rows = random_side(random, bounds->side / 4u, bounds->kernel, !is_pool);
    struct side columns =
        random_side(random, is_series ? bounds->side : bounds->side / 4u, bounds->kernel, !is_pool);
    layer->channels = (uint16_t)between(random, 1u, bounds->channels);
    layer->outputs = (uint16_t)between(random, 1u, bounds->outputs);
    set_sides(layer, is_series ? one : rows, columns);
    if (!is_pool && happens(random, 3u)) {
        /* The tallest kernel there is, as narrow as can be. */
        set_sides(layer, random_side(random, 250u, 255u, 1), one);
        layer->channels = 1;
    }
    if (layer->kind == LINNET_RECORD_DENSE) {
        set_sides(layer, one, one);
        layer->channels = (uint16_t)between(random, 1u, bounds->side * 3u);
    } else if (layer->kind == LINNET_RECORD_GLOBAL_AVERAGE_POOL) {
        layer->kernel_height = layer->height;
        layer->kernel_width = layer->width;
        layer->stride_height = layer->stride_width = 1;
        layer->output_height = layer->output_width = 1;
    }
    if (layer->kind >= LINNET_RECORD_DEPTHWISE) {
        layer->outputs = layer->channels;
    }
}

static void choose_flags(uint32_t *random, struct linnet_layer *layer) {
    int is_pool = layer->kind >= LINNET_RECORD_MAX_POOL;
    uint32_t flags = random_below(random, 32u);
    if ((flags & LINNET_LAYER_FLAG_LOGITS) != 0) {
        flags &= ~LINNET_LAYER_FLAG_RELU;
    }
    if (is_pool) {
        flags = LINNET_LAYER_FLAG_PROPAGATE | (flags & LINNET_LAYER_FLAG_GATED);
    }
    layer->flags = (uint16_t)flags;
    layer->index = (uint16_t)random_below(random, 40u);
    layer->input_exponent = (int32_t)between(random, 0u, 12u) - 8;
    layer->weight_exponent = (int16_t)((int32_t)between(random, 0u, 14u) - 12);
    if (happens(random, 5u)) {
        layer->input_exponent = (int32_t)between(random, 0u, 127u) - 64;
        layer->weight_exponent = (int16_t)((int32_t)between(random, 0u, 48u) - 24);
    }
}

/* What the regions of a layer measure. */
struct sizes {
    uint32_t inputs, inside, positions, row, outputs;
};

static struct sizes sizes_of(const struct linnet_layer *l) {
    struct sizes s;
    uint32_t kernel = (uint32_t)l->kernel_height * l->kernel_width;
    s.inputs = (uint32_t)(l->pad_top + l->height + l->pad_bottom) *
               (uint32_t)(l->pad_left + l->width + l->pad_right) * l->channels;
    s.inside = (uint32_t)l->height * l->width * l->channels;
    s.positions = (uint32_t)l->output_height * l->output_width;
    s.row = l->kind == LINNET_RECORD_DENSE       ? s.inside
            : l->kind == LINNET_RECORD_DEPTHWISE ? kernel
                                                 : kernel * l->channels;
    s.outputs = s.positions * l->outputs;
    return s;
}

static uint32_t scratch_of(const struct linnet_layer *layer, const struct sizes *s) {
    if (layer->kind >= LINNET_RECORD_MAX_POOL) {
        return 0;
    }
    uint32_t lanes = 2u * ((s->inputs + 3u) / 4u * 4u);
    return layer->kind == LINNET_RECORD_DENSE
               ? lanes
               : lanes + 12u * layer->row_words + 8u * s->positions + 64u;
}

static void place_regions(uint32_t *random, struct linnet_layer *l, const struct sizes *s,
                          uint32_t *next) {
    uint32_t is_logits = (l->flags & LINNET_LAYER_FLAG_LOGITS) != 0;
    uint32_t row = (uint32_t)l->output_width * l->outputs;
    l->y_stride = row + random_below(random, 9u);
    l->row_words = (s->row + 3u) / 4u * 4u;
    l->scratch_bytes = scratch_of(l, s);
    uint32_t y_bytes = is_logits ? 4u * s->outputs : l->output_height * l->y_stride;
    uint32_t error = s->outputs > s->inside ? s->outputs : s->inside;
    uint32_t wide = s->outputs > s->inputs ? s->outputs : s->inputs;
    l->x = take(random, next, s->inputs, 1u);
    l->y = take(random, next, y_bytes, is_logits ? 4u : 1u);
    l->weights = take(random, next, 2u * l->outputs * l->row_words, 4u);
    l->bias = take(random, next, 2u * l->outputs, 2u);
    l->error = take(random, next, error, 1u);
    l->wide = take(random, next, 4u * wide, 4u);
    l->scratch = take(random, next, l->scratch_bytes, 8u);
}

static void fill_layer(uint32_t *random, uint8_t *memory, const struct linnet_layer *l,
                       const struct sizes *s) {
    uint32_t sparsity = 25u * random_below(random, 5u);
    uint32_t width = (uint32_t)(l->pad_left + l->width + l->pad_right) * l->channels;
    memset(memory + l->x, 0, s->inputs);
    for (uint32_t r = 0; r < l->height; r++) {
        uint32_t first = (l->pad_top + r) * width + (uint32_t)l->pad_left * l->channels;
        fill_int8(random, memory + l->x + first, (uint32_t)l->width * l->channels, sparsity / 2u,
                  1);
    }
    fill_int8(random, memory + l->error, s->outputs, sparsity, 0);
    for (uint32_t o = 0; o < l->outputs && l->kind < LINNET_RECORD_MAX_POOL; o++) {
        uint32_t row = l->weights + 2u * o * l->row_words;
        memset(memory + row, 0, 2u * l->row_words);
        fill_words(random, memory + row, s->row);
    }
    fill_words(random, memory + l->bias, l->outputs);
}

struct placed place_layer(uint32_t *random, struct arena *arena, uint32_t kind,
                          const struct bounds *bounds) {
    struct linnet_layer layer;
    memset(&layer, 0, sizeof layer);
    layer.kind = (uint16_t)kind;
    choose_shape(random, &layer, bounds);
    choose_flags(random, &layer);
    struct sizes sizes = sizes_of(&layer);
    uint32_t next = 8u;
    uint32_t at = take(random, &next, sizeof layer, 4u);
    place_regions(random, &layer, &sizes, &next);
    arena_open(arena, (next + 7u) / 8u * 8u);
    uint8_t *memory = arena_start(arena);
    random_fill(random, memory, arena->used);
    fill_layer(random, memory, &layer, &sizes);
    memcpy(memory + at, &layer, sizeof layer);
    uint32_t wide = sizes.outputs > sizes.inputs ? sizes.outputs : sizes.inputs;
    struct placed placed = {at, layer.scratch, layer.scratch_bytes, layer.wide, 4u * wide};
    return placed;
}

/* A logit of one of several scales, the largest only now and then. */
static int32_t random_logit(uint32_t *random, uint32_t bits) {
    return (int32_t)(random_u32(random) >> (32u - bits)) - (int32_t)(1u << (bits - 1u));
}

struct placed place_head(uint32_t *random, struct arena *arena, int is_softmax) {
    struct linnet_head h;
    uint32_t next = 8u;
    uint32_t at = take(random, &next, sizeof h, 4u);
    h.elements = is_softmax ? between(random, 2u, 40u) : between(random, 1u, 300u);
    h.logits = take(random, &next, 4u * h.elements, 4u);
    h.err = take(random, &next, 4u * h.elements, 4u);
    h.error = take(random, &next, h.elements, 1u);
    h.target = take(random, &next, h.elements, 1u);
    h.class_weights = take(random, &next, h.elements, 1u);
    h.logits_exponent = (int32_t)between(random, 0u, 40u) - 30;
    h.target_exponent = (int32_t)between(random, 0u, 12u) - 8;
    if (happens(random, 10u)) {
        h.logits_exponent = (int32_t)between(random, 0u, 127u) - 64;
    }
    h.predicted = h.loss = 77;
    arena_open(arena, (next + 7u) / 8u * 8u);
    uint8_t *memory = arena_start(arena);
    random_fill(random, memory, arena->used);
    uint32_t bits = happens(random, 10u) ? 31u : between(random, 2u, 24u);
    for (uint32_t i = 0; i < h.elements; i++) {
        int32_t z = random_logit(random, bits);
        memcpy(memory + h.logits + 4u * i, &z, 4);
    }
    memcpy(memory + at, &h, sizeof h);
    struct placed placed = {at, 0, 0, 0, 0};
    return placed;
}
