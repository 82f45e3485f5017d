/**
 * The C of an exported model, one function per kind of layer; `@` stands for the model's name. Integers
 * only; every result is that of the kernel (SPEC, section 2.3), whatever the compiler.
 */
import type { LayerOp } from '../info.js';

/** Arithmetic every model needs. */
export const arithmetic = `
/* v / 2^s rounded down; C leaves >> of negative numbers to the compiler. */
static inline int32_t @_floor_shift(int32_t v, int s) {
    return v < 0 ? -1 - ((-1 - v) >> s) : v >> s;
}

/* v / 2^s rounded to nearest, halves up. */
static inline int32_t @_round_shift(int32_t v, int s) {
    return s == 0 ? v : @_floor_shift(v + ((int32_t)1 << (s - 1)), s);
}

static inline int @_clamp_exponent(int e) {
    return e < -64 ? -64 : e > 63 ? 63 : e;
}
`;

/** int32 back to int8: not needed by a model of one dense layer. */
export const requantise = `
/* int32 to int8 with the smallest shift that fits; returns the shift. */
static inline int @_requantise(const int32_t *wide, int count, int8_t *y) {
    int32_t largest = 0;
    int s = 0;
    for (int i = 0; i < count; i++) {
        int32_t magnitude = wide[i] < 0 ? -wide[i] : wide[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    while ((largest >> s) > 127) {
        s++;
    }
    for (int i = 0; i < count; i++) {
        int32_t v = @_round_shift(wide[i], s);
        y[i] = (int8_t)(v > 127 ? 127 : v < -127 ? -127 : v);
    }
    return s;
}
`;

/** A bias in the unit of an accumulator, for layers with weights. */
export const align = `
/* A bias, in units of 2^-12, in units of an accumulator that is worth 2^e. */
static inline int32_t @_align(int16_t bias, int e) {
    int s = e + 12;
    if (s > 24) {
        return 0;
    }
    return s > 0 ? @_round_shift(bias, s) : bias * ((int32_t)1 << (s < -14 ? 14 : -s));
}
`;

/** Where a window lies. */
export const windowStruct = `
/* A window that slides over an input [h][w][c]; top and left count the zeros before it. */
struct @_window {
    int h, w, c, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, top, left;
};
`;

const dense = `
/* wide[o] = sum of weights[o][i] * x[i] + bias[o] */
static inline void @_dense(const int8_t *x, int e, const int8_t *weights, const int16_t *bias, int inputs,
                           int outputs, int32_t *wide) {
    for (int o = 0; o < outputs; o++) {
        int32_t sum = @_align(bias[o], e);
        for (int i = 0; i < inputs; i++) {
            sum += weights[i] * x[i];
        }
        weights += inputs;
        wide[o] = sum;
    }
}
`;

const conv = `
/* wide[out_h][out_w][filters], weights [filters][kernel_h][kernel_w][c] */
static inline void @_conv(const int8_t *x, int e, const int8_t *weights, const int16_t *bias, int filters,
                          const struct @_window *v, int32_t *wide) {
    for (int p = 0; p < v->out_h * v->out_w; p++) {
        int top = p / v->out_w * v->stride_h - v->top;
        int left = p % v->out_w * v->stride_w - v->left;
        const int8_t *weight = weights;
        for (int o = 0; o < filters; o++) {
            int32_t sum = @_align(bias[o], e);
            for (int k = 0; k < v->kernel_h * v->kernel_w; k++, weight += v->c) {
                int row = top + k / v->kernel_w;
                int column = left + k % v->kernel_w;
                if (row < 0 || row >= v->h || column < 0 || column >= v->w) {
                    continue;
                }
                for (int c = 0; c < v->c; c++) {
                    sum += weight[c] * x[(row * v->w + column) * v->c + c];
                }
            }
            *wide++ = sum;
        }
    }
}
`;

const depthwise = `
/* wide[out_h][out_w][c], weights [c][kernel_h][kernel_w] */
static inline void @_depthwise(const int8_t *x, int e, const int8_t *weights, const int16_t *bias,
                               const struct @_window *v, int32_t *wide) {
    for (int p = 0; p < v->out_h * v->out_w; p++) {
        int top = p / v->out_w * v->stride_h - v->top;
        int left = p % v->out_w * v->stride_w - v->left;
        const int8_t *weight = weights;
        for (int c = 0; c < v->c; c++) {
            int32_t sum = @_align(bias[c], e);
            for (int k = 0; k < v->kernel_h * v->kernel_w; k++, weight++) {
                int row = top + k / v->kernel_w;
                int column = left + k % v->kernel_w;
                if (row >= 0 && row < v->h && column >= 0 && column < v->w) {
                    sum += *weight * x[(row * v->w + column) * v->c + c];
                }
            }
            *wide++ = sum;
        }
    }
}
`;

const maxPool = `
static inline void @_max_pool(const int8_t *x, const struct @_window *v, int8_t *y) {
    for (int p = 0; p < v->out_h * v->out_w; p++) {
        const int8_t *corner =
            x + (p / v->out_w * v->stride_h * v->w + p % v->out_w * v->stride_w) * v->c;
        for (int c = 0; c < v->c; c++) {
            int8_t largest = corner[c];
            for (int k = 1; k < v->kernel_h * v->kernel_w; k++) {
                int8_t other = corner[(k / v->kernel_w * v->w + k % v->kernel_w) * v->c + c];
                largest = other > largest ? other : largest;
            }
            *y++ = largest;
        }
    }
}
`;

const averagePool = `
/* Sums of windows; the exponent takes the division. */
static inline void @_sum_pool(const int8_t *x, const struct @_window *v, int32_t *wide) {
    for (int p = 0; p < v->out_h * v->out_w; p++) {
        const int8_t *corner =
            x + (p / v->out_w * v->stride_h * v->w + p % v->out_w * v->stride_w) * v->c;
        for (int c = 0; c < v->c; c++) {
            int32_t sum = 0;
            for (int k = 0; k < v->kernel_h * v->kernel_w; k++) {
                sum += corner[(k / v->kernel_w * v->w + k % v->kernel_w) * v->c + c];
            }
            *wide++ = sum;
        }
    }
}
`;

const embedding = `
/* A row of the table [vocabulary][channels] for each token, which is an unsigned byte. */
static inline void @_embedding(const int8_t *x, int tokens, const int8_t *table, int vocabulary,
                               int channels, int8_t *y) {
    for (int i = 0; i < tokens; i++) {
        int token = (uint8_t)x[i];
        const int8_t *row = table + (token < vocabulary ? token : vocabulary - 1) * channels;
        for (int c = 0; c < channels; c++) {
            *y++ = row[c] < -127 ? -127 : row[c];
        }
    }
}
`;

const relu = `
static inline void @_relu(int32_t *wide, int count) {
    for (int i = 0; i < count; i++) {
        wide[i] = wide[i] < 0 ? 0 : wide[i];
    }
}
`;

/** Functions by what needs them; pools share one. */
export const layerFunctions: Readonly<Record<LayerOp | 'relu', string>> = {
  dense,
  conv,
  depthwise,
  maxPool,
  averagePool,
  globalAveragePool: averagePool,
  embedding,
  relu,
};

/** The largest of the logits, the first of equals. */
export const argmax = `
static inline int @_argmax(const int32_t *logits, int count) {
    int best = 0;
    for (int i = 1; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}
`;

/** Mean square of what the reconstruction misses (SPEC, section 2.5). */
export const squaredError = `
/* Mean squared difference of a sample worth 2^input_exponent and its reconstruction worth 2^e, in 1/256 of
 * a squared unit of the sample. */
static inline int32_t @_squared_error(const int8_t *x, int input_exponent, const int32_t *z, int e,
                                      int count) {
    int s = input_exponent - 8 - e;
    int64_t sum = 0;
    for (int i = 0; i < count; i++) {
        int64_t u = 0;
        if (s > 0 && s <= 30) {
            u = @_round_shift(z[i], s);
        } else if (s <= 0) {
            u = (int64_t)z[i] * ((int64_t)1 << (s < -31 ? 31 : -s));
        }
        u = u > 4194304 ? 4194304 : u < -4194304 ? -4194304 : u;
        int64_t miss = u - 256 * (int64_t)x[i];
        miss = (miss < 0 ? -miss : miss) >> 4;
        miss = miss > 4095 ? 4095 : miss;
        sum += miss * miss;
    }
    return (int32_t)(sum / count);
}
`;
