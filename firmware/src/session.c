/* HELLO until answered, and again when the host was silent (SPEC, section 7.1). */
#include <string.h>
#include "messages.gen.h"
#include "node.h"

static struct linnet_span text(const char *chars) {
    struct linnet_span span = {(const uint8_t *)chars, (uint32_t)strlen(chars)};
    return span;
}

struct linnet_span linnet_node_name(const struct linnet_node *node) {
    if (node->port->node != NULL && node->port->node[0] != '\0') {
        return text(node->port->node);
    }
    struct linnet_span none = {NULL, 0};
    return node->store_status < 0 ? none : linnet_store_name(&node->store);
}

uint32_t linnet_session_wait(struct linnet_node *node, uint32_t now_ms) {
    struct linnet_session *session = &node->session;
    if (session->is_open) {
        uint32_t silent_ms = now_ms - node->link.heard_ms;
        if (silent_ms < LINNET_SILENCE_MS) {
            return LINNET_SILENCE_MS - silent_ms;
        }
        session->is_open = false;
    }
    return linnet_timer_left(&session->pause, now_ms);
}

uint32_t linnet_session_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity) {
    bool has_kernel = node->has_kernel && node->kernel.heap != NULL;
    uint32_t flags = has_kernel ? 0 : LINNET_HELLO_FLAG_NO_KERNEL;
    if (LINNET_PULL_SAMPLES && node->port->sample_count == NULL) {
        flags |= LINNET_HELLO_FLAG_PULL_SAMPLES;
    }
    const struct linnet_hello_request hello = {
        .protocol = LINNET_PROTOCOL_VERSION,
        .kernel_abi = LINNET_KERNEL_ABI_VERSION,
        .intrinsic_set = LINNET_INTRINSIC_SET,
        .descriptor_format = LINNET_DESCRIPTOR_FORMAT_VERSION,
        .numerics = has_kernel ? linnet_kernel_word(&node->kernel, LINNET_BLOCK_NUMERICS) : 0,
        .boot_epoch = node->store.boot_epoch,
        .reset_reason = (uint8_t)node->reset_reason,
        .flags = (uint8_t)flags,
        .max_payload = LINNET_FRAME_MAX_PAYLOAD,
        .kernel_memory_bytes = linnet_model_memory(node),
        .kernel_hash = has_kernel ? node->kernel_hash : NULL,
        .node = linnet_node_name(node),
        .runtime = text(node->port->runtime),
        .engine = text(linnet_kernel_engine()),
    };
    return linnet_hello_request_pack(&hello, out, capacity);
}

static linnet_status_t judge(const struct linnet_hello_response *hello) {
    if (hello->protocol != LINNET_PROTOCOL_VERSION) {
        return LINNET_ERR_VERSION;
    }
    if (hello->max_payload < LINNET_FRAME_MIN_PAYLOAD) {
        return LINNET_ERR_MESSAGE;
    }
    return hello->node.length > 0 && !linnet_is_name(hello->node) ? LINNET_ERR_RANGE : LINNET_OK;
}

static void refuse(struct linnet_node *node, linnet_status_t status) {
    node->last_error = status;
    linnet_timer_start(&node->session.pause, node->port->now_ms(node->port->context),
                       LINNET_REFUSED_MS);
}

/* A node without a name keeps the one it is given. */
static linnet_status_t keep_name(struct linnet_node *node, struct linnet_span name) {
    if (name.length == 0 || linnet_node_name(node).length > 0) {
        return LINNET_OK;
    }
    return node->store_status < 0 ? node->store_status : linnet_store_set_name(&node->store, name);
}

/* Other samples make another round. */
static bool keep_samples(struct linnet_node *node, const struct linnet_hello_response *hello) {
    uint32_t *samples = node->session.samples;
    bool is_changed = samples[LINNET_SPLIT_TRAIN] != hello->train_samples ||
                      samples[LINNET_SPLIT_TEST] != hello->test_samples;
    samples[LINNET_SPLIT_TRAIN] = hello->train_samples;
    samples[LINNET_SPLIT_TEST] = hello->test_samples;
    return is_changed && node->port->sample_count == NULL;
}

void linnet_session_take(struct linnet_node *node, struct linnet_span body) {
    struct linnet_hello_response hello;
    struct linnet_reader r = linnet_reader(body.data, body.length);
    linnet_status_t status = (linnet_status_t)linnet_get_i16(&r);
    if (status >= 0 && linnet_hello_response_unpack(body.data, body.length, &hello) != LINNET_OK) {
        return; /* as if it had not come: HELLO is repeated */
    }
    linnet_link_close_request(&node->link);
    if (status >= 0) {
        status = judge(&hello);
    }
    if (status >= 0) {
        status = keep_name(node, hello.node);
    }
    if (status < 0) {
        refuse(node, status);
        return;
    }
    node->session.max_payload =
        hello.max_payload < LINNET_FRAME_MAX_PAYLOAD ? hello.max_payload : LINNET_FRAME_MAX_PAYLOAD;
    node->session.is_open = true;
    linnet_work_session(node, keep_samples(node, &hello));
}
