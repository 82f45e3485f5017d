/*
 * The MQTT payloads a node reads and writes (SPEC, section 8). Parsed structs point into the bytes
 * they were parsed from.
 */
#ifndef LINNET_WIRE_H
#define LINNET_WIRE_H

#include <stdbool.h>
#include "bytes.h"

/* Kernels of an announcement that are kept; those behind them are checked and passed over. */
#define LINNET_ANNOUNCEMENT_KERNELS_KEPT 4u
/* An optional number that is not there; a duration that is longer than a u32 of milliseconds. */
#define LINNET_WIRE_ABSENT 0xffffffffu

struct linnet_allowed_kernel {
    const uint8_t *hash;    /* [32] */
    uint32_t bytes;         /* numbers that do not fit are 0xffffffff: no node can follow them */
    uint32_t intrinsic_set; /* 0 = it imports none */
};

#define LINNET_CONDITIONS 4u /* LINNET_CONDITION_*, from LINNET_CONDITION_BATTERY on */

/* What a device must fulfil. */
struct linnet_eligibility {
    uint32_t conditions[LINNET_CONDITIONS]; /* at least; 0 = whatever it is */
    uint32_t min_samples;
    uint32_t max_model_age; /* versions */
    uint32_t min_model_age;
};

/* A limit that no draw is beyond. */
#define LINNET_EVERYBODY 0xffffffffu

struct linnet_plan {
    uint32_t task; /* LINNET_TASK_* */
    uint32_t seed;
    uint32_t lr_shift;                /* 0…24 */
    uint32_t lr_decay;                /* LINNET_DECAY_* */
    uint32_t epochs;                  /* 1…255 */
    uint32_t samples;                 /* per round and node, at most 2^30, 0 = all */
    uint32_t skip_threshold;          /* Q15, 0…32767 */
    struct linnet_span class_weights; /* int8 exponents; data NULL = not given */
    uint32_t codec;                   /* LINNET_CODEC_*, one that can carry the task */
    uint32_t weight_unit;             /* at least 1 */
    uint32_t deadline_ms;             /* LINNET_WIRE_ABSENT = none */
    uint32_t frozen_layers;           /* bit l: layer l is not trained */
    uint32_t personal_layers;         /* bit l: what layer l learns stays here */
    uint32_t proximal_shift;          /* 0…MAX_PROXIMAL_SHIFT, 0 = no pull */
    uint32_t density;                 /* per mille; at least 1 of SPARSE_TERNARY */
    uint32_t max_staleness;           /* versions that may come while it is worked on */
    uint32_t draw_below;              /* 1…, LINNET_EVERYBODY = all take part */
    uint32_t jitter_ms;               /* 0 = begin at once */
    struct linnet_eligibility eligibility;
    bool is_limited; /* it has one of these three: a node may have to wait */
};

/* An object that makes a snapshot of the one before. */
struct linnet_difference {
    const uint8_t *base; /* [8]: leading bytes of the hash of that snapshot */
    uint32_t codec;      /* LINNET_CODEC_*, or a number of a later release */
    const uint8_t *hash; /* [32]; NULL = there is none */
    uint32_t bytes;      /* a number that does not fit is 0xffffffff */
};

struct linnet_announcement {
    struct linnet_span federation;
    uint32_t epoch;
    uint32_t version;
    uint32_t parent;              /* LINNET_WIRE_ABSENT = none */
    const uint8_t *artefact_hash; /* [32] of the snapshot */
    uint32_t artefact_bytes;
    const uint8_t *descriptor_hash; /* [32] */
    uint32_t descriptor_bytes;      /* at most DESCRIPTOR_MAX_BYTES */
    uint32_t numerics;
    uint32_t initial_seed;
    struct linnet_allowed_kernel kernels[LINNET_ANNOUNCEMENT_KERNELS_KEPT];
    uint32_t kernel_count; /* kept, at least 1 */
    struct linnet_plan plan;
    bool is_final;
    bool has_initial_seed; /* the words of the snapshot are the initial ones of initial_seed */
    struct linnet_difference difference;
};

bool linnet_plan_trains(const struct linnet_plan *plan);
bool linnet_plan_evaluates(const struct linnet_plan *plan);

/* 1 to NAME_MAX_BYTES of the characters A-Z a-z 0-9 _ . - */
bool linnet_is_name(struct linnet_span text);

/*
 * Reads an announcement and judges whether this firmware can follow it: the answer to ANNOUNCE.
 *
 * Returns LINNET_OK or, in this order of precedence,
 * ERR_FULL         longer than ANNOUNCEMENT_MAX_BYTES
 * ERR_VERSION      a format other than WIRE_FORMAT, whatever follows it
 * ERR_CBOR         not deterministic CBOR of the specified shape
 * ERR_UNSUPPORTED  an unknown key in the plan; other numerics; an unknown task; a codec that is
 *                  unknown or cannot carry the task
 * ERR_RANGE        a number or name outside its range.
 * On an error the contents of `out` mean nothing.
 */
linnet_status_t linnet_announcement_parse(const uint8_t *in, uint32_t length,
                                          struct linnet_announcement *out);

struct linnet_receipt {
    uint32_t code; /* LINNET_RECEIPT_*, or a number of a later release */
    uint32_t version;
    uint32_t contribution;
    const uint8_t *upload; /* [8]: leading bytes of the SHA-256 of the envelope */
    uint32_t current;
    uint32_t retry_ms; /* LINNET_WIRE_ABSENT = not given */
    bool has_mac;      /* which is the last of its bytes */
};

/* Returns LINNET_OK, ERR_FULL (longer than RECEIPT_MAX_BYTES), ERR_CBOR or ERR_RANGE. */
linnet_status_t linnet_receipt_parse(const uint8_t *in, uint32_t length,
                                     struct linnet_receipt *out);

/* What a training or evaluation counted. */
struct linnet_counters {
    uint32_t samples;
    uint32_t skipped;
    uint32_t saturations;
    uint64_t loss;             /* Q10 bits */
    uint32_t correct;          /* of a training: the sum of its diagonal is all that is sent */
    const uint32_t *confusion; /* of an evaluation: [classes][classes], true, predicted; or NULL */
    uint32_t classes;
};

struct linnet_envelope {
    uint32_t epoch;
    uint32_t version;
    const uint8_t *artefact; /* [8]; a pointer to the whole hash will do */
    uint32_t contribution;
    uint32_t kernel; /* its index in the announcement */
    uint32_t samples;
    const struct linnet_counters *training;   /* NULL = none */
    const struct linnet_counters *evaluation; /* NULL = none */
    const struct linnet_counters *personal;   /* NULL = none */
    uint32_t codec;
    uint32_t payload_bytes;
    bool has_mac;
};

/*
 * An envelope is head ‖ payload, and with a key head ‖ payload ‖ mac key ‖ mac: they are the values
 * of its last keys. The head, which grows with the square of the classes, is made anew for every
 * slice, so no buffer has to hold it.
 */
#define LINNET_ENVELOPE_MAC_KEY_BYTES 2u
#define LINNET_ENVELOPE_TAIL_BYTES (LINNET_ENVELOPE_MAC_KEY_BYTES + LINNET_MAC_BYTES)
extern const uint8_t linnet_envelope_mac_key[LINNET_ENVELOPE_MAC_KEY_BYTES];

/* Bytes before the payload. */
uint32_t linnet_envelope_head_bytes(const struct linnet_envelope *envelope);
/* Writes the bytes [offset, offset + capacity) of the head, as far as there are; returns how many.
 */
uint32_t linnet_envelope_head(const struct linnet_envelope *envelope, uint32_t offset, uint8_t *out,
                              uint32_t capacity);

#endif
