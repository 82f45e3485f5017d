/* From objects in flash to a kernel that holds the model (SPEC, sections 4, 5 and 7.4). */
#include <string.h>
#include "node.h"

static linnet_status_t open_kernel(struct linnet_node *node, const uint8_t *hash,
                                   struct linnet_span wasm, uint32_t memory_bytes) {
    node->port->feed_watchdog(node->port->context);
    linnet_status_t status =
        linnet_kernel_open(&node->kernel, &node->heap, wasm.data, wasm.length, memory_bytes);
    node->has_kernel = status == LINNET_OK;
    if (node->has_kernel && hash != node->kernel_hash) {
        memcpy(node->kernel_hash, hash, LINNET_HASH_BYTES);
    }
    return status;
}

uint32_t linnet_model_memory(const struct linnet_node *node) {
    uint32_t bytes = node->heap.bytes;
    return bytes > LINNET_ENGINE_BYTES ? bytes - LINNET_ENGINE_BYTES : 0;
}

static linnet_status_t plan(struct linnet_node *node, uint32_t frozen_layers) {
    struct linnet_kernel *kernel = &node->kernel;
    const struct linnet_span *descriptor = &node->round.descriptor;
    uint32_t at = linnet_kernel_word(kernel, LINNET_BLOCK_DESCRIPTOR_PTR);
    uint8_t *to = linnet_kernel_at(kernel, at, descriptor->length);
    if (to == NULL) {
        return LINNET_ERR_MEMORY;
    }
    memcpy(to, descriptor->data, descriptor->length);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_DESCRIPTOR_BYTES, descriptor->length);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_MEMORY_BYTES, kernel->memory_bytes);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_FROZEN_LAYERS, frozen_layers);
    linnet_kernel_set_word(kernel, LINNET_BLOCK_PERSONAL_LAYERS, 0);
    return (linnet_status_t)linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_plan, 0, 0, 0);
}

/* Plans in the memory the kernel has, and if that is too little, in as much as the model needs. */
static linnet_status_t plan_in_memory(struct linnet_node *node, struct linnet_span wasm,
                                      uint32_t frozen_layers) {
    linnet_status_t status = plan(node, frozen_layers);
    if (status != LINNET_ERR_MEMORY) {
        return status;
    }
    uint32_t needed = linnet_kernel_word(&node->kernel, LINNET_BLOCK_ARENA_BYTES);
    if (needed <= node->kernel.memory_bytes) {
        return LINNET_ERR_MEMORY;
    }
    status = open_kernel(node, node->kernel_hash, wasm, needed);
    if (status == LINNET_OK) {
        status = plan(node, frozen_layers);
    }
    return status;
}

static void note_sizes(struct linnet_node *node) {
    node->round.parameters = linnet_kernel_word(&node->kernel, LINNET_BLOCK_PARAMETERS);
    node->round.inputs = linnet_kernel_word(&node->kernel, LINNET_BLOCK_INPUT_BYTES);
}

static void tell_application(struct linnet_node *node) {
    node->has_model = true;
    if (node->port->on_model != NULL) {
        node->port->on_model(node->port->context, node->installed_version);
    }
}

/* Whether the watchdog or a fault ended a run of what is installed, and not a trial. */
static bool is_suspect(const struct linnet_node *node) {
    return (node->reset_reason == LINNET_RESET_REASON_WATCHDOG ||
            node->reset_reason == LINNET_RESET_REASON_FAULT) &&
           node->last_error != LINNET_ERR_TRIAL;
}

/* Snapshot and descriptor of the installed model, of which none but whole ones were installed. */
static bool find_installed(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    const uint8_t *hash =
        linnet_store_installed(&node->store, &node->installed_version, &node->personal_layers);
    return hash != NULL &&
           linnet_store_find(&node->store, LINNET_OBJECT_SNAPSHOT, hash, &round->snapshot) ==
               LINNET_OK &&
           linnet_store_find(&node->store, LINNET_OBJECT_DESCRIPTOR,
                             round->snapshot.data + LINNET_SNAPSHOT_HEADER_BYTES -
                                 LINNET_HASH_BYTES,
                             &round->descriptor) == LINNET_OK;
}

void linnet_model_boot(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    const uint8_t *hash;
    struct linnet_span wasm;
    bool is_installed = find_installed(node);
    uint32_t memory_bytes =
        LINNET_BARE_MEMORY_BYTES + (is_installed ? round->descriptor.length : 0);
    if (linnet_store_newest(&node->store, LINNET_OBJECT_KERNEL, &hash, &wasm) != LINNET_OK ||
        open_kernel(node, hash, wasm, memory_bytes) != LINNET_OK || !is_installed ||
        is_suspect(node) || plan_in_memory(node, wasm, UINT32_MAX) != LINNET_OK) {
        return;
    }
    note_sizes(node);
    tell_application(node);
}

linnet_status_t linnet_model_check_snapshot(const struct linnet_node *node,
                                            struct linnet_span snapshot) {
    struct linnet_reader r = linnet_reader(snapshot.data, snapshot.length);
    bool is_snapshot = linnet_get_u32(&r) == LINNET_SNAPSHOT_MAGIC;
    uint16_t format = linnet_get_u16(&r);
    (void)linnet_get_u16(&r);
    uint32_t parameters = linnet_get_u32(&r);
    (void)linnet_get_u32(&r);
    const uint8_t *descriptor = linnet_get_hash(&r);
    if (!is_snapshot || descriptor == NULL) {
        return LINNET_ERR_DATA;
    }
    if (format != LINNET_SNAPSHOT_FORMAT_VERSION) {
        return LINNET_ERR_VERSION;
    }
    uint32_t words = (snapshot.length - LINNET_SNAPSHOT_HEADER_BYTES) / 2;
    if (parameters != words || snapshot.length % 2 != 0 ||
        memcmp(descriptor, node->work.announcement.descriptor_hash, LINNET_HASH_BYTES) != 0) {
        return LINNET_ERR_DATA;
    }
    return parameters == node->round.parameters ? LINNET_OK : LINNET_ERR_SHAPE;
}

linnet_status_t linnet_model_plan(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    struct linnet_kernel *kernel = &node->kernel;
    const uint8_t *hash = round->kernel->hash;
    bool is_proved = linnet_store_verdict(&node->store, hash) == LINNET_VERDICT_PROVED;
    struct linnet_span wasm;
    linnet_status_t status = linnet_store_find(&node->store, LINNET_OBJECT_KERNEL, hash, &wasm);
    if (status == LINNET_OK && !is_proved) {
        status = linnet_trial_begin(node);
    }
    uint32_t descriptor_bytes = round->descriptor.length;
    bool is_open = node->has_kernel && kernel->heap != NULL &&
                   kernel->memory_bytes >= LINNET_BARE_MEMORY_BYTES + descriptor_bytes &&
                   memcmp(hash, node->kernel_hash, LINNET_HASH_BYTES) == 0;
    if (status == LINNET_OK && !is_open) {
        status = open_kernel(node, hash, wasm, LINNET_BARE_MEMORY_BYTES + descriptor_bytes);
    }
    if (status < 0) {
        return status;
    }
    if (linnet_kernel_word(kernel, LINNET_BLOCK_NUMERICS) != node->work.announcement.numerics) {
        return LINNET_ERR_UNSUPPORTED;
    }
    if (linnet_kernel_word(kernel, LINNET_BLOCK_INTRINSIC_SET) != round->kernel->intrinsic_set) {
        return LINNET_ERR_INTRINSICS;
    }
    status = plan_in_memory(node, wasm, node->work.announcement.plan.frozen_layers);
    if (status < 0) {
        return status;
    }
    note_sizes(node);
    node->work.phase = is_proved ? LINNET_PHASE_SNAPSHOT : LINNET_PHASE_TRIAL;
    return LINNET_OK;
}

linnet_status_t linnet_model_load(struct linnet_node *node) {
    struct linnet_round *round = &node->round;
    uint32_t left = round->parameters - round->position;
    uint32_t count = left < LINNET_IO_WORDS ? left : LINNET_IO_WORDS;
    linnet_status_t status =
        linnet_model_transfer(node, LINNET_KERNEL_FUNCTION_load, round->position, count, NULL);
    round->position += count;
    if (status < 0 || round->position < round->parameters) {
        return status;
    }
    const struct linnet_announcement *announcement = &node->work.announcement;
    node->installed_version = announcement->version;
    node->personal_layers = linnet_residual_layers(node);
    node->has_installed_words = node->personal_layers == 0;
    tell_application(node);
    status = linnet_store_install(&node->store, announcement->artefact_hash, announcement->version,
                                  node->personal_layers);
    if (status < 0) {
        node->last_error = status; /* the next start will not find it; this one goes on */
    }
    return linnet_round_begin(node);
}

const uint8_t *linnet_model_base(const struct linnet_node *node, uint32_t first) {
    return node->round.snapshot.data + LINNET_SNAPSHOT_HEADER_BYTES + 2 * (size_t)first;
}

/* As linnet_model_transfer(), of any words. */
static linnet_status_t transfer(struct linnet_node *node, enum linnet_kernel_function function,
                                const uint8_t *words, uint32_t offset, uint32_t count,
                                const uint8_t **result) {
    struct linnet_kernel *kernel = &node->kernel;
    uint32_t at = linnet_kernel_word(kernel, LINNET_BLOCK_IO_PTR);
    uint8_t *io = linnet_kernel_at(kernel, at, 2 * count);
    if (io == NULL) {
        return LINNET_ERR_ABI;
    }
    memcpy(io, words + 2 * (size_t)offset, 2 * (size_t)count);
    int32_t status = linnet_kernel_call(kernel, function, (int32_t)offset, (int32_t)count, 0);
    if (result != NULL) {
        *result = io;
    }
    return (linnet_status_t)status;
}

linnet_status_t linnet_model_transfer(struct linnet_node *node,
                                      enum linnet_kernel_function function, uint32_t offset,
                                      uint32_t count, const uint8_t **result) {
    return transfer(node, function, linnet_model_base(node, 0), offset, count, result);
}

linnet_status_t linnet_model_load_words(struct linnet_node *node, const uint8_t *words,
                                        uint32_t layers) {
    uint32_t parameters = node->round.parameters;
    linnet_status_t status = LINNET_OK;
    linnet_kernel_set_word(&node->kernel, LINNET_BLOCK_PERSONAL_LAYERS, layers);
    for (uint32_t at = 0; at < parameters && status == LINNET_OK; at += LINNET_IO_WORDS) {
        uint32_t left = parameters - at;
        uint32_t count = left < LINNET_IO_WORDS ? left : LINNET_IO_WORDS;
        status = transfer(node, LINNET_KERNEL_FUNCTION_load, words, at, count, NULL);
    }
    return status;
}
