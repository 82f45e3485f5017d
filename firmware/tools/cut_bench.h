/* A node on an emulated flash, with its host, and what must be in the flash after a power cut. */
#ifndef LINNET_CUT_BENCH_H
#define LINNET_CUT_BENCH_H

#include "cut_host.h"
#include "linnet.h"
#include "nor_flash.h"
#include "runner_host.h"

/* The largest flash of a geometry. */
#define BENCH_FLASH_BYTES (7u * 128u * 1024u)

struct cut_bench {
    struct linnet_node node;
    struct linnet_port port;
    struct nor_flash flash;
    struct cut_host host;
    struct runner_memory heap;
    uint32_t clock_ms;
    uint32_t operations; /* of flash and link since the start: erases, programs, messages sent */
    uint32_t cut_at;     /* the one during which the power goes */
    bool was_erase;      /* and it was an erase */
    uint32_t starts;
    bool has_changing_samples;        /* other samples after every start */
    bool checks_answers;              /* of the model, before and after cuts */
    bool must_answer;                 /* at its next start: it has a model, and a kernel for it */
    uint32_t answers[SCENE_VERSIONS]; /* of each version's model, once it was loaded; 0 = unknown */
};

enum bench_outcome {
    BENCH_DONE, /* the node has its receipt */
    BENCH_CUT,
    BENCH_FAULT /* host.fault says why */
};

void cut_bench_init(struct cut_bench *bench, const struct scene *scene, struct runner_memory heap);
/* The flash is what `memory` holds. */
void cut_bench_use_flash(struct cut_bench *bench, uint8_t *memory, uint32_t bytes,
                         uint32_t sector_bytes, uint32_t write_bytes);

/*
 * Starts the node; it lives until it has a receipt or loses its power, which goes during one of its
 * operations. seed: how far that one gets. A message is sent whole, in part or not at all.
 */
enum bench_outcome cut_bench_live(struct cut_bench *bench, uint32_t cut_at, uint32_t seed);

/*
 * What the flash must hold after a cut, or after a version is done; sets host.fault. Of the
 * announced version or the one before: whole objects, bit for bit. lacks_nothing: there was one of
 * each, so there is one now; but the kernel, if there is one slot for it.
 */
void cut_bench_check_survivors(struct cut_bench *bench, bool lacks_nothing);
void cut_bench_check_done(struct cut_bench *bench);

/* Counts starts in the store until the next record needs another sector. */
void cut_bench_age(struct cut_bench *bench);

#endif
