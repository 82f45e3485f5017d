/*
 * The nets of the benchmark in float32 on the FPU: plain stochastic gradient descent on softmax
 * cross- entropy, without a line of the firmware. Four rows or filters share every load of x,
 * errors of 0 are skipped as in int8, and a padded input makes windows whole. Start and samples are
 * those of the job; parameters are real values, weights W · 2^(ew − 8) and biases in units of
 * 2^−12.
 */
#include "job.h"

#include <stdlib.h>
#include <string.h>
#include "linnet_contract.h"

#define ARENA_FLOATS (32u * 1024u)
#define MAX_POSITIONS 256u

struct layer {
    struct job_layer l;
    float *x;     /* [PH][PW][C] with its padding */
    float *w;     /* [O][KH][KW][C] */
    float *bias;  /* [O] */
    float *y;     /* first output that is not padding */
    float *error; /* [OH][OW][O]; backward leaves that of x in the layer before */
    uint32_t pitch, inputs, positions, row, slice, slices, y_stride;
};

static struct {
    struct job job;
    struct layer layers[JOB_MAX_LAYERS];
    float *probabilities;
    float *gradient; /* of one row, or of x with its padding */
    float rate, threshold;
} net;

static float arena[ARENA_FLOATS];
static uint32_t used;

static float *take(uint32_t count) {
    float *at = arena + used;
    used += count;
    if (used > ARENA_FLOATS) {
        abort();
    }
    return at;
}

static int has_weights(const struct layer *layer) {
    return layer->l.kind == LINNET_RECORD_DENSE || layer->l.kind == LINNET_RECORD_CONV;
}

static float power_of_two(int32_t exponent) {
    union {
        uint32_t bits;
        float value;
    } power = {(uint32_t)(exponent + 127) << 23};
    return power.value;
}

static float *interior(const struct layer *layer) {
    return layer->x + layer->l.pad_top * layer->pitch + layer->l.pad_left * layer->l.channels;
}

static void plan_layer(struct layer *layer, const struct job_layer *from) {
    int is_dense = from->kind == LINNET_RECORD_DENSE;
    layer->l = *from;
    layer->pitch = (from->pad_left + from->width + from->pad_right) * from->channels;
    layer->inputs = (from->pad_top + from->height + from->pad_bottom) * layer->pitch;
    layer->positions = from->output_height * from->output_width;
    layer->slices = is_dense ? 1u : from->kernel_height;
    layer->slice = is_dense ? layer->inputs : from->kernel_width * from->channels;
    layer->row = layer->slices * layer->slice;
    layer->x = take(layer->inputs);
    layer->error = take(layer->positions * from->outputs);
    if (has_weights(layer)) {
        layer->w = take(from->outputs * layer->row);
        layer->bias = take(from->outputs);
    }
}

static const int16_t *load_words(struct layer *layer, const int16_t *words) {
    float unit = power_of_two(layer->l.weight_exponent - 8);
    uint32_t weights = layer->l.outputs * layer->row;
    for (uint32_t i = 0; i < weights; i++) {
        layer->w[i] = (float)(words[i] - 128) * unit;
    }
    for (uint32_t o = 0; o < layer->l.outputs; o++) {
        layer->bias[o] = (float)words[weights + o] * power_of_two(-12);
    }
    return words + weights + layer->l.outputs;
}

void native_plan(const struct job *job, const struct job_layer *layers, const int16_t *words) {
    uint32_t largest = 0;
    net.job = *job;
    for (uint32_t i = 0; i < job->layers; i++) {
        struct layer *layer = &net.layers[i];
        plan_layer(layer, &layers[i]);
        words = has_weights(layer) ? load_words(layer, words) : words;
        largest = layer->inputs > largest ? layer->inputs : largest;
        largest = layer->row > largest ? layer->row : largest;
    }
    net.probabilities = take(job->classes);
    net.gradient = take(largest);
    for (uint32_t i = 0; i < job->layers; i++) {
        struct layer *next = &net.layers[i + 1u];
        struct layer *layer = &net.layers[i];
        int is_last = i + 1u == job->layers;
        uint32_t row = layer->l.output_width * layer->l.outputs;
        layer->y = is_last ? net.probabilities : interior(next);
        layer->y_stride = is_last || next->l.kind == LINNET_RECORD_DENSE ? row : next->pitch;
    }
    net.rate = power_of_two(-(int32_t)job->lr_shift);
    net.threshold = (float)job->skip_threshold * power_of_two(-15);
}

void native_place(const int8_t *x) {
    struct layer *first = &net.layers[0];
    float unit = power_of_two(net.job.input_exponent);
    float *to = interior(first);
    for (uint32_t r = 0; r < first->l.height; r++, to += first->pitch) {
        for (uint32_t i = 0; i < first->l.width * first->l.channels; i++) {
            to[i] = (float)*x++ * unit;
        }
    }
}

static float activate(const struct layer *layer, float sum) {
    return layer->l.is_relu && sum < 0 ? 0 : sum;
}

/* Four rows at two windows: six loads serve eight products. */
static void four_rows_twice(const struct layer *layer, uint32_t o, const float *x, uint32_t next,
                            float *y) {
    const float *w = layer->w + o * layer->row;
    const float *w1 = w + layer->row, *w2 = w1 + layer->row, *w3 = w2 + layer->row;
    const float *bias = layer->bias + o;
    float a0 = bias[0], a1 = bias[1], a2 = bias[2], a3 = bias[3];
    float b0 = a0, b1 = a1, b2 = a2, b3 = a3;
    for (uint32_t i = layer->slices; i > 0; i--, x += layer->pitch) {
        const float *second = x + next;
        for (uint32_t k = 0; k < layer->slice; k++) {
            float xa = x[k], xb = second[k];
            float v0 = *w++, v1 = *w1++, v2 = *w2++, v3 = *w3++;
            a0 += v0 * xa;
            a1 += v1 * xa;
            a2 += v2 * xa;
            a3 += v3 * xa;
            b0 += v0 * xb;
            b1 += v1 * xb;
            b2 += v2 * xb;
            b3 += v3 * xb;
        }
    }
    float *z = y + layer->l.outputs;
    y[o] = activate(layer, a0);
    y[o + 1u] = activate(layer, a1);
    y[o + 2u] = activate(layer, a2);
    y[o + 3u] = activate(layer, a3);
    z[o] = activate(layer, b0);
    z[o + 1u] = activate(layer, b1);
    z[o + 2u] = activate(layer, b2);
    z[o + 3u] = activate(layer, b3);
}

/* Four rows at one window. */
static void four_rows(const struct layer *layer, uint32_t o, const float *x, float *y) {
    const float *w = layer->w + o * layer->row;
    const float *w1 = w + layer->row, *w2 = w1 + layer->row, *w3 = w2 + layer->row;
    const float *bias = layer->bias + o;
    float s0 = bias[0], s1 = bias[1], s2 = bias[2], s3 = bias[3];
    for (uint32_t i = layer->slices; i > 0; i--, x += layer->pitch) {
        for (uint32_t k = 0; k < layer->slice; k++) {
            float value = x[k];
            s0 += *w++ * value;
            s1 += *w1++ * value;
            s2 += *w2++ * value;
            s3 += *w3++ * value;
        }
    }
    y[o] = activate(layer, s0);
    y[o + 1u] = activate(layer, s1);
    y[o + 2u] = activate(layer, s2);
    y[o + 3u] = activate(layer, s3);
}

static void one_row(const struct layer *layer, uint32_t o, const float *x, float *y) {
    const float *w = layer->w + o * layer->row;
    float sum = layer->bias[o];
    for (uint32_t i = layer->slices; i > 0; i--, x += layer->pitch) {
        for (uint32_t k = 0; k < layer->slice; k++) {
            sum += *w++ * x[k];
        }
    }
    y[o] = activate(layer, sum);
}

/* `count` windows, one or two. */
static void windows_forward(const struct layer *layer, const float *x, uint32_t count, float *y) {
    uint32_t next = layer->l.stride_width * layer->l.channels;
    uint32_t o = 0;
    for (; o + 4u <= layer->l.outputs; o += 4u) {
        if (count == 2u) {
            four_rows_twice(layer, o, x, next, y);
        } else {
            four_rows(layer, o, x, y);
        }
    }
    for (; o < layer->l.outputs; o++) {
        for (uint32_t n = 0; n < count; n++) {
            one_row(layer, o, x + n * next, y + n * layer->l.outputs);
        }
    }
}

static void maximum_forward(const struct layer *layer, const float *x, float *y) {
    for (uint32_t c = 0; c < layer->l.channels; c++) {
        float largest = x[c];
        for (uint32_t i = 0; i < layer->l.kernel_height; i++) {
            for (uint32_t j = 0; j < layer->l.kernel_width; j++) {
                float value = x[i * layer->pitch + j * layer->l.channels + c];
                largest = value > largest ? value : largest;
            }
        }
        y[c] = largest;
    }
}

static void mean_forward(const struct layer *layer, const float *x, float *y) {
    float share = 1.0f / (float)(layer->l.kernel_height * layer->l.kernel_width);
    for (uint32_t c = 0; c < layer->l.channels; c++) {
        float sum = 0;
        for (uint32_t i = 0; i < layer->l.kernel_height; i++) {
            for (uint32_t j = 0; j < layer->l.kernel_width; j++) {
                sum += x[i * layer->pitch + j * layer->l.channels + c];
            }
        }
        y[c] = sum * share;
    }
}

static void forward(const struct layer *layer) {
    float *row = layer->y;
    for (uint32_t r = 0; r < layer->l.output_height; r++, row += layer->y_stride) {
        const float *x = layer->x + r * layer->l.stride_height * layer->pitch;
        float *y = row;
        uint32_t count = 1;
        for (uint32_t c = layer->l.output_width; c > 0; c -= count) {
            if (has_weights(layer)) {
                count = c > 1u ? 2u : 1u;
                windows_forward(layer, x, count, y);
            } else if (layer->l.kind == LINNET_RECORD_MAX_POOL) {
                maximum_forward(layer, x, y);
            } else {
                mean_forward(layer, x, y);
            }
            x += count * layer->l.stride_width * layer->l.channels;
            y += count * layer->l.outputs;
        }
    }
}

/* e^x for x ≤ 0: a power of two and a polynomial for the rest (error below 1e-6). */
static float exponential(float x) {
    float t = x * 1.442695041f;
    if (t < -126.0f) {
        return 0;
    }
    int32_t whole = (int32_t)t - 1;
    float f = t - (float)whole;
    float p = 1.535336e-4f;
    p = p * f + 1.339887e-3f;
    p = p * f + 9.618437e-3f;
    p = p * f + 5.550333e-2f;
    p = p * f + 2.402265e-1f;
    p = p * f + 6.931472e-1f;
    p = p * f + 1.0f;
    return p * power_of_two(whole);
}

/* Turns the logits into probabilities; the class. */
static uint32_t softmax(void) {
    float *z = net.probabilities;
    uint32_t best = 0;
    float sum = 0;
    for (uint32_t i = 1; i < net.job.classes; i++) {
        best = z[i] > z[best] ? i : best;
    }
    float largest = z[best];
    for (uint32_t i = 0; i < net.job.classes; i++) {
        z[i] = exponential(z[i] - largest);
        sum += z[i];
    }
    float share = 1.0f / sum;
    for (uint32_t i = 0; i < net.job.classes; i++) {
        z[i] *= share;
    }
    return best;
}

uint32_t native_infer(void) {
    for (uint32_t i = 0; i < net.job.layers; i++) {
        forward(&net.layers[i]);
    }
    return softmax();
}

/* to [count] += factor · from [count] */
static void add_scaled(float *to, const float *from, float factor, uint32_t count) {
    uint32_t k = 0;
    for (; k + 4u <= count; k += 4u) {
        float a = from[k], b = from[k + 1u], c = from[k + 2u], d = from[k + 3u];
        to[k] += factor * a;
        to[k + 1u] += factor * b;
        to[k + 2u] += factor * c;
        to[k + 3u] += factor * d;
    }
    for (; k < count; k++) {
        to[k] += factor * from[k];
    }
}

static const float *window_of(const struct layer *layer, const float *base, uint32_t position) {
    uint32_t r = position / layer->l.output_width;
    uint32_t c = position % layer->l.output_width;
    return base + r * layer->l.stride_height * layer->pitch +
           c * layer->l.stride_width * layer->l.channels;
}

/* dx [count] += four rows of w · four errors */
static void add_four(float *dx, const float *w, uint32_t row, const float *e, uint32_t count) {
    const float *w1 = w + row, *w2 = w1 + row, *w3 = w2 + row;
    float e0 = e[0], e1 = e[1], e2 = e[2], e3 = e[3];
    for (uint32_t k = 0; k < count; k++) {
        dx[k] += w[k] * e0 + w1[k] * e1 + w2[k] * e2 + w3[k] * e3;
    }
}

/* dx of DENSE and CONV in net.gradient, four filters at a time. */
static void input_gradient(const struct layer *layer) {
    const float *error = layer->error;
    uint32_t outputs = layer->l.outputs;
    memset(net.gradient, 0, layer->inputs * sizeof(float));
    for (uint32_t p = 0; p < layer->positions; p++, error += outputs) {
        float *dx = net.gradient + (window_of(layer, layer->x, p) - layer->x);
        uint32_t o = 0;
        for (; o + 4u <= outputs; o += 4u) {
            const float *e = error + o;
            int has_error = e[0] != 0 || e[1] != 0 || e[2] != 0 || e[3] != 0;
            for (uint32_t i = 0; has_error && i < layer->slices; i++) {
                const float *w = layer->w + o * layer->row + i * layer->slice;
                add_four(dx + i * layer->pitch, w, layer->row, e, layer->slice);
            }
        }
        for (; o < outputs; o++) {
            for (uint32_t i = 0; error[o] != 0 && i < layer->slices; i++) {
                const float *w = layer->w + o * layer->row + i * layer->slice;
                add_scaled(dx + i * layer->pitch, w, error[o], layer->slice);
            }
        }
    }
}

/* Windows at which a filter has an error. */
struct window {
    const float *x;
    float error;
};

static struct window windows[MAX_POSITIONS];

/* w [8] −= rate · Σ error · x [8] over `count` windows, `offset` into each. */
static void update_eight(float *w, uint32_t count, uint32_t offset) {
    float g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0;
    for (const struct window *at = windows; at < windows + count; at++) {
        const float *x = at->x + offset;
        float e = at->error;
        g0 += e * x[0];
        g1 += e * x[1];
        g2 += e * x[2];
        g3 += e * x[3];
        g4 += e * x[4];
        g5 += e * x[5];
        g6 += e * x[6];
        g7 += e * x[7];
    }
    w[0] -= net.rate * g0;
    w[1] -= net.rate * g1;
    w[2] -= net.rate * g2;
    w[3] -= net.rate * g3;
    w[4] -= net.rate * g4;
    w[5] -= net.rate * g5;
    w[6] -= net.rate * g6;
    w[7] -= net.rate * g7;
}

static void update_one(float *w, uint32_t count, uint32_t offset) {
    float g = 0;
    for (uint32_t n = 0; n < count; n++) {
        g += windows[n].error * windows[n].x[offset];
    }
    *w -= net.rate * g;
}

/* Lists the windows of a filter; the sum of its errors. */
static uint32_t list_windows(const struct layer *layer, uint32_t o, float *sum) {
    uint32_t count = 0;
    *sum = 0;
    for (uint32_t p = 0; p < layer->positions; p++) {
        float e = layer->error[p * layer->l.outputs + o];
        if (e != 0) {
            windows[count].x = window_of(layer, layer->x, p);
            windows[count++].error = e;
            *sum += e;
        }
    }
    return count;
}

static void update(const struct layer *layer) {
    for (uint32_t o = 0; o < layer->l.outputs; o++) {
        float *w = layer->w + o * layer->row;
        float sum;
        uint32_t count = list_windows(layer, o, &sum);
        if (count == 1u && layer->positions == 1u) {
            add_scaled(w, windows[0].x, -net.rate * sum, layer->row);
        } else if (count > 0) {
            for (uint32_t i = 0; i < layer->slices; i++, w += layer->slice) {
                uint32_t k = 0;
                for (; k + 8u <= layer->slice; k += 8u) {
                    update_eight(w + k, count, i * layer->pitch + k);
                }
                for (; k < layer->slice; k++) {
                    update_one(w + k, count, i * layer->pitch + k);
                }
            }
        }
        layer->bias[o] -= net.rate * sum;
    }
}

static void maximum_gradient(const struct layer *layer) {
    const float *error = layer->error;
    memset(net.gradient, 0, layer->inputs * sizeof(float));
    for (uint32_t p = 0; p < layer->positions; p++) {
        const float *x = window_of(layer, layer->x, p);
        float *dx = net.gradient + (x - layer->x);
        for (uint32_t c = 0; c < layer->l.channels; c++) {
            float e = *error++;
            uint32_t best = c;
            for (uint32_t i = 0; e != 0 && i < layer->l.kernel_height; i++) {
                for (uint32_t j = 0; j < layer->l.kernel_width; j++) {
                    uint32_t at = i * layer->pitch + j * layer->l.channels + c;
                    best = x[at] > x[best] ? at : best;
                }
            }
            dx[best] += e;
        }
    }
}

static void mean_gradient(const struct layer *layer) {
    const float *error = layer->error;
    float share = 1.0f / (float)(layer->l.kernel_height * layer->l.kernel_width);
    memset(net.gradient, 0, layer->inputs * sizeof(float));
    for (uint32_t p = 0; p < layer->positions; p++, error += layer->l.channels) {
        float *dx = net.gradient + (window_of(layer, layer->x, p) - layer->x);
        for (uint32_t i = 0; i < layer->l.kernel_height; i++) {
            for (uint32_t j = 0; j < layer->l.kernel_width; j++) {
                float *to = dx + i * layer->pitch + j * layer->l.channels;
                add_scaled(to, error, share, layer->l.channels);
            }
        }
    }
}

/* net.gradient without its padding, 0 behind a closed ReLU, is the error of the layer before. */
static void pass_on(const struct layer *layer, struct layer *before) {
    uint32_t row = layer->l.width * layer->l.channels;
    float *error = before->error;
    for (uint32_t r = 0; r < layer->l.height; r++) {
        uint32_t at = (layer->l.pad_top + r) * layer->pitch + layer->l.pad_left * layer->l.channels;
        for (uint32_t k = 0; k < row; k++) {
            int is_closed = before->l.is_relu && layer->x[at + k] == 0;
            *error++ = is_closed ? 0 : net.gradient[at + k];
        }
    }
}

static void backward(struct layer *layer, int is_first) {
    if (!is_first) {
        if (has_weights(layer)) {
            input_gradient(layer);
        } else if (layer->l.kind == LINNET_RECORD_MAX_POOL) {
            maximum_gradient(layer);
        } else {
            mean_gradient(layer);
        }
    }
    if (has_weights(layer)) {
        update(layer);
    }
    if (!is_first) {
        pass_on(layer, layer - 1);
    }
}

uint32_t native_train(uint32_t label) {
    struct layer *last = &net.layers[net.job.layers - 1u];
    float worst = 0;
    native_infer();
    for (uint32_t i = 0; i < net.job.classes; i++) {
        float err = net.probabilities[i] - (i == label ? 1.0f : 0.0f);
        float magnitude = err < 0 ? -err : err;
        last->error[i] = err;
        worst = magnitude > worst ? magnitude : worst;
    }
    if (worst <= net.threshold) {
        return 1;
    }
    for (uint32_t i = net.job.layers; i > 0; i--) {
        backward(&net.layers[i - 1u], i == 1u);
    }
    return 0;
}

void native_words(int16_t *words) {
    memset(words, 0, 2u * net.job.words);
}
