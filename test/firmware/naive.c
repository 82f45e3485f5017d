#include "naive.h"

#include <stdlib.h>
#include <string.h>

/* Work space of one call: accumulators or gradients of the largest tensor there is. */
static int64_t sums[LINNET_MAX_PADDED];
static int64_t gradient[LINNET_MAX_ELEMENTS];

static int64_t pow2(int64_t n) {
    return (int64_t)((uint64_t)1 << n);
}

/* ⌊a / 2^n⌋ without the shift of a negative number. */
static int64_t floor_shift(int64_t a, int64_t n) {
    int64_t d = pow2(n);
    int64_t q = a / d;
    return a % d < 0 ? q - 1 : q;
}

static int64_t rs(int64_t v, int64_t s) {
    return s <= 0 ? v * pow2(-s) : floor_shift(v + pow2(s - 1), s);
}

static int64_t cl(int64_t v, int64_t m) {
    return v > m ? m : v < -m ? -m : v;
}

static int64_t blen(int64_t v) {
    int64_t n = 0;
    for (; v > 0; v /= 2) {
        n++;
    }
    return n;
}

static int64_t max64(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t min64(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t clamp_exponent(int64_t e) {
    return max64(-64, min64(63, e));
}

static int64_t align_bias(int64_t b, int64_t s) {
    return s > 24 ? 0 : s > 0 ? rs(b, s) : b * pow2(min64(14, -s));
}

static uint32_t fold(uint32_t h, uint32_t v) {
    h = (h ^ v) * 0x9E3779B1u + 0x7F4A7C15u;
    h = h ^ h >> 15;
    h = h * 0x85EBCA77u;
    return h ^ h >> 13;
}

static uint32_t next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state;
}

static int64_t sat16(int64_t v) {
    return v > 32767 ? 32767 : v < -32768 ? -32768 : v;
}

static int64_t limit(int64_t d) {
    return d > 4095 ? 4095 : d < -4096 ? -4096 : d;
}

static struct linnet_layer layer_at(const uint8_t *memory, uint32_t at) {
    struct linnet_layer layer;
    memcpy(&layer, memory + at, sizeof layer);
    return layer;
}

static void set_output_exponent(uint8_t *memory, uint32_t at, int64_t exponent) {
    struct linnet_layer layer = layer_at(memory, at);
    layer.output_exponent = (int32_t)exponent;
    memcpy(memory + at, &layer, sizeof layer);
}

static int64_t read8(const uint8_t *memory, uint32_t at) {
    return (int8_t)memory[at];
}

static int64_t read16(const uint8_t *memory, uint32_t at) {
    int16_t v;
    memcpy(&v, memory + at, 2);
    return v;
}

static int64_t read32(const uint8_t *memory, uint32_t at) {
    int32_t v;
    memcpy(&v, memory + at, 4);
    return v;
}

static void write16(uint8_t *memory, uint32_t at, int64_t v) {
    int16_t word = (int16_t)v;
    memcpy(memory + at, &word, 2);
}

static void write32(uint8_t *memory, uint32_t at, int64_t v) {
    int32_t word = (int32_t)v;
    memcpy(memory + at, &word, 4);
}

/* A layer with what follows from it. */
struct shape {
    struct linnet_layer l;
    uint32_t ph, pw, kh, kw, row;
};

static struct shape shape_of(const uint8_t *memory, uint32_t at) {
    struct shape s;
    s.l = layer_at(memory, at);
    int is_dense = s.l.kind == LINNET_RECORD_DENSE;
    s.ph = (uint32_t)s.l.pad_top + s.l.height + s.l.pad_bottom;
    s.pw = (uint32_t)s.l.pad_left + s.l.width + s.l.pad_right;
    s.kh = is_dense ? s.ph : s.l.kernel_height;
    s.kw = is_dense ? s.pw : s.l.kernel_width;
    s.row = s.kh * s.kw * (s.l.kind == LINNET_RECORD_DEPTHWISE ? 1u : s.l.channels);
    return s;
}

/* Index in x of element (i, j, c) of the window of position (r, q). */
static uint32_t in_x(const struct shape *s, uint32_t r, uint32_t q, uint32_t i, uint32_t j,
                     uint32_t c) {
    int is_dense = s->l.kind == LINNET_RECORD_DENSE;
    uint32_t row = is_dense ? i : r * s->l.stride_height + i;
    uint32_t column = is_dense ? j : q * s->l.stride_width + j;
    return (row * s->pw + column) * s->l.channels + c;
}

/* Address of weight (i, j, c) of row o, or 0 if the output does not see that channel. */
static uint32_t weight_at(const struct shape *s, uint32_t o, uint32_t i, uint32_t j, uint32_t c) {
    uint32_t row = s->l.weights + 2u * o * s->l.row_words;
    if (s->l.kind == LINNET_RECORD_DEPTHWISE) {
        return c == o ? row + 2u * (i * s->kw + j) : 0;
    }
    return row + 2u * ((i * s->kw + j) * s->l.channels + c);
}

static int64_t operand(const uint8_t *memory, uint32_t at) {
    return floor_shift(read16(memory, at), 8);
}

/* y or logits of the sums [OH][OW][O], of exponent e. */
static void store_outputs(uint8_t *memory, uint32_t at, const struct shape *s, int64_t e) {
    uint32_t row = (uint32_t)s->l.output_width * s->l.outputs;
    uint32_t count = s->l.output_height * row;
    if ((s->l.flags & LINNET_LAYER_FLAG_LOGITS) != 0) {
        for (uint32_t n = 0; n < count; n++) {
            write32(memory, s->l.y + 4u * n, sums[n]);
        }
        set_output_exponent(memory, at, clamp_exponent(e));
        return;
    }
    int64_t largest = 0;
    for (uint32_t n = 0; n < count; n++) {
        largest = max64(largest, llabs(sums[n]));
    }
    int64_t sh = max64(0, blen(largest) - 7);
    for (uint32_t n = 0; n < count; n++) {
        int64_t y = cl(rs(sums[n], sh), 127);
        memory[s->l.y + n / row * s->l.y_stride + n % row] = (uint8_t)y;
    }
    set_output_exponent(memory, at, clamp_exponent(e + sh));
}

int32_t naive_linear_forward(uint8_t *memory, uint32_t at) {
    struct shape s = shape_of(memory, at);
    int64_t shift = s.l.input_exponent + s.l.weight_exponent + 12;
    uint32_t n = 0;
    for (uint32_t r = 0; r < s.l.output_height; r++) {
        for (uint32_t q = 0; q < s.l.output_width; q++) {
            for (uint32_t o = 0; o < s.l.outputs; o++) {
                int64_t acc = align_bias(read16(memory, s.l.bias + 2u * o), shift);
                for (uint32_t i = 0; i < s.kh; i++) {
                    for (uint32_t j = 0; j < s.kw; j++) {
                        for (uint32_t c = 0; c < s.l.channels; c++) {
                            uint32_t w = weight_at(&s, o, i, j, c);
                            if (w != 0) {
                                acc += operand(memory, w) *
                                       read8(memory, s.l.x + in_x(&s, r, q, i, j, c));
                            }
                        }
                    }
                }
                int is_relu = (s.l.flags & LINNET_LAYER_FLAG_RELU) != 0;
                sums[n++] = is_relu ? max64(0, acc) : acc;
            }
        }
    }
    store_outputs(memory, at, &s, (int64_t)s.l.input_exponent + s.l.weight_exponent);
    return LINNET_OK;
}

/* Stores the error of x from dx in sums; gives its exponent + EXPONENT_BIAS. */
static int32_t store_error(uint8_t *memory, const struct shape *s, int64_t f) {
    uint32_t row = (uint32_t)s->l.width * s->l.channels;
    int64_t largest = 0;
    for (int pass = 0; pass < 2; pass++) {
        int64_t sh = max64(0, blen(largest) - 7);
        for (uint32_t n = 0; n < s->l.height * row; n++) {
            uint32_t from =
                ((s->l.pad_top + n / row) * s->pw + s->l.pad_left) * s->l.channels + n % row;
            int64_t dx = sums[from];
            if ((s->l.flags & LINNET_LAYER_FLAG_GATED) != 0 && memory[s->l.x + from] == 0) {
                dx = 0;
            }
            if (pass == 0) {
                largest = max64(largest, llabs(dx));
            } else {
                memory[s->l.error + n] = (uint8_t)cl(rs(dx, sh), 127);
            }
        }
    }
    return (int32_t)(clamp_exponent(f + max64(0, blen(largest) - 7)) + 64);
}

static void clear_sums(const struct shape *s) {
    memset(sums, 0, (size_t)s->ph * s->pw * s->l.channels * sizeof *sums);
}

static void input_gradient(const uint8_t *memory, const struct shape *s) {
    uint32_t e_at = s->l.error;
    clear_sums(s);
    for (uint32_t r = 0; r < s->l.output_height; r++) {
        for (uint32_t q = 0; q < s->l.output_width; q++) {
            for (uint32_t o = 0; o < s->l.outputs; o++) {
                int64_t e = read8(memory, e_at++);
                for (uint32_t i = 0; i < s->kh; i++) {
                    for (uint32_t j = 0; j < s->kw; j++) {
                        for (uint32_t c = 0; c < s->l.channels; c++) {
                            uint32_t w = weight_at(s, o, i, j, c);
                            if (w != 0) {
                                sums[in_x(s, r, q, i, j, c)] += operand(memory, w) * e;
                            }
                        }
                    }
                }
            }
        }
    }
}

static int64_t step(int64_t g, int64_t s, uint32_t draw) {
    if (s > 30) {
        return 0;
    }
    if (s >= 1) {
        return limit(floor_shift(g + (int64_t)(draw >> (32 - s)), s));
    }
    return limit(cl(g, 4096) * pow2(min64(12, -s)));
}

static void update_row(uint8_t *memory, uint32_t w, uint32_t count, int64_t s, uint32_t draw) {
    int64_t r = s >= 1 && s <= 30 ? (int64_t)(draw >> (32 - s)) : 0;
    for (uint32_t k = 0; k < count && s <= 30; k++) {
        int64_t old = read16(memory, w + 2u * k);
        int64_t d;
        if (s <= 0) {
            d = step(gradient[k], s, 0);
        } else {
            int64_t u = gradient[k] + r;
            d = limit(floor_shift(u, s));
            r = u - floor_shift(u, s) * pow2(s);
        }
        write16(memory, w + 2u * k, sat16(old - d));
    }
}

/* The gradients of row o; 0 if its error is 0 everywhere, else `bias` is that of the bias. */
static int row_gradient(const uint8_t *memory, const struct shape *s, uint32_t o, int64_t *bias) {
    int has_error = 0;
    memset(gradient, 0, s->row * sizeof *gradient);
    *bias = 0;
    for (uint32_t r = 0; r < s->l.output_height; r++) {
        for (uint32_t q = 0; q < s->l.output_width; q++) {
            uint32_t position = r * s->l.output_width + q;
            int64_t e = read8(memory, s->l.error + position * s->l.outputs + o);
            has_error |= e != 0;
            *bias += e;
            uint32_t k = 0;
            for (uint32_t i = 0; i < s->kh; i++) {
                for (uint32_t j = 0; j < s->kw; j++) {
                    for (uint32_t c = 0; c < s->l.channels; c++) {
                        if (weight_at(s, o, i, j, c) != 0) {
                            gradient[k++] += e * read8(memory, s->l.x + in_x(s, r, q, i, j, c));
                        }
                    }
                }
            }
        }
    }
    return has_error;
}

int32_t naive_linear_backward(uint8_t *memory, uint32_t at, int32_t error_exponent,
                              uint32_t step_seed, int32_t lr_shift) {
    struct shape s = shape_of(memory, at);
    int propagates = (s.l.flags & LINNET_LAYER_FLAG_PROPAGATE) != 0;
    if (propagates) {
        input_gradient(memory, &s);
    }
    for (uint32_t o = 0; o < s.l.outputs && (s.l.flags & LINNET_LAYER_FLAG_TRAINED) != 0; o++) {
        int64_t bias_gradient;
        if (!row_gradient(memory, &s, o, &bias_gradient)) {
            continue;
        }
        uint32_t state = fold(fold(step_seed, s.l.index), o);
        uint32_t first = next(&state);
        uint32_t second = next(&state);
        int64_t bias = read16(memory, s.l.bias + 2u * o);
        int64_t bias_step = step(bias_gradient, (int64_t)lr_shift - error_exponent - 12, first);
        write16(memory, s.l.bias + 2u * o, sat16(bias - bias_step));
        update_row(memory, s.l.weights + 2u * o * s.l.row_words, s.row,
                   (int64_t)lr_shift - error_exponent - s.l.input_exponent + s.l.weight_exponent -
                       8,
                   second);
    }
    return propagates ? store_error(memory, &s, (int64_t)error_exponent + s.l.weight_exponent) : 0;
}

int32_t naive_pool_forward(uint8_t *memory, uint32_t at) {
    struct shape s = shape_of(memory, at);
    int is_max = s.l.kind == LINNET_RECORD_MAX_POOL;
    uint32_t n = 0;
    for (uint32_t r = 0; r < s.l.output_height; r++) {
        for (uint32_t q = 0; q < s.l.output_width; q++) {
            for (uint32_t c = 0; c < s.l.channels; c++) {
                int64_t acc = is_max ? -128 : 0;
                for (uint32_t i = 0; i < s.kh; i++) {
                    for (uint32_t j = 0; j < s.kw; j++) {
                        int64_t x = read8(memory, s.l.x + in_x(&s, r, q, i, j, c));
                        acc = is_max ? max64(acc, x) : acc + x;
                    }
                }
                sums[n++] = acc;
            }
        }
    }
    if (!is_max) {
        int64_t n1 = (int64_t)s.kh * s.kw - 1;
        store_outputs(memory, at, &s, s.l.input_exponent - blen(n1));
        return LINNET_OK;
    }
    uint32_t row = (uint32_t)s.l.output_width * s.l.outputs;
    for (uint32_t k = 0; k < n; k++) {
        memory[s.l.y + k / row * s.l.y_stride + k % row] = (uint8_t)sums[k];
    }
    set_output_exponent(memory, at, s.l.input_exponent);
    return LINNET_OK;
}

int32_t naive_pool_backward(uint8_t *memory, uint32_t at, int32_t error_exponent) {
    struct shape s = shape_of(memory, at);
    int is_max = s.l.kind == LINNET_RECORD_MAX_POOL;
    uint32_t e_at = s.l.error;
    clear_sums(&s);
    for (uint32_t r = 0; r < s.l.output_height; r++) {
        for (uint32_t q = 0; q < s.l.output_width; q++) {
            for (uint32_t c = 0; c < s.l.channels; c++) {
                int64_t e = read8(memory, e_at++);
                uint32_t best = in_x(&s, r, q, 0, 0, c);
                for (uint32_t i = 0; i < s.kh; i++) {
                    for (uint32_t j = 0; j < s.kw; j++) {
                        uint32_t here = in_x(&s, r, q, i, j, c);
                        if (!is_max) {
                            sums[here] += e;
                        } else if (read8(memory, s.l.x + here) > read8(memory, s.l.x + best)) {
                            best = here;
                        }
                    }
                }
                sums[best] += is_max ? e : 0;
            }
        }
    }
    return store_error(memory, &s,
                       is_max ? error_exponent : error_exponent - blen((int64_t)s.kh * s.kw - 1));
}

static struct linnet_head head_at(const uint8_t *memory, uint32_t at) {
    struct linnet_head head;
    memcpy(&head, memory + at, sizeof head);
    return head;
}

static int32_t store_output_error(uint8_t *memory, const struct linnet_head *h, uint32_t label,
                                  uint32_t skip_threshold, int64_t base) {
    int64_t largest = 0;
    for (uint32_t i = 0; i < h->elements; i++) {
        largest = max64(largest, llabs(read32(memory, h->err + 4u * i)));
    }
    if (largest <= (int64_t)skip_threshold) {
        return (int32_t)LINNET_LOSS_SKIPPED;
    }
    int64_t sh = max64(0, blen(largest) - 7);
    for (uint32_t i = 0; i < h->elements; i++) {
        memory[h->error + i] = (uint8_t)cl(rs(read32(memory, h->err + 4u * i), sh), 127);
    }
    return (int32_t)(clamp_exponent(base + sh + read8(memory, h->class_weights + label)) + 64);
}

/* q of SPEC 2.4: d · 2^shift, truncated, at most 16384. */
static int64_t quantised_distance(int64_t d, int64_t shift) {
    if (shift < 0) {
        return min64(16384, shift < -40 ? 0 : floor_shift(d, -shift));
    }
    return d == 0 ? 0 : shift > 14 ? 16384 : min64(16384, d * pow2(shift));
}

static int64_t log2_q10(uint32_t v) {
    int64_t b = blen(v);
    return 1024 * (b - 1) + (int64_t)((uint32_t)(v * (uint32_t)pow2(32 - b)) >> 21 & 1023u);
}

int32_t naive_softmax(uint8_t *memory, uint32_t at, uint32_t label, uint32_t skip_threshold) {
    static const uint32_t lut[16] = {64131, 61412, 58808, 56315, 53927, 51641, 49452, 47355,
                                     45347, 43425, 41584, 39821, 38132, 36516, 34968, 33485};
    struct linnet_head h = head_at(memory, at);
    uint32_t best = 0;
    for (uint32_t i = 1; i < h.elements; i++) {
        if (read32(memory, h.logits + 4u * i) > read32(memory, h.logits + 4u * best)) {
            best = i;
        }
    }
    if (label == LINNET_NO_LABEL) {
        h.predicted = (int32_t)best;
        h.loss = 0;
        memcpy(memory + at, &h, sizeof h);
        return (int32_t)LINNET_LOSS_SKIPPED;
    }
    int64_t largest = read32(memory, h.logits + 4u * best);
    uint32_t total = 0;
    int64_t loss = 0;
    for (uint32_t i = 0; i < h.elements; i++) {
        int64_t d = largest - read32(memory, h.logits + 4u * i);
        int64_t t = floor_shift(quantised_distance(d, h.logits_exponent + 10) * 1477, 10);
        uint32_t e = d == 0 ? 65535u : lut[(t & 1023) / 64] / (uint32_t)pow2(t / 1024);
        loss = i == label ? t : loss;
        total += e;
        sums[i] = e;
    }
    for (uint32_t i = 0; i < h.elements; i++) {
        int64_t p = sums[i] * 32768 / total;
        write32(memory, h.err + 4u * i, p - (i == label ? 32768 : 0));
    }
    h.predicted = (int32_t)best;
    h.loss = (int32_t)max64(0, loss + log2_q10(total) - 16384);
    memcpy(memory + at, &h, sizeof h);
    return store_output_error(memory, &h, label, skip_threshold, -15);
}

int32_t naive_squared_error(uint8_t *memory, uint32_t at, uint32_t skip_threshold) {
    struct linnet_head h = head_at(memory, at);
    int64_t s = (int64_t)h.target_exponent - 8 - h.logits_exponent;
    int64_t total = 0;
    for (uint32_t i = 0; i < h.elements; i++) {
        int64_t z = read32(memory, h.logits + 4u * i);
        int64_t u = s > 30 ? 0 : cl(s > 0 ? rs(z, s) : z * pow2(min64(31, -s)), 4194304);
        int64_t err = u - 256 * read8(memory, h.target + i);
        int64_t part = min64(4095, llabs(err) / 16);
        total += part * part;
        write32(memory, h.err + 4u * i, err);
    }
    h.predicted = 0;
    h.loss = (int32_t)(total / h.elements);
    memcpy(memory + at, &h, sizeof h);
    return store_output_error(memory, &h, 0, skip_threshold, h.target_exponent - 8);
}
