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

/* Four filters as [KH][pairs][4] words of two operands, 0 behind an odd slice. */
static void pack_four(const struct linnet_view *view, const int16_t *rows[4], uint32_t *packed) {
    uint32_t slice = slice_of(view);
    for (uint32_t i = view->layer.kernel_height; i > 0; i--) {
        packed = linnet_dsp_pack_four(rows, slice / 2u, packed);
        if ((slice & 1u) != 0) {
            for (uint32_t f = 0; f < 4u; f++) {
                *packed++ = (uint32_t)linnet_operand(rows[f]++) & 0xffffu;
            }
        }
    }
}

/*
 * Filters `first` to `first` + 3 and their biases. Of a layer with fewer than four the last one
 * stands in for those there are not; nobody reads what comes of it.
 */
static void begin_block(const struct linnet_view *view, uint32_t first, uint32_t *packed,
                        struct linnet_dsp_conv_row *row) {
    const int16_t *rows[4];
    uint32_t last = view->layer.outputs - 1u;
    for (uint32_t f = 0; f < 4u; f++) {
        uint32_t filter = first + f < last ? first + f : last;
        rows[f] = linnet_view_row(view, filter);
        row->bias[f] = linnet_bias_of(view, filter);
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

/* dx += hi · e of the last filter of an odd number. */
static void last_gradient(const struct linnet_view *view, const uint32_t *packed) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view) + layer->outputs - 1u;
    uint32_t slice = slice_of(view);
    for (uint32_t r = 0; r < layer->output_height; r++) {
        for (uint32_t c = 0; c < layer->output_width; c++, error += layer->outputs) {
            int32_t *dx = linnet_view_wide(view) + linnet_window(view, r, c);
            for (uint32_t i = 0; *error != 0 && i < layer->kernel_height; i++) {
                linnet_dsp_add_pairs(dx, packed + i * slice, slice, (uint32_t)*error & 0xffffu);
                dx += view->pitch;
            }
        }
    }
}

void linnet_conv_gradient(const struct linnet_view *view) {
    const struct linnet_layer *layer = &view->layer;
    uint32_t *packed = (uint32_t *)(void *)behind_lanes(view);
    uint32_t slice = slice_of(view);
    struct linnet_dsp_scatter scatter = {.outputs = layer->outputs,
                                         .dx_bytes = 4u * layer->stride_width * layer->channels,
                                         .packed = packed,
                                         .slice = slice,
                                         .slices = layer->kernel_height,
                                         .slice_bytes = 4u * (view->pitch - slice)};
    linnet_dsp_clear(linnet_view_wide(view), view->inputs);
    for (uint32_t o = 0; o + 1u < layer->outputs; o += 2u) {
        const int16_t *a = linnet_view_row(view, o);
        linnet_dsp_pack_two(a, a + layer->row_words, layer->row_words, packed);
        for (uint32_t r = 0; r < layer->output_height; r++) {
            uint32_t first = r * layer->output_width * layer->outputs;
            scatter.error = linnet_view_error(view) + first + o;
            scatter.dx = linnet_view_wide(view) + linnet_window(view, r, 0);
            scatter.positions = layer->output_width;
            linnet_dsp_scatter_row(&scatter);
        }
    }
    if ((layer->outputs & 1u) != 0) {
        const int16_t *last = linnet_view_row(view, layer->outputs - 1u);
        linnet_dsp_pack_two(last, last, layer->row_words, packed);
        last_gradient(view, packed);
    }
}

/* Lists the windows at which a filter has an error; returns the sum of its errors. */
static int32_t list_windows(const struct linnet_view *view, uint32_t output,
                            struct linnet_dsp_window *list) {
    const struct linnet_layer *layer = &view->layer;
    const int8_t *error = linnet_view_error(view) + output;
    struct linnet_dsp_scan scan = {.x_bytes = 2u * layer->stride_width * layer->channels,
                                   .positions = layer->output_width,
                                   .sum = 0};
    for (uint32_t r = 0; r < layer->output_height; r++) {
        scan.x = lanes_of(view) + linnet_window(view, r, 0);
        list = linnet_dsp_list(error, layer->outputs, &scan, list);
        error += layer->output_width * layer->outputs;
    }
    list->x = NULL;
    return scan.sum;
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
        linnet_dsp_gather(list, 2u * i * view->pitch, out, slice, is_aligned);
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
