/* Samples an application labels as they come. */
#include <string.h>
#include "linnet.h"

bool linnet_samples_are_in_use(const struct linnet_node *node) {
    enum linnet_phase phase = node == NULL ? LINNET_PHASE_IDLE : node->work.phase;
    return phase == LINNET_PHASE_EVALUATE || phase == LINNET_PHASE_TRAIN;
}

void linnet_samples_put(struct linnet_samples *samples, uint32_t place, const int8_t *x,
                        uint8_t label) {
    memcpy(samples->inputs + (size_t)place * samples->sample_bytes, x, samples->sample_bytes);
    samples->labels[place] = label;
}

linnet_status_t linnet_label(const struct linnet_node *node, struct linnet_samples *samples,
                             const int8_t *x, uint8_t label) {
    if (linnet_samples_are_in_use(node)) {
        return LINNET_ERR_LATER;
    }
    linnet_samples_put(samples, samples->next, x, label);
    samples->next = (samples->next + 1) % samples->capacity;
    if (samples->count < samples->capacity) {
        samples->count++;
    }
    return LINNET_OK;
}

uint32_t linnet_samples_count(void *samples, uint32_t split) {
    return split == LINNET_SPLIT_TRAIN ? ((const struct linnet_samples *)samples)->count : 0;
}

int32_t linnet_samples_read(void *context, uint32_t split, uint32_t index, int8_t *x,
                            uint32_t x_bytes, uint8_t *label) {
    const struct linnet_samples *samples = context;
    if (index >= linnet_samples_count(context, split)) {
        return LINNET_ERR_NOT_FOUND;
    }
    if (x_bytes != samples->sample_bytes) {
        return LINNET_ERR_SHAPE;
    }
    memcpy(x, samples->inputs + (size_t)index * x_bytes, x_bytes);
    *label = samples->labels[index];
    return LINNET_OK;
}
