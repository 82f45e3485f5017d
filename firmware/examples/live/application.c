/*
 * An application that measures, asks the model, and labels what it measured, while Linnet trains.
 *
 * A window of the sensor (here: a pattern that stands for its class, and noise) is classified every
 * tenth poll with the installed model, also in the middle of a training. Then its true class is
 * known, and it becomes a sample of the next round. Every hundredth window the battery is low for a
 * while: training rests.
 */
#include "../application.h"

#define INPUTS 8u
#define CLASSES 3u
#define KEPT 24u
#define POLLS 10u

static int8_t inputs[KEPT][INPUTS];
static uint8_t labels[KEPT];
static struct linnet_samples samples = {
    .inputs = &inputs[0][0], .labels = labels, .sample_bytes = INPUTS, .capacity = KEPT};
static uint32_t polls, windows, noise = 1;

static uint32_t draw(uint32_t below) {
    noise = noise * 1664525u + 1013904223u;
    return (noise >> 16) % below;
}

/* One window; returns the class it shows. */
static uint8_t measure(int8_t x[INPUTS]) {
    uint8_t shown = (uint8_t)draw(CLASSES);
    for (uint32_t i = 0; i < INPUTS; i++) {
        int32_t level = i % CLASSES == shown ? 80 : -20;
        x[i] = (int8_t)(level + (int32_t)draw(31) - 15);
    }
    return shown;
}

static uint32_t count(void *context, uint32_t split) {
    (void)context;
    return linnet_samples_count(&samples, split);
}

static int32_t read(void *context, uint32_t split, uint32_t index, int8_t *x, uint32_t x_bytes,
                    uint8_t *label) {
    (void)context;
    return linnet_samples_read(&samples, split, index, x, x_bytes, label);
}

static void on_model(void *context, uint32_t version) {
    (void)context;
    application_print("installed version", version);
}

static void on_receipt(void *context, uint32_t version, uint32_t code) {
    (void)context;
    application_print(code == LINNET_RECEIPT_ACCEPTED ? "accepted for version" : "not counted for",
                      version);
}

void application_configure(struct linnet_port *port) {
    int8_t x[INPUTS];
    port->sample_count = count;
    port->sample = read;
    port->on_model = on_model;
    port->on_receipt = on_receipt;
    while (samples.count < KEPT) {
        uint8_t label = measure(x);
        (void)linnet_label(NULL, &samples, x, label);
    }
}

uint32_t application_step(struct linnet_node *node) {
    int8_t x[INPUTS];
    struct linnet_inference inference;
    if (++polls % POLLS != 0) {
        return 1;
    }
    uint8_t shown = measure(x);
    windows++;
    if (windows % 100 < 5) {
        linnet_pause(node);
    } else {
        linnet_resume(node);
    }
    if (linnet_infer(node, x, sizeof x, &inference) == LINNET_OK) {
        application_print(linnet_node_state(node) == LINNET_NODE_STATE_TRAIN
                              ? "while it trains it sees"
                              : "it sees",
                          inference.predicted);
    }
    /* ERR_LATER while a round goes on: this window is then not learnt. */
    (void)linnet_label(node, &samples, x, shown);
    return 1;
}
