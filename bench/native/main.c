/* Runs the job in the file `job` on a native implementation and writes `output` (job.h). */
#include "image.h"
#include "job.h"
#include "runner_core.h"
#include "semihosting.h"

#define JOB_BYTES (7u * 1024u * 1024u)
#define OUTPUT_WORDS (256u * 1024u)
#define FAULT_EXIT 6u

/* Lets the processor use its FPU (CPACR), for the implementation that wants it. */
#define CPACR (*(volatile uint32_t *)0xe000ed88u)
#define CPACR_FPU (0xfu << 20)

static uint32_t file[JOB_BYTES / 4u];
static uint32_t output[OUTPUT_WORDS];

void linnet_fault(void) {
    semihosting_print("bench: processor fault\n");
    semihosting_exit(FAULT_EXIT);
}

static uint32_t padded_words(uint32_t bytes) {
    return (bytes + 3u) / 4u;
}

static uint32_t instructions_since(uint32_t ticks) {
    return runner_core_instructions(runner_core_ticks() - ticks);
}

/* Everything the job asks for; the words of the answer. */
static uint32_t run(const struct job *job) {
    const struct job_layer *layers = (const struct job_layer *)(const void *)(job + 1);
    const int16_t *words = (const int16_t *)(const void *)(layers + job->layers);
    const uint32_t *samples = (const uint32_t *)(const void *)words + padded_words(2u * job->words);
    uint32_t step = 1u + padded_words(job->elements);
    uint32_t *out = output;
    native_plan(job, layers, words);
    for (uint32_t n = 0; n < job->train_samples; n++) {
        const uint32_t *sample = samples + n * step;
        native_place((const int8_t *)(const void *)(sample + 1));
        uint32_t start = runner_core_ticks();
        uint32_t skipped = native_train(sample[0]);
        out[n] = instructions_since(start);
        out[job->train_samples + n] = skipped;
    }
    out += 2u * job->train_samples;
    for (uint32_t n = 0; n < job->infer_samples; n++) {
        native_place((const int8_t *)(const void *)(samples + n * step + 1u));
        uint32_t start = runner_core_ticks();
        uint32_t class = native_infer();
        out[n] = instructions_since(start);
        out[job->infer_samples + n] = class;
    }
    out += 2u * job->infer_samples;
    native_words((int16_t *)(void *)out);
    return (uint32_t)(out - output) + padded_words(2u * job->words);
}

int main(void) {
    CPACR |= CPACR_FPU;
    __asm volatile("dsb\n\tisb" ::: "memory");
    int32_t in = semihosting_open("job", SEMIHOSTING_READ_BINARY);
    if (in < 0 || semihosting_read(in, (uint8_t *)file, sizeof file) <= 0) {
        semihosting_print("bench: no job\n");
        semihosting_exit(1);
    }
    runner_core_start();
    uint32_t words = run((const struct job *)(const void *)file);
    int32_t to = semihosting_open("output", SEMIHOSTING_WRITE_BINARY);
    if (to < 0 || semihosting_write(to, (const uint8_t *)output, 4u * words) < 0 ||
        semihosting_close(to) < 0) {
        semihosting_exit(1);
    }
    semihosting_exit(0);
}
