/*
 * CAPACITY CLASSES SEED LABEL…: shows a reservoir these labels one after the other; the inputs of a
 * sample are its number. Answers the numbers that are kept, place by place.
 */
#include "lines.h"
#include "linnet.h"

#define SAMPLE_BYTES 4u

static uint32_t number_at(const int8_t *inputs) {
    const uint8_t *bytes = (const uint8_t *)inputs;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void answer(uint32_t capacity) {
    uint32_t classes = next_u32();
    uint32_t seed = next_u32();
    /* Blocks of exactly their size, whose ends the sanitizer guards. */
    int8_t *inputs = malloc((size_t)capacity * SAMPLE_BYTES);
    uint8_t *labels = malloc(capacity);
    uint32_t *seen = calloc(classes, sizeof *seen);
    struct linnet_reservoir reservoir = {
        .samples = {.inputs = inputs,
                    .labels = labels,
                    .sample_bytes = SAMPLE_BYTES,
                    .capacity = capacity},
        .seen = seen,
        .classes = classes,
        .state = seed,
    };
    struct linnet_span stream = next_bytes();
    CHECK(inputs != NULL && labels != NULL && seen != NULL);
    for (uint32_t i = 0; i < stream.length; i++) {
        int8_t x[SAMPLE_BYTES] = {(int8_t)i, (int8_t)(i >> 8), (int8_t)(i >> 16), 0};
        linnet_status_t expected = stream.data[i] < classes ? LINNET_OK : LINNET_ERR_RANGE;
        CHECK(linnet_reservoir_label(NULL, &reservoir, x, stream.data[i]) == expected);
    }
    uint32_t count = linnet_samples_count(&reservoir.samples, LINNET_SPLIT_TRAIN);
    for (uint32_t i = 0; i < count; i++) {
        int8_t x[SAMPLE_BYTES];
        uint8_t label;
        CHECK(linnet_samples_read(&reservoir.samples, LINNET_SPLIT_TRAIN, i, x, sizeof x, &label) ==
              LINNET_OK);
        CHECK(label == stream.data[number_at(x)]);
        printf("%s%" PRIu32, i == 0 ? "" : " ", number_at(x));
    }
    free_bytes(stream);
    free(seen);
    free(labels);
    free(inputs);
}

int main(void) {
    static char line[LINE_BYTES];
    for (const char *word = next_line(line); word != NULL; word = next_line(line)) {
        answer((uint32_t)parse_number(word));
        putchar('\n');
    }
    return 0;
}
