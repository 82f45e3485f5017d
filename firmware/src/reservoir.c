/*
 * A class-balanced reservoir: Chrysakis and Moens, "Online Continual Learning from Imbalanced
 * Data", ICML 2020, algorithm 1. A class is full once it was the most frequent one of a full
 * buffer. A sample of another class takes the place of one of the most frequent class; one of a
 * full class takes that of one of its own, with the chance kept / seen, as in reservoir sampling.
 */
#include "linnet.h"

#define FULL 0x80000000u
#define SEEN 0x7fffffffu

/* Below `bound`, at most 2^31. */
static uint32_t draw(struct linnet_reservoir *reservoir, uint32_t bound) {
    reservoir->state = reservoir->state * 1664525u + 1013904223u;
    uint32_t high = reservoir->state >> 16;
    reservoir->state = reservoir->state * 1664525u + 1013904223u;
    uint32_t number = high << 16 | reservoir->state >> 16;
    return (uint32_t)(((uint64_t)number * bound) >> 32);
}

static uint32_t kept(const struct linnet_samples *samples, uint32_t label) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < samples->count; i++) {
        count += samples->labels[i] == label;
    }
    return count;
}

/* The place of one of the kept samples of a class, of which there are `count`. */
static uint32_t draw_place(struct linnet_reservoir *reservoir, uint32_t label, uint32_t count) {
    const struct linnet_samples *samples = &reservoir->samples;
    uint32_t left = draw(reservoir, count);
    uint32_t place = 0;
    while (samples->labels[place] != label || left-- > 0) {
        place++;
    }
    return place;
}

/* The first of the classes that most samples are of; it is full from now on. */
static uint32_t most_frequent(struct linnet_reservoir *reservoir, uint32_t *count) {
    uint32_t most = 0;
    *count = 0;
    for (uint32_t label = 0; label < reservoir->classes; label++) {
        uint32_t of_label = kept(&reservoir->samples, label);
        if (of_label > *count) {
            *count = of_label;
            most = label;
        }
    }
    reservoir->seen[most] |= FULL;
    return most;
}

linnet_status_t linnet_reservoir_label(const struct linnet_node *node,
                                       struct linnet_reservoir *reservoir, const int8_t *x,
                                       uint8_t label) {
    struct linnet_samples *samples = &reservoir->samples;
    if (label >= reservoir->classes) {
        return LINNET_ERR_RANGE;
    }
    if (linnet_samples_are_in_use(node)) {
        return LINNET_ERR_LATER;
    }
    uint32_t *seen = &reservoir->seen[label];
    if ((*seen & SEEN) < SEEN) {
        ++*seen;
    }
    if (samples->count < samples->capacity) {
        linnet_samples_put(samples, samples->count++, x, label);
        return LINNET_OK;
    }
    uint32_t count;
    uint32_t most = most_frequent(reservoir, &count);
    if ((*seen & FULL) == 0) {
        linnet_samples_put(samples, draw_place(reservoir, most, count), x, label);
        return LINNET_OK;
    }
    count = kept(samples, label);
    if (draw(reservoir, *seen & SEEN) < count) {
        linnet_samples_put(samples, draw_place(reservoir, label, count), x, label);
    }
    return LINNET_OK;
}
