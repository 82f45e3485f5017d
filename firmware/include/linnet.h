/*
 * Linnet on a device: one node that trains a model it is given and uploads what it learnt.
 *
 * The caller owns all memory and calls linnet_node_poll() for ever; nothing here blocks, allocates
 * or keeps global state, so a process can run as many nodes as it likes.
 *
 *     static struct linnet_node node;
 *     static uint64_t heap[20 * 1024 / 8];
 *
 *     linnet_node_init(&node, &port, heap, sizeof heap);
 *     for (;;) {
 *         port.idle(port.context, linnet_node_poll(&node));
 *     }
 */
#ifndef LINNET_H
#define LINNET_H

#include "../src/node.h"
#include "linnet_port.h"

/*
 * Starts a node: counts the start in the store and loads kernel and model that are installed there.
 *
 * port: filled in by the caller, used until the node is no longer polled.
 * memory [bytes]: heap of the wasm engine, 8-byte aligned; nothing else uses it.
 * Returns LINNET_OK, or the status of a flash that cannot be used: the node then still answers the
 * link, and STATUS says why it does nothing.
 */
linnet_status_t linnet_node_init(struct linnet_node *node, const struct linnet_port *port,
                                 void *memory, uint32_t bytes);

/*
 * One bounded step: sends what is pending, handles at most one message, sends at most one request,
 * trains or evaluates at most one sample or moves at most one slice of an object.
 * Returns the milliseconds the caller may sleep unless the link receives something; 0 = none.
 */
uint32_t linnet_node_poll(struct linnet_node *node);

/* The link is new (a host connected): the next thing it hears is HELLO. */
void linnet_node_link_up(struct linnet_node *node);

/* What a model says of one sample. */
struct linnet_inference {
    uint32_t version;   /* of the installed model that was asked */
    uint32_t predicted; /* class; 0 where the model has one */
    uint32_t score;     /* SPEC 5, `score`: how badly an autoencoder reconstructs; else 0 */
};

/*
 * Asks the installed model: the words of the snapshot in the flash, those of personal layers the
 * node's own that were accepted last, whatever the training has made of its working copy. While
 * there is a working copy that is still needed, it is put aside in the heap of the engine, and
 * afterwards it is bit for bit where it was.
 *
 * x [x_bytes]: the inputs of one sample, int8, channels-last. Not to be called from a callback.
 * Errors: ERR_LATER (no model is loaded now: none was installed, one is being installed, or the
 * watchdog had to end the installed one), ERR_SHAPE (the model has another number of inputs),
 * ERR_MEMORY (the heap cannot hold a second copy of the words; if the engine found that out half
 * way, the training has begun anew).
 */
linnet_status_t linnet_infer(struct linnet_node *node, const int8_t *x, uint32_t x_bytes,
                             struct linnet_inference *out);

/* Evaluation and training rest until linnet_resume(); link, uploads and receipts go on. */
void linnet_pause(struct linnet_node *node);
void linnet_resume(struct linnet_node *node);

/*
 * The samples of a device that labels what it measures: the newest `capacity` of them, in memory of
 * the caller. Its functions serve as sample_count and sample of a port, with the buffer as context.
 */
struct linnet_samples {
    int8_t *inputs;  /* [capacity][sample_bytes] */
    uint8_t *labels; /* [capacity] */
    uint32_t sample_bytes;
    uint32_t capacity;
    uint32_t count; /* begins at 0 */
    uint32_t next;  /* begins at 0: where the next one goes */
};

/*
 * Adds a sample, in the place of the oldest if the buffer is full. ERR_LATER while a round
 * evaluates or trains: its samples stay what they are. node: NULL before there is one.
 */
linnet_status_t linnet_label(const struct linnet_node *node, struct linnet_samples *samples,
                             const int8_t *x, uint8_t label);
uint32_t linnet_samples_count(void *samples, uint32_t split);
int32_t linnet_samples_read(void *samples, uint32_t split, uint32_t index, int8_t *x,
                            uint32_t x_bytes, uint8_t *label);

/*
 * The samples of a device whose classes are not equally frequent: a class-balanced reservoir
 * (Chrysakis and Moens, "Online Continual Learning from Imbalanced Data", ICML 2020, algorithm 1).
 * While there is room every sample is kept; after that the buffer holds about as many of every
 * class as that has shown, and of each class a fair draw of all it has shown. Equal streams and
 * seeds keep equal samples. `samples` serves as the context of the functions above.
 */
struct linnet_reservoir {
    struct linnet_samples samples;
    uint32_t *seen;   /* [classes], zeros at first: labels seen, and the top bit */
    uint32_t classes; /* labels are below this */
    uint32_t state;   /* begins at the seed */
};

/*
 * Sees a sample, and keeps it or does not. ERR_LATER as linnet_label(); ERR_RANGE for a label that
 * is no class.
 */
linnet_status_t linnet_reservoir_label(const struct linnet_node *node,
                                       struct linnet_reservoir *reservoir, const int8_t *x,
                                       uint8_t label);

/* LINNET_NODE_STATE_*, as STATUS reports it. */
uint32_t linnet_node_state(const struct linnet_node *node);

#endif
