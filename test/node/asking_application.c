/*
 * Asks the installed model after every poll, and says what it answers: the state, the version, the
 * number of the question and the class, as the digits ssvvqqqcc.
 */
#include "../../firmware/examples/application.h"

#define MAX_INPUTS 512u

static uint32_t question;

void application_configure(struct linnet_port *port) {
    (void)port;
}

uint32_t application_step(struct linnet_node *node) {
    static int8_t x[MAX_INPUTS];
    struct linnet_inference answer;
    for (uint32_t i = 0; i < MAX_INPUTS; i++) {
        x[i] = (int8_t)((i * 37u + question * 11u + (i * i * question >> 4)) & 0xffu);
    }
    linnet_status_t status = linnet_infer(node, x, node->round.inputs, &answer);
    if (status == LINNET_OK) {
        application_print(
            "answer", ((linnet_node_state(node) * 100 + answer.version) * 1000 + question) * 100 +
                          answer.predicted);
        question = (question + 1) % 1000;
    } else if (status != LINNET_ERR_LATER) {
        application_print("refused", (uint32_t)-status);
    }
    return UINT32_MAX;
}
