/*
 * Keeps a class-balanced reservoir of a stream, the training samples of the port's file in their
 * order. Its environment says how: SLOTS, INPUTS, CLASSES, SEED, and COMES, how many samples have
 * come when each of its rounds begins, divided by commas.
 */
#include <stdlib.h>

#include "../../firmware/examples/application.h"

#define MAX_SLOTS 64u
#define MAX_INPUTS 256u
#define MAX_CLASSES 8u

static int8_t inputs[MAX_SLOTS * MAX_INPUTS];
static uint8_t labels[MAX_SLOTS];
static uint32_t seen[MAX_CLASSES];
static struct linnet_reservoir reservoir = {.samples = {.inputs = inputs, .labels = labels},
                                            .seen = seen};
static uint32_t (*count_file)(void *, uint32_t);
static int32_t (*read_file)(void *, uint32_t, uint32_t, int8_t *, uint32_t, uint8_t *);
static void *file;
static const char *comes;
static uint32_t come, taken;

static uint32_t setting(const char *name, uint32_t most) {
    const char *text = getenv(name);
    unsigned long value = text == NULL ? 0 : strtoul(text, NULL, 10);
    if (value > most) {
        abort();
    }
    return (uint32_t)value;
}

/* The next number of COMES. */
static void hear(void) {
    char *end;
    come = (uint32_t)strtoul(comes, &end, 10);
    comes = *end == ',' ? end + 1 : end;
}

static void take(const struct linnet_node *node) {
    int8_t x[MAX_INPUTS];
    uint8_t label;
    while (taken < come) {
        if (read_file(file, LINNET_SPLIT_TRAIN, taken, x, reservoir.samples.sample_bytes, &label) !=
                LINNET_OK ||
            linnet_reservoir_label(node, &reservoir, x, label) != LINNET_OK) {
            return;
        }
        taken++;
    }
}

static uint32_t count(void *context, uint32_t split) {
    return split == LINNET_SPLIT_TRAIN ? linnet_samples_count(&reservoir.samples, split)
                                       : count_file(context, split);
}

static int32_t read(void *context, uint32_t split, uint32_t index, int8_t *x, uint32_t x_bytes,
                    uint8_t *label) {
    return split == LINNET_SPLIT_TRAIN
               ? linnet_samples_read(&reservoir.samples, split, index, x, x_bytes, label)
               : read_file(context, split, index, x, x_bytes, label);
}

static void on_receipt(void *context, uint32_t version, uint32_t code) {
    (void)context;
    (void)version;
    (void)code;
    hear();
}

void application_configure(struct linnet_port *port) {
    file = port->context;
    count_file = port->sample_count;
    read_file = port->sample;
    port->sample_count = count;
    port->sample = read;
    port->on_receipt = on_receipt;
    reservoir.samples.capacity = setting("SLOTS", MAX_SLOTS);
    reservoir.samples.sample_bytes = setting("INPUTS", MAX_INPUTS);
    reservoir.classes = setting("CLASSES", MAX_CLASSES);
    reservoir.state = setting("SEED", UINT32_MAX);
    comes = getenv("COMES");
    hear();
    take(NULL);
}

uint32_t application_step(struct linnet_node *node) {
    take(node);
    return UINT32_MAX;
}
