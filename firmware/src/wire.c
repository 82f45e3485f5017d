#include "wire.h"

#include <stddef.h>
#include <string.h>
#include "cbor.h"

#define MAX_ORDER 0x40000000u /* SPEC 2.2: a permutation of at most 2^30 samples */
#define MAX_LR_SHIFT 24u
#define MAX_Q15 32767u
#define MAX_EPOCHS 255u

/* An unsigned number of a map: its key, where it goes, and what it may be. */
struct number {
    uint8_t key;
    uint8_t offset;
    uint8_t least;
    uint8_t saturates; /* larger numbers read as `most` and are in range */
    uint32_t most;
};

#define NUMBER(type, member, key, least, most)                                                     \
    { key, offsetof(struct type, member), least, 0, most }
#define SATURATED(type, member, key)                                                               \
    { key, offsetof(struct type, member), 0, 1, UINT32_MAX }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(key) (1u << (key))

/* Format, numerics, task and codec saturate because a number that is unknown is not out of range.
 */
static const struct number announcement_numbers[] = {
    NUMBER(linnet_announcement, epoch, LINNET_ANNOUNCEMENT_EPOCH, 0, UINT32_MAX),
    NUMBER(linnet_announcement, version, LINNET_ANNOUNCEMENT_VERSION, 0, UINT32_MAX),
    NUMBER(linnet_announcement, parent, LINNET_ANNOUNCEMENT_PARENT, 0, UINT32_MAX),
    NUMBER(linnet_announcement, artefact_bytes, LINNET_ANNOUNCEMENT_ARTEFACT_BYTES, 0, UINT32_MAX),
    NUMBER(linnet_announcement, descriptor_bytes, LINNET_ANNOUNCEMENT_DESCRIPTOR_BYTES, 0,
           LINNET_DESCRIPTOR_MAX_BYTES),
    SATURATED(linnet_announcement, numerics, LINNET_ANNOUNCEMENT_NUMERICS),
    NUMBER(linnet_announcement, initial_seed, LINNET_ANNOUNCEMENT_INITIAL_SEED, 0, UINT32_MAX),
};
#define ANNOUNCEMENT_REQUIRED                                                                      \
    (BIT(LINNET_ANNOUNCEMENT_FORMAT) | BIT(LINNET_ANNOUNCEMENT_FEDERATION) |                       \
     BIT(LINNET_ANNOUNCEMENT_VERSION) | BIT(LINNET_ANNOUNCEMENT_ARTEFACT_HASH) |                   \
     BIT(LINNET_ANNOUNCEMENT_ARTEFACT_BYTES) | BIT(LINNET_ANNOUNCEMENT_DESCRIPTOR_HASH) |          \
     BIT(LINNET_ANNOUNCEMENT_DESCRIPTOR_BYTES) | BIT(LINNET_ANNOUNCEMENT_NUMERICS) |               \
     BIT(LINNET_ANNOUNCEMENT_KERNELS) | BIT(LINNET_ANNOUNCEMENT_PLAN) |                            \
     BIT(LINNET_ANNOUNCEMENT_EPOCH))

static const struct number kernel_numbers[] = {
    SATURATED(linnet_allowed_kernel, bytes, LINNET_KERNEL_BYTES),
    SATURATED(linnet_allowed_kernel, intrinsic_set, LINNET_KERNEL_INTRINSIC_SET),
};
#define KERNEL_REQUIRED                                                                            \
    (BIT(LINNET_KERNEL_HASH) | BIT(LINNET_KERNEL_BYTES) | BIT(LINNET_KERNEL_INTRINSIC_SET))

static const struct number difference_numbers[] = {
    SATURATED(linnet_difference, codec, LINNET_DIFFERENCE_CODEC),
    SATURATED(linnet_difference, bytes, LINNET_DIFFERENCE_BYTES),
};
#define DIFFERENCE_REQUIRED                                                                        \
    (BIT(LINNET_DIFFERENCE_BASE) | BIT(LINNET_DIFFERENCE_CODEC) | BIT(LINNET_DIFFERENCE_HASH) |    \
     BIT(LINNET_DIFFERENCE_BYTES))

static const struct number plan_numbers[] = {
    SATURATED(linnet_plan, task, LINNET_PLAN_TASK),
    NUMBER(linnet_plan, seed, LINNET_PLAN_SEED, 0, UINT32_MAX),
    NUMBER(linnet_plan, lr_shift, LINNET_PLAN_LR_SHIFT, 0, MAX_LR_SHIFT),
    NUMBER(linnet_plan, lr_decay, LINNET_PLAN_LR_DECAY, 0, LINNET_DECAY_STEPS),
    NUMBER(linnet_plan, epochs, LINNET_PLAN_EPOCHS, 1, MAX_EPOCHS),
    NUMBER(linnet_plan, samples, LINNET_PLAN_SAMPLES, 0, MAX_ORDER),
    NUMBER(linnet_plan, skip_threshold, LINNET_PLAN_SKIP_THRESHOLD, 0, MAX_Q15),
    SATURATED(linnet_plan, codec, LINNET_PLAN_CODEC),
    NUMBER(linnet_plan, weight_unit, LINNET_PLAN_WEIGHT_UNIT, 1, UINT32_MAX),
    SATURATED(linnet_plan, deadline_ms, LINNET_PLAN_DEADLINE_MS),
    NUMBER(linnet_plan, frozen_layers, LINNET_PLAN_FROZEN_LAYERS, 0, UINT32_MAX),
    NUMBER(linnet_plan, proximal_shift, LINNET_PLAN_PROXIMAL_SHIFT, 0, LINNET_MAX_PROXIMAL_SHIFT),
    NUMBER(linnet_plan, density, LINNET_PLAN_DENSITY, 0, LINNET_MAX_DENSITY),
    NUMBER(linnet_plan, max_staleness, LINNET_PLAN_MAX_STALENESS, 0, LINNET_MAX_STALENESS),
    NUMBER(linnet_plan, draw_below, LINNET_PLAN_DRAW_BELOW, 1, UINT32_MAX),
    NUMBER(linnet_plan, jitter_ms, LINNET_PLAN_JITTER_MS, 1, UINT32_MAX),
    NUMBER(linnet_plan, personal_layers, LINNET_PLAN_PERSONAL_LAYERS, 0, UINT32_MAX),
};
#define LIMITS                                                                                     \
    (BIT(LINNET_PLAN_DRAW_BELOW) | BIT(LINNET_PLAN_JITTER_MS) | BIT(LINNET_PLAN_ELIGIBILITY))
#define PLAN_REQUIRED                                                                              \
    (BIT(LINNET_PLAN_TASK) | BIT(LINNET_PLAN_SEED) | BIT(LINNET_PLAN_LR_SHIFT) |                   \
     BIT(LINNET_PLAN_LR_DECAY) | BIT(LINNET_PLAN_EPOCHS) | BIT(LINNET_PLAN_SAMPLES) |              \
     BIT(LINNET_PLAN_SKIP_THRESHOLD) | BIT(LINNET_PLAN_CODEC) | BIT(LINNET_PLAN_WEIGHT_UNIT))

#define CONDITION(key, most) NUMBER(linnet_eligibility, conditions[(key)-1], key, 0, most)
static const struct number eligibility_numbers[] = {
    CONDITION(LINNET_ELIGIBILITY_MIN_BATTERY, 100),
    CONDITION(LINNET_ELIGIBILITY_CHARGING, 1),
    CONDITION(LINNET_ELIGIBILITY_MIN_LINK, 100),
    CONDITION(LINNET_ELIGIBILITY_MIN_RAM, INT32_MAX),
    NUMBER(linnet_eligibility, min_samples, LINNET_ELIGIBILITY_MIN_SAMPLES, 0, UINT32_MAX),
    NUMBER(linnet_eligibility, max_model_age, LINNET_ELIGIBILITY_MAX_MODEL_AGE, 0, UINT32_MAX),
    NUMBER(linnet_eligibility, min_model_age, LINNET_ELIGIBILITY_MIN_MODEL_AGE, 0, UINT32_MAX),
};

static const struct number receipt_numbers[] = {
    SATURATED(linnet_receipt, code, LINNET_RECEIPT_CODE),
    NUMBER(linnet_receipt, version, LINNET_RECEIPT_VERSION, 0, UINT32_MAX),
    NUMBER(linnet_receipt, contribution, LINNET_RECEIPT_CONTRIBUTION, 0, UINT32_MAX),
    NUMBER(linnet_receipt, current, LINNET_RECEIPT_CURRENT, 0, UINT32_MAX),
    SATURATED(linnet_receipt, retry_ms, LINNET_RECEIPT_RETRY_MS),
};
#define RECEIPT_REQUIRED                                                                           \
    (BIT(LINNET_RECEIPT_CODE) | BIT(LINNET_RECEIPT_VERSION) | BIT(LINNET_RECEIPT_CONTRIBUTION) |   \
     BIT(LINNET_RECEIPT_UPLOAD) | BIT(LINNET_RECEIPT_CURRENT))

/* A payload on its way into structs, and what was wrong with it beside its CBOR. */
struct parser {
    struct linnet_reader in;
    bool lacks_key;
    bool has_unknown_plan_key;
    bool is_out_of_range;
};

/* Reads the value of `key` into a struct if it is one of these numbers. */
static bool get_number(struct parser *p, const struct number *numbers, size_t count, uint64_t key,
                       void *out) {
    for (const struct number *n = numbers; n < numbers + count; n++) {
        if (n->key == key) {
            uint64_t value = linnet_cbor_get_uint(&p->in);
            uint32_t kept = value > n->most ? n->most : (uint32_t)value;
            p->is_out_of_range |= kept < n->least || (kept != value && !n->saturates);
            memcpy((uint8_t *)out + n->offset, &kept, sizeof kept);
            return true;
        }
    }
    return false;
}

/* As linnet_cbor_next_key; collects the keys below 32 as bits. */
static bool next_key(struct parser *p, struct linnet_cbor_map *map, uint64_t *key, uint32_t *seen) {
    bool has_next = linnet_cbor_next_key(&p->in, map, key);
    if (has_next && *key < 32) {
        *seen |= BIT(*key);
    }
    return has_next;
}

static void require(struct parser *p, uint32_t seen, uint32_t required) {
    p->lacks_key |= (seen & required) != required;
}

static void parse_kernel(struct parser *p, struct linnet_allowed_kernel *out) {
    struct linnet_cbor_map map = linnet_cbor_get_map(&p->in);
    uint32_t seen = 0;
    uint64_t key;
    while (next_key(p, &map, &key, &seen)) {
        if (key == LINNET_KERNEL_HASH) {
            out->hash = linnet_cbor_get_fixed_bytes(&p->in, LINNET_HASH_BYTES);
        } else if (!get_number(p, kernel_numbers, COUNT(kernel_numbers), key, out)) {
            linnet_cbor_skip(&p->in);
        }
    }
    require(p, seen, KERNEL_REQUIRED);
}

static void parse_kernels(struct parser *p, struct linnet_announcement *out) {
    uint32_t left = linnet_cbor_get_array(&p->in);
    p->lacks_key |= left == 0;
    for (; left > 0; left--) {
        struct linnet_allowed_kernel passed_over;
        bool is_kept = out->kernel_count < LINNET_ANNOUNCEMENT_KERNELS_KEPT;
        parse_kernel(p, is_kept ? &out->kernels[out->kernel_count++] : &passed_over);
    }
}

static void parse_eligibility(struct parser *p, struct linnet_eligibility *out) {
    struct linnet_cbor_map map = linnet_cbor_get_map(&p->in);
    uint32_t seen = 0;
    uint64_t key;
    while (next_key(p, &map, &key, &seen)) {
        if (!get_number(p, eligibility_numbers, COUNT(eligibility_numbers), key, out)) {
            p->has_unknown_plan_key = true;
            linnet_cbor_skip(&p->in);
        }
    }
}

static void parse_plan(struct parser *p, struct linnet_plan *out) {
    struct linnet_cbor_map map = linnet_cbor_get_map(&p->in);
    uint32_t seen = 0;
    uint64_t key;
    out->deadline_ms = LINNET_WIRE_ABSENT;
    out->draw_below = LINNET_EVERYBODY;
    out->eligibility.max_model_age = UINT32_MAX;
    while (next_key(p, &map, &key, &seen)) {
        if (key == LINNET_PLAN_CLASS_WEIGHTS) {
            out->class_weights = linnet_cbor_get_bytes(&p->in);
            p->is_out_of_range |= out->class_weights.length > LINNET_MAX_CLASSES;
        } else if (key == LINNET_PLAN_ELIGIBILITY) {
            parse_eligibility(p, &out->eligibility);
        } else if (!get_number(p, plan_numbers, COUNT(plan_numbers), key, out)) {
            p->has_unknown_plan_key = true;
            linnet_cbor_skip(&p->in);
        }
    }
    p->is_out_of_range |= out->codec == LINNET_CODEC_SPARSE_TERNARY && out->density == 0;
    out->is_limited = (seen & LIMITS) != 0;
    require(p, seen, PLAN_REQUIRED);
}

static void parse_difference(struct parser *p, struct linnet_difference *out) {
    struct linnet_cbor_map map = linnet_cbor_get_map(&p->in);
    uint32_t seen = 0;
    uint64_t key;
    while (next_key(p, &map, &key, &seen)) {
        if (key == LINNET_DIFFERENCE_BASE) {
            out->base = linnet_cbor_get_fixed_bytes(&p->in, LINNET_ID_BYTES);
        } else if (key == LINNET_DIFFERENCE_HASH) {
            out->hash = linnet_cbor_get_fixed_bytes(&p->in, LINNET_HASH_BYTES);
        } else if (!get_number(p, difference_numbers, COUNT(difference_numbers), key, out)) {
            linnet_cbor_skip(&p->in);
        }
    }
    require(p, seen, DIFFERENCE_REQUIRED);
}

static void parse_announcement_value(struct parser *p, uint64_t key,
                                     struct linnet_announcement *out) {
    switch (key) {
    case LINNET_ANNOUNCEMENT_FORMAT:
        (void)linnet_cbor_get_uint(&p->in); /* has_other_format() saw to it */
        break;
    case LINNET_ANNOUNCEMENT_FEDERATION:
        out->federation = linnet_cbor_get_text(&p->in);
        break;
    case LINNET_ANNOUNCEMENT_ARTEFACT_HASH:
        out->artefact_hash = linnet_cbor_get_fixed_bytes(&p->in, LINNET_HASH_BYTES);
        break;
    case LINNET_ANNOUNCEMENT_DESCRIPTOR_HASH:
        out->descriptor_hash = linnet_cbor_get_fixed_bytes(&p->in, LINNET_HASH_BYTES);
        break;
    case LINNET_ANNOUNCEMENT_KERNELS:
        parse_kernels(p, out);
        break;
    case LINNET_ANNOUNCEMENT_PLAN:
        parse_plan(p, &out->plan);
        break;
    case LINNET_ANNOUNCEMENT_FINAL:
        out->is_final = linnet_cbor_get_bool(&p->in);
        break;
    case LINNET_ANNOUNCEMENT_DIFFERENCE:
        parse_difference(p, &out->difference);
        break;
    default:
        if (!get_number(p, announcement_numbers, COUNT(announcement_numbers), key, out)) {
            linnet_cbor_skip(&p->in);
        }
    }
}

static void parse_announcement(struct parser *p, struct linnet_announcement *out) {
    struct linnet_cbor_map map = linnet_cbor_get_map(&p->in);
    uint32_t seen = 0;
    uint64_t key;
    memset(out, 0, sizeof *out);
    out->parent = LINNET_WIRE_ABSENT;
    while (next_key(p, &map, &key, &seen)) {
        parse_announcement_value(p, key, out);
    }
    out->has_initial_seed = (seen & BIT(LINNET_ANNOUNCEMENT_INITIAL_SEED)) != 0;
    require(p, seen, ANNOUNCEMENT_REQUIRED);
}

/* The format comes first, so that a node can tell a later format from a broken announcement. */
static bool has_other_format(const uint8_t *in, uint32_t length) {
    struct linnet_reader r = linnet_reader(in, length);
    struct linnet_cbor_map map = linnet_cbor_get_map(&r);
    uint64_t key;
    if (!linnet_cbor_next_key(&r, &map, &key) || key != LINNET_ANNOUNCEMENT_FORMAT) {
        return false;
    }
    uint64_t format = linnet_cbor_get_uint(&r);
    return r.underflow == 0 && format != LINNET_WIRE_FORMAT_VERSION;
}

static bool is_name_character(uint8_t c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

bool linnet_is_name(struct linnet_span text) {
    for (uint32_t i = 0; i < text.length; i++) {
        if (!is_name_character(text.data[i])) {
            return false;
        }
    }
    return text.length >= 1 && text.length <= LINNET_NAME_MAX_BYTES;
}

static bool carries_deltas(uint32_t codec) {
    return codec == LINNET_CODEC_RAW_INT16 || codec == LINNET_CODEC_RICE_INT16 ||
           codec == LINNET_CODEC_SPARSE_TERNARY ||
           (codec >= LINNET_CODEC_DENSE_2 && codec <= LINNET_CODEC_DENSE_8);
}

bool linnet_plan_trains(const struct linnet_plan *plan) {
    return plan->task != LINNET_TASK_NONE && plan->task != LINNET_TASK_EVALUATE;
}

bool linnet_plan_evaluates(const struct linnet_plan *plan) {
    return plan->task >= LINNET_TASK_EVALUATE;
}

/* RAW_INT16 has a place for every word; without a codec all that is learnt stays here. */
static bool is_codec_fit(const struct linnet_plan *plan) {
    bool is_personal = plan->personal_layers != 0;
    bool trains = linnet_plan_trains(plan);
    if (plan->codec == LINNET_CODEC_NONE) {
        return !trains || (is_personal && plan->task == LINNET_TASK_PERSONALISE);
    }
    return carries_deltas(plan->codec) &&
           !(trains && is_personal && plan->codec == LINNET_CODEC_RAW_INT16);
}

static bool is_supported(const struct linnet_announcement *a) {
    return a->numerics == LINNET_NUMERICS_VERSION && a->plan.task <= LINNET_TASK_PERSONALISE &&
           is_codec_fit(&a->plan);
}

linnet_status_t linnet_announcement_parse(const uint8_t *in, uint32_t length,
                                          struct linnet_announcement *out) {
    struct parser p = {linnet_reader(in, length), false, false, false};
    if (length > LINNET_ANNOUNCEMENT_MAX_BYTES) {
        return LINNET_ERR_FULL;
    }
    if (has_other_format(in, length)) {
        return LINNET_ERR_VERSION;
    }
    parse_announcement(&p, out);
    if (linnet_cbor_status(&p.in) != LINNET_OK) {
        return LINNET_ERR_CBOR;
    }
    if (p.has_unknown_plan_key) {
        return LINNET_ERR_UNSUPPORTED; /* also if a known key is missing: it may be its successor */
    }
    if (p.lacks_key) {
        return LINNET_ERR_CBOR;
    }
    if (!is_supported(out)) {
        return LINNET_ERR_UNSUPPORTED;
    }
    return p.is_out_of_range || !linnet_is_name(out->federation) ? LINNET_ERR_RANGE : LINNET_OK;
}

linnet_status_t linnet_receipt_parse(const uint8_t *in, uint32_t length,
                                     struct linnet_receipt *out) {
    struct parser p = {linnet_reader(in, length), false, false, false};
    if (length > LINNET_RECEIPT_MAX_BYTES) {
        return LINNET_ERR_FULL;
    }
    struct linnet_cbor_map map = linnet_cbor_get_map(&p.in);
    uint32_t seen = 0;
    uint64_t key;
    memset(out, 0, sizeof *out);
    out->retry_ms = LINNET_WIRE_ABSENT;
    while (next_key(&p, &map, &key, &seen)) {
        if (key == LINNET_RECEIPT_UPLOAD) {
            out->upload = linnet_cbor_get_fixed_bytes(&p.in, LINNET_ID_BYTES);
        } else if (key == LINNET_RECEIPT_MAC) {
            const uint8_t *mac = linnet_cbor_get_fixed_bytes(&p.in, LINNET_MAC_BYTES);
            out->has_mac = mac != NULL && mac + LINNET_MAC_BYTES == in + length;
        } else if (!get_number(&p, receipt_numbers, COUNT(receipt_numbers), key, out)) {
            linnet_cbor_skip(&p.in);
        }
    }
    require(&p, seen, RECEIPT_REQUIRED);
    if (linnet_cbor_status(&p.in) != LINNET_OK || p.lacks_key) {
        return LINNET_ERR_CBOR;
    }
    return p.is_out_of_range ? LINNET_ERR_RANGE : LINNET_OK;
}
