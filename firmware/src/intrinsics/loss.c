/* Softmax with cross-entropy (SPEC 2.4), squared error (2.5), and the error at the output (2.6). */
#include "loss.h"

#include "fixed.h"
#include "requantise.h"

#define ONE_Q15 32768
/* log2 of the numerator's full scale, Q10. */
#define SCALE_Q10 16384
#define Q_LIMIT 16384u
#define LOG2_E_Q10 1477u
#define E_ONE 65535u
#define UNIT_LIMIT (1 << 22)
#define LOSS_LIMIT 4095u

/* A head is copied as a whole. */
typedef char head_is_10_words[sizeof(struct linnet_head) == 40u ? 1 : -1];

static bool open_loss(struct linnet_memory memory, const uint64_t *arguments, uint32_t label,
                      uint32_t max_elements, struct linnet_loss *loss) {
    uint32_t at = (uint32_t)arguments[0];
    if ((at & 3u) != 0 || !linnet_memory_holds(memory, at, sizeof loss->head) ||
        (int32_t)arguments[2] < 0) {
        return false;
    }
    loss->home = (struct linnet_head *)(void *)(memory.start + at);
    *(struct linnet_words10 *)(void *)&loss->head =
        *(const struct linnet_words10 *)(const void *)loss->home;
    const struct linnet_head *head = &loss->head;
    uint32_t elements = head->elements;
    if (elements - 1u >= max_elements || label >= elements || label >= LINNET_MAX_CLASSES ||
        ((head->logits | head->err) & 3u) != 0 || (uint32_t)head->logits_exponent + 64u > 127u ||
        (uint32_t)head->target_exponent + 64u > 127u ||
        !linnet_memory_holds(memory, head->logits, 4u * elements) ||
        !linnet_memory_holds(memory, head->err, 4u * elements) ||
        !linnet_memory_holds(memory, head->error, elements) ||
        !linnet_memory_holds(memory, head->class_weights, label + 1u)) {
        return false;
    }
    loss->logits = (const int32_t *)(void *)(memory.start + head->logits);
    loss->err = (int32_t *)(void *)(memory.start + head->err);
    loss->error = (int8_t *)(memory.start + head->error);
    loss->target = (const int8_t *)(memory.start + head->target);
    loss->class_weight = ((const int8_t *)(memory.start + head->class_weights))[label];
    return true;
}

/* Requantises err to the error, unless it is small; what both intrinsics answer. */
static int32_t finish_loss(const struct linnet_loss *loss, uint32_t bits, bool is_small,
                           int32_t base) {
    if (is_small) {
        return (int32_t)LINNET_LOSS_SKIPPED;
    }
    int32_t shift = linnet_requantise_shift(bits);
    linnet_requantise(loss->err, loss->head.elements, shift, -LINNET_INT8_LIMIT, loss->error);
    return linnet_clamp_exponent(base + shift + loss->class_weight) + (int32_t)LINNET_EXPONENT_BIAS;
}

/* Bits below the maximum, Q10, of a logit `distance` below it; saturates at 2^14 · log2 e. */
static uint32_t distance_q10(uint32_t distance, int32_t exponent) {
    int32_t shift = exponent + 10;
    uint32_t q;
    if (shift <= 0) {
        q = shift < -31 ? 0u : distance >> -shift;
    } else {
        q = shift > 14 || distance > Q_LIMIT >> shift ? (distance == 0 ? 0u : Q_LIMIT)
                                                      : distance << shift;
    }
    return ((q < Q_LIMIT ? q : Q_LIMIT) * LOG2_E_Q10) >> 10;
}

/* 65535 · 2^(−t/1024): E of SPEC 2.4 for a class that is not the maximum. */
static uint32_t power_of_two(uint32_t t) {
    static const uint16_t halvings[16] = {64131, 61412, 58808, 56315, 53927, 51641, 49452, 47355,
                                          45347, 43425, 41584, 39821, 38132, 36516, 34968, 33485};
    return (uint32_t)halvings[(t & 1023u) >> 6] >> (t >> 10);
}

/* log2 of v ≥ 1 in Q10, linear between powers of two (Mitchell 1962). */
static int32_t log2_q10(uint32_t v) {
    int32_t bits = linnet_bit_length(v);
    return ((bits - 1) << 10) + (int32_t)(((v << (32 - bits)) >> 21) & 1023u);
}

static uint32_t first_largest(const int32_t *z, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++) {
        best = z[i] > z[best] ? i : best;
    }
    return best;
}

/* err ← E of every class, unnormalised; returns their sum, at least 65535 and below 2^24. */
static uint32_t exponentials(const struct linnet_loss *loss, int32_t largest) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < loss->head.elements; i++) {
        uint32_t distance = (uint32_t)largest - (uint32_t)loss->logits[i];
        uint32_t e = distance == 0
                         ? E_ONE
                         : power_of_two(distance_q10(distance, loss->head.logits_exponent));
        loss->err[i] = (int32_t)e;
        sum += e;
    }
    /* Unless a hostile HEAD lays err over the logits, the largest one alone is E_ONE. */
    return sum < E_ONE ? E_ONE : sum;
}

void linnet_softmax_predict(const struct linnet_loss *loss) {
    loss->home->predicted = (int32_t)first_largest(loss->logits, loss->head.elements);
    loss->home->loss = 0;
}

int32_t linnet_softmax_cross_entropy(const struct linnet_loss *loss, uint32_t label,
                                     uint32_t skip_threshold) {
    uint32_t best = first_largest(loss->logits, loss->head.elements);
    int32_t largest = loss->logits[best];
    uint32_t distance = (uint32_t)largest - (uint32_t)loss->logits[label];
    uint32_t sum = exponentials(loss, largest);
    uint32_t bits = 0;
    uint32_t worst = 0;
    for (uint32_t i = 0; i < loss->head.elements; i++) {
        uint32_t probability = ((uint32_t)loss->err[i] << 15) / sum;
        int32_t err = (int32_t)probability - (i == label ? ONE_Q15 : 0);
        uint32_t magnitude = linnet_magnitude(err);
        loss->err[i] = err;
        bits |= magnitude;
        worst = magnitude > worst ? magnitude : worst;
    }
    int32_t below = (int32_t)distance_q10(distance, loss->head.logits_exponent);
    loss->home->predicted = (int32_t)best;
    loss->home->loss = linnet_max(0, below + log2_q10(sum) - SCALE_Q10);
    return finish_loss(loss, bits, worst <= skip_threshold, -15);
}

/*
 * Softmax, cross-entropy and its gradient.
 *
 * logits [C] int32, unit 2^el -> err [C] int32 Q15, error [C] int8; predicted and loss (Q10) set
 * Rounding: probabilities truncate. |err| ≤ 32768. Of NO_LABEL predicted alone is set, and
 * loss is 0.
 */
int32_t linnet_intrinsic_softmax_cross_entropy(struct linnet_memory memory,
                                               const uint64_t *arguments) {
    uint32_t label = (uint32_t)arguments[1];
    bool has_label = label != LINNET_NO_LABEL;
    struct linnet_loss loss;
    if (!open_loss(memory, arguments, has_label ? label : 0u, LINNET_MAX_CLASSES, &loss) ||
        loss.head.elements < 2u) {
        return LINNET_ERR_RANGE;
    }
    if (!has_label) {
        linnet_softmax_predict(&loss);
        return (int32_t)LINNET_LOSS_SKIPPED;
    }
    return linnet_softmax_cross_entropy(&loss, label, (uint32_t)arguments[2]);
}

/* Reconstruction z in 1/256 of the sample's unit, within ±2^22; shift = ei − 8 − el. */
static int32_t in_units(int32_t z, int32_t shift) {
    if (shift > 30) {
        return 0;
    }
    if (shift > 0) {
        /* rs() without the overflow of its sum. */
        int32_t half = (z >> (shift - 1)) & 1;
        return linnet_clamp((z >> shift) + half, UNIT_LIMIT);
    }
    uint32_t left = (uint32_t)linnet_min(31, -shift);
    int32_t limit = left > 22u ? 0 : UNIT_LIMIT >> left;
    if (z > limit) {
        return UNIT_LIMIT;
    }
    return z < -limit ? -UNIT_LIMIT : linnet_shift_left(z, left);
}

/* ⌊sum / n⌋ for sum < 2^39 and n < 2^16, without a 64-bit division. */
static uint32_t divide(uint64_t sum, uint32_t n) {
    uint32_t high = (uint32_t)(sum >> 15);
    uint32_t low = (uint32_t)sum & 0x7fffu;
    return ((high / n) << 15) + (((high % n) << 15) | low) / n;
}

/*
 * Squared error of a reconstruction and its gradient.
 *
 * logits [n] int32, unit 2^el; target [n] int8, unit 2^ei -> err [n] int32 in 1/256 of that unit,
 * error [n] int8; predicted ← 0; loss ← mean square in 1/256 of the unit squared
 * Rounding: z to nearest. |err| < 2^23.
 */
int32_t linnet_intrinsic_squared_error(struct linnet_memory memory, const uint64_t *arguments) {
    struct linnet_loss loss;
    if (!open_loss(memory, arguments, 0, LINNET_MAX_ELEMENTS, &loss) ||
        (int32_t)arguments[1] != 0 ||
        !linnet_memory_holds(memory, loss.head.target, loss.head.elements)) {
        return LINNET_ERR_RANGE;
    }
    int32_t shift = loss.head.target_exponent - 8 - loss.head.logits_exponent;
    uint64_t sum = 0;
    uint32_t bits = 0;
    uint32_t worst = 0;
    for (uint32_t i = 0; i < loss.head.elements; i++) {
        int32_t err = in_units(loss.logits[i], shift) - 256 * loss.target[i];
        uint32_t magnitude = linnet_magnitude(err);
        uint32_t limited = magnitude >> 4 < LOSS_LIMIT ? magnitude >> 4 : LOSS_LIMIT;
        loss.err[i] = err;
        sum += limited * limited;
        bits |= magnitude;
        worst = magnitude > worst ? magnitude : worst;
    }
    loss.home->predicted = 0;
    loss.home->loss = (int32_t)divide(sum, loss.head.elements);
    return finish_loss(&loss, bits, worst <= (uint32_t)arguments[2], loss.head.target_exponent - 8);
}
