/*
 * CONV for Cortex-M with the DSP extension.
 *
 *     scratch: +----------------+----------------------------------------------+
 *     forward  | lanes of x     | four filters, interleaved by pairs of lanes  |
 *     dx       |                | two filters, interleaved by lanes            |
 *     update   | lanes of x     | g of a row, int32 | its windows with an error|
 *              +----------------+----------------------------------------------+
 *
 * A window is KH slices of KW · C neighbours.
 */
#include "dsp.h"
#include "linear.h"

#if LINNET_DSP

/* Accumulators written at a time where a layer has fewer filters than a block. */
#define FEW_POSITIONS 8u

static int16_t *lanes_of(const struct linnet_view *view) {
    return (int16_t *)(void *)linnet_view_scratch(view);
}

/* Scratch behind the lanes. */
static uint8_t *behind_lanes(const struct linnet_view *view) {
    return linnet_view_scratch(view) + 2u * linnet_align4(view->inputs);
}

static uint32_t slice_of(const struct linnet_view *view) {
    return (uint32_t)view->layer.kernel_width * view->layer.channels;
}

/* Four filters [KH][pairs][4] words of two operands; 0 behind an odd slice and for b…d = NULL. */
static void pack_four(const struct linnet_view *view, const int16_t *const rows[4],
                      uint32_t *packed) {
    uint32_t slice = slice_of(view);
    uint32_t pairs = (slice + 1u) / 2u;
    for (uint32_t i = 0; i < view->layer.kernel_height; i++) {
        for (uint32_t j = 0; j < pairs; j++) {
            uint32_t at = i * slice + 2u * j;
            uint32_t mask = 2u * j + 1u < slice ? 0xffffffffu : 0xffffu;
            for (uint32_t f = 0; f < 4u; f++) {
                uint32_t words = rows[f] == NULL ? 0u : linnet_dsp_load(rows[f] + at);
                *packed++ = linnet_dsp_operands(words) & mask;
            }
        }
    }
}

/* The filters of a block and their biases. */
static void begin_block(const struct linnet_view *view, uint32_t first, uint32_t *packed,
                        struct linnet_dsp_conv_row *row) {
    const int16_t *rows[4];
    for (uint32_t f = 0; f < 4u; f++) {
        bool exists = first + f < view->layer.outputs;
        rows[f] = exists ? linnet_view_row(view, first + f) : NULL;
        row->bias[f] = exists ? linnet_bias_of(view, first + f) : 0;
    }
    pack_four(view, rows, packed);
}

/* A row of positions of a layer with fewer than four filters. */
static void few_filters(const struct linnet_view *view, struct linnet_dsp_conv_row *row,
                        int32_t *sums) {
    uint32_t outputs = view->layer.outputs;
    for (uint32_t c = 0; c < view->layer.output_width; c += FEW_POSITIONS) {
        int32_t four[4u * FEW_POSITIONS];
        uint32_t left = view->layer.output_width - c;
        uint32_t count = left < FEW_POSITIONS ? left : FEW_POSITIONS;
        row->out = four;
        row->positions = count;
        linnet_dsp_conv_row(row);
        row->x += FEW_POSITIONS * row->x_bytes / 2u;
        for (uint32_t n = 0; n < count * outputs; n++) {
            *sums++ = four[n / outputs * 4u + n % outputs];
        }
    }
}

/* Four filters from `first` on, at all positions. */
static void block_products(const struct linnet_view *view, uint32_t first,
                           struct linnet_dsp_conv_row *row, int32_t *sums) {
    const struct linnet_layer *layer = &view->layer;
    begin_block(view, first, (uint32_t *)(void *)behind_lanes(view), row);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        row->x = lanes_of(view) + linnet_window(view, r, 0);
        if (layer->outputs < 4u) {
            few_filters(view, row, sums + r * layer->output_width * layer->outputs);
            continue;
        }
        row->out = sums + r * layer->output_width * layer->outputs + first;
        row->positions = layer->output_width;
        linnet_dsp_conv_row(row);
    }
}

/*
 * Whether four filters fit behind the lanes. An odd slice is packed with one word more, which only
 * tall kernels of one column and one channel have no room for.
 */
static bool fits_packed(const struct linnet_view *view) {
    uint32_t used = 2u * linnet_align4(view->inputs);
    uint32_t packed = 16u * view->layer.kernel_height * ((slice_of(view) + 1u) / 2u);
    return packed <= view->layer.scratch_bytes - used;
}

uint32_t linnet_conv_products(const struct linnet_view *view, int32_t *sums) {
    const struct linnet_layer *layer = &view->layer;
    if (!fits_packed(view)) {
        return linnet_conv_products_plain(view, sums);
    }
    uint32_t slice = slice_of(view);
    struct linnet_dsp_conv_row row;
    row.packed = (const uint32_t *)(const void *)behind_lanes(view);
    row.pairs = (slice + 1u) / 2u;
    row.slices = layer->kernel_height;
    row.slice_bytes = 2u * view->pitch - 4u * row.pairs;
    row.x_bytes = 2u * layer->stride_width * layer->channels;
    row.out_bytes = layer->outputs < 4u ? 16u : 4u * layer->outputs;
    linnet_dsp_spread(linnet_view_x(view), view->inputs, 0, lanes_of(view));
    /* The last block begins earlier rather than reach past the last filter. */
    for (uint32_t o = 0; o < layer->outputs; o += 4u) {
        bool reaches_past = o + 4u > layer->outputs && layer->outputs >= 4u;
        block_products(view, reaches_past ? layer->outputs - 4u : o, &row, sums);
    }
    bool is_relu = linnet_view_has(view, LINNET_LAYER_FLAG_RELU);
    uint32_t count = view->positions * layer->outputs;
    return is_relu ? linnet_positives(sums, count) : linnet_magnitudes(sums, count);
}

/* Two filters [row] words, the operand of a in the low lane and that of b in the high one. */
static void pack_two(const struct linnet_view *view, const int16_t *a, const int16_t *b,
                     uint32_t *packed) {
    for (uint32_t k = 0; k < view->layer.row_words; k += 2u) {
        uint32_t of_a = linnet_dsp_operands(linnet_dsp_load(a + k));
        uint32_t of_b = linnet_dsp_operands(linnet_dsp_load(b + k));
        *packed++ = linnet_dsp_low_halves(of_a, of_b);
        *packed++ = linnet_dsp_high_halves(of_a, of_b);
    }
}

/* dx += hi · e of two filters at one window. */
static void scatter(const struct linnet_view *view, const uint32_t *packed, uint32_t pair,
                    int32_t *dx) {
    uint32_t slice = slice_of(view);
    for (uint32_t i = 0; i < view->layer.kernel_height; i++) {
        linnet_dsp_add_pairs(dx, packed, slice, pair);
        packed += slice;
        dx += view->pitch;
    }
}

void linnet_conv_gradient(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t *packed = (uint32_t *)(void *)behind_lanes(view);
    linnet_dsp_clear(linnet_view_wide(view), view->inputs);
    for (uint32_t o = 0; o < layer->outputs; o += 2u) {
        const int8_t *error = linnet_view_error(view) + o;
        const int16_t *a = linnet_view_row(view, o);
        bool is_last = o + 1u == layer->outputs;
        pack_two(view, a, is_last ? a : a + layer->row_words, packed);
        for (uint32_t r = 0; r < layer->output_height; r++) {
            int32_t *dx = linnet_view_wide(view) + linnet_window(view, r, 0);
            for (uint32_t c = 0; c < layer->output_width; c++) {
                int32_t first = error[0];
                int32_t second = is_last ? 0 : error[1];
                if ((first | second) != 0) {
                    uint32_t pair = linnet_dsp_low_halves((uint32_t)first, (uint32_t)second);
                    scatter(view, packed, pair, dx);
                }
                error += layer->outputs;
                dx += layer->stride_width * layer->channels;
            }
        }
    }
}

/* Lists the windows at which a filter has an error; returns the sum of its errors. */
static int32_t list_windows(const struct linnet_view *view, uint32_t output,
                            struct linnet_dsp_window *list) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view) + output;
    uint32_t step = layer->stride_width * (uint32_t)layer->channels;
    uint32_t outputs = layer->outputs;
    int32_t sum = 0;
    for (uint32_t r = 0; r < layer->output_height; r++) {
        const int16_t *x = lanes_of(view) + linnet_window(view, r, 0);
        for (uint32_t c = layer->output_width; c > 0; c--) {
            int32_t e = *error;
            error += outputs;
            if (e != 0) {
                list->x = x;
                list->error = e;
                list++;
                sum += e;
            }
            x += step;
        }
    }
    list->x = NULL;
    return sum;
}

/* g [row], then zeros to a multiple of four, from the windows of a list. */
static void weight_gradient(const struct linnet_view *view, const struct linnet_dsp_window *list,
                            int32_t *g) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t slice = slice_of(view);
    uint32_t step = layer->stride_width * (uint32_t)layer->channels;
    bool is_aligned = ((step | view->pitch * layer->stride_height) & 1u) == 0 &&
                      (layer->kernel_height == 1u || (view->pitch & 1u) == 0);
    int32_t *out = g;
    /* A block of eight may reach past its slice: the next one overwrites that. */
    for (uint32_t i = 0; i < layer->kernel_height; i++) {
        for (uint32_t k = 0; k < slice; k += 8u) {
            linnet_dsp_gather(list, 2u * (i * view->pitch + k), out + k, is_aligned);
        }
        out += slice;
    }
    for (uint32_t k = view->row; k < layer->row_words; k++) {
        g[k] = 0;
    }
}

void linnet_conv_update(const struct linnet_view *view, const struct linnet_update *update) {
    const struct linnet_layer *layer = &view->layer;
    int32_t *g = (int32_t *)(void *)behind_lanes(view);
    struct linnet_dsp_window *list =
        (struct linnet_dsp_window *)(void *)(g + layer->row_words + 8u);
    int32_t shift = update->weight_shift;
    linnet_dsp_spread(linnet_view_x(view), view->inputs, 0, lanes_of(view));
    for (uint32_t o = 0; o < layer->outputs; o++) {
        int32_t bias_gradient = list_windows(view, o, list);
        if (list->x == NULL) {
            continue;
        }
        if (shift <= LINNET_MAX_UPDATE_SHIFT) {
            weight_gradient(view, list, g);
        }
        uint32_t state = linnet_update_bias(update, linnet_view_bias(view) + o, o, bias_gradient);
        linnet_update_row(linnet_view_row(view, o), g, view->row, shift, state);
    }
}

#endif
