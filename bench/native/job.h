/*
 * What a host asks of a native implementation: a net, its first words, samples, and how to train on
 * them. All little-endian u32 words in one file (bench/native.ts writes it):
 *
 *     struct job   layers of struct job_layer   int16 words, padded   samples: u32 label, int8 x,
 * padded
 *
 * The answer is a file too: u32 instructions of every training step, then u32 whether its backward
 * pass was skipped, then instructions of every inference, then the class it gave, then the words at
 * the end.
 */
#ifndef LINNET_BENCH_JOB_H
#define LINNET_BENCH_JOB_H

#include <stdint.h>

#define JOB_MAX_LAYERS 8u

struct job {
    uint32_t layers;
    uint32_t classes;
    int32_t input_exponent;
    uint32_t update_seed; /* mix(nodeSeed, UPDATE) of SPEC 2.2 */
    uint32_t lr_shift;
    uint32_t skip_threshold; /* Q15 */
    uint32_t train_samples;
    uint32_t infer_samples; /* the first ones again */
    uint32_t elements;      /* of a sample */
    uint32_t words;
};

struct job_layer {
    uint32_t kind; /* RECORD: DENSE, CONV, MAX_POOL, GLOBAL_AVERAGE_POOL */
    uint32_t is_relu;
    uint32_t height, width, channels;
    uint32_t output_height, output_width, outputs;
    uint32_t kernel_height, kernel_width, stride_height, stride_width;
    uint32_t pad_top, pad_left, pad_bottom, pad_right;
    int32_t weight_exponent;
};

/* An implementation. Memory is its own. */
void native_plan(const struct job *job, const struct job_layer *layers, const int16_t *words);
/* Takes a sample, uncounted: a device would measure into the same place. */
void native_place(const int8_t *x);
/* One step on the sample; 1 if its backward pass was skipped. */
uint32_t native_train(uint32_t label);
/* The class of the sample. */
uint32_t native_infer(void);
/* The words in parameter order. */
void native_words(int16_t *words);

#endif
