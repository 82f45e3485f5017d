/*
 * How long a node leaves its link alone: the image of a board, with a clock around every poll, the
 * start and an application that asks in the middle of the work. A line of standard error is the
 * longest stretch of its kind so far:
 *
 *     KIND INSTRUCTIONS
 *
 * The argument `own` gives the node samples of its own; else it pulls them.
 */
#include <stdbool.h>
#include <string.h>
#include "../../firmware/examples/application.h"
#include "cortex_m.h"
#include "semihosting.h"

/* CMSDK APB timer 0 (Arm DDI 0479, 4.4): counts down at the clock of the board. */
#define TIMER_CONTROL LINNET_REGISTER(0x40000000u)
#define TIMER_VALUE LINNET_REGISTER(0x40000004u)
#define TIMER_RELOAD LINNET_REGISTER(0x40000008u)
#define TIMER_RUN 1u
/* With -icount shift=0 an instruction takes a nanosecond. */
#define INSTRUCTIONS_PER_TICK (1000000000u / BOARD_CLOCK_HZ)

#define SAMPLES 8u
#define LABELS 3u
#define MAX_INPUTS 2048u
/* The application asks after every poll that was the longest of its kind, and after so many. */
#define POLLS_PER_QUESTION 5u

/* Of a poll by the phase it finds; then what is no poll. */
enum { BOOT = LINNET_PHASE_FAILED + 1, HELLO, INFER, POLL_AND_INFER, KINDS };

static const char *const names[KINDS] = {
    [LINNET_PHASE_IDLE] = "idle",
    [LINNET_PHASE_FETCH] = "fetch",
    [LINNET_PHASE_PLAN] = "plan",
    [LINNET_PHASE_TRIAL] = "trial",
    [LINNET_PHASE_SNAPSHOT] = "snapshot",
    [LINNET_PHASE_LOAD] = "load",
    [LINNET_PHASE_EVALUATE] = "evaluate",
    [LINNET_PHASE_TRAIN] = "train",
    [LINNET_PHASE_MEASURE] = "measure",
    [LINNET_PHASE_DIGEST] = "digest",
    [LINNET_PHASE_OFFER] = "offer",
    [LINNET_PHASE_UPLOAD] = "upload",
    [LINNET_PHASE_RECEIPT] = "receipt",
    [LINNET_PHASE_FAILED] = "failed",
    [BOOT] = "boot",
    [HELLO] = "hello",
    [INFER] = "infer",
    [POLL_AND_INFER] = "poll+infer",
};

static uint32_t longest[KINDS];
static uint32_t poll_ticks; /* of the last poll */
static bool was_longest;
static uint32_t polls;

uint32_t __real_linnet_node_poll(struct linnet_node *node);
uint32_t __wrap_linnet_node_poll(struct linnet_node *node);
linnet_status_t __real_linnet_node_init(struct linnet_node *node, const struct linnet_port *port,
                                        void *memory, uint32_t bytes);
linnet_status_t __wrap_linnet_node_init(struct linnet_node *node, const struct linnet_port *port,
                                        void *memory, uint32_t bytes);

static uint32_t now(void) {
    return 0xffffffffu - TIMER_VALUE;
}

static void print(uint32_t kind, uint32_t instructions) {
    char line[32];
    char digits[10];
    uint32_t count = 0;
    size_t at = strlen(names[kind]);
    memcpy(line, names[kind], at);
    line[at++] = ' ';
    do {
        digits[count++] = (char)('0' + instructions % 10u);
        instructions /= 10u;
    } while (instructions > 0);
    while (count > 0) {
        line[at++] = digits[--count];
    }
    line[at++] = '\n';
    line[at] = '\0';
    semihosting_print(line);
}

/* Whether it is the longest so far. */
static bool note(uint32_t kind, uint32_t ticks) {
    bool is_longest = ticks > longest[kind];
    if (is_longest) {
        longest[kind] = ticks;
        print(kind, ticks * INSTRUCTIONS_PER_TICK);
    }
    return is_longest;
}

uint32_t __wrap_linnet_node_poll(struct linnet_node *node) {
    uint32_t kind = node->session.is_open ? (uint32_t)node->work.phase : (uint32_t)HELLO;
    uint32_t start = now();
    uint32_t idle_ms = __real_linnet_node_poll(node);
    poll_ticks = now() - start;
    was_longest = note(kind, poll_ticks);
    return idle_ms;
}

linnet_status_t __wrap_linnet_node_init(struct linnet_node *node, const struct linnet_port *port,
                                        void *memory, uint32_t bytes) {
    uint32_t start = now();
    linnet_status_t status = __real_linnet_node_init(node, port, memory, bytes);
    (void)note(BOOT, now() - start);
    return status;
}

static uint32_t sample_count(void *context, uint32_t split) {
    (void)context, (void)split;
    return SAMPLES;
}

static int32_t sample(void *context, uint32_t split, uint32_t index, int8_t *x, uint32_t x_bytes,
                      uint8_t *label) {
    (void)context, (void)split;
    uint32_t state = index + 1u;
    for (uint32_t i = 0; i < x_bytes; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (int8_t)((int32_t)(state >> 25) - 64);
    }
    *label = (uint8_t)(index % LABELS);
    return LINNET_OK;
}

void application_configure(struct linnet_port *port) {
    char arguments[32];
    TIMER_RELOAD = 0xffffffffu;
    TIMER_VALUE = 0xffffffffu;
    TIMER_CONTROL = TIMER_RUN;
    if (semihosting_command_line(arguments, sizeof arguments) == 0 &&
        strstr(arguments, "own") != NULL) {
        port->sample_count = sample_count;
        port->sample = sample;
    }
}

uint32_t application_step(struct linnet_node *node) {
    static int8_t x[MAX_INPUTS];
    struct linnet_inference answer;
    bool is_asking = was_longest || ++polls % POLLS_PER_QUESTION == 0;
    if (!is_asking || node->round.inputs > MAX_INPUTS) {
        return UINT32_MAX;
    }
    uint32_t start = now();
    if (linnet_infer(node, x, node->round.inputs, &answer) == LINNET_OK) {
        uint32_t ticks = now() - start;
        (void)note(INFER, ticks);
        (void)note(POLL_AND_INFER, poll_ticks + ticks);
    }
    return UINT32_MAX;
}
