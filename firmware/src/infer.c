/*
 * Inference on the installed weights, which are in the flash: RAM has one arena, and in it may be
 * the working copy of a training. What an inference changes there is put aside first and put back
 * after.
 */
#include <string.h>
#include "linnet.h"
#include "node.h"

/* What an inference on other words changes, beside memory that holds nothing between two calls. */
static const uint8_t regions[] = {LINNET_REGION_PARAMETERS, LINNET_REGION_LAYERS, LINNET_REGION_IO};
#define REGIONS (sizeof regions / sizeof regions[0])

/* Whether what stands there now is used after the inference. */
static bool is_needed(struct linnet_node *node, uint32_t i) {
    if (i == REGIONS) {
        return node->round.filled > 0;
    }
    switch (regions[i]) {
    case LINNET_REGION_LAYERS: /* a bound on the weights, of the portable kernel alone */
        return linnet_kernel_word(&node->kernel, LINNET_BLOCK_INTRINSIC_SET) == 0;
    case LINNET_REGION_IO: /* a piece of the upload */
        return node->work.phase >= LINNET_PHASE_MEASURE;
    default:
        return true;
    }
}

/* A region of the arena, or the sample that may be half in its place; 0 bytes: nothing to save. */
static uint8_t *region_at(struct linnet_node *node, uint32_t i, uint32_t *bytes) {
    struct linnet_kernel *kernel = &node->kernel;
    if (!is_needed(node, i)) {
        *bytes = 0;
        return linnet_kernel_at(kernel, kernel->block, 0);
    }
    if (i == REGIONS) {
        *bytes = node->round.inputs;
        return linnet_kernel_at(kernel, linnet_kernel_word(kernel, LINNET_BLOCK_INPUT_PTR), *bytes);
    }
    uint32_t table = linnet_kernel_word(kernel, LINNET_BLOCK_REGIONS_PTR);
    const uint8_t *entry = linnet_kernel_at(kernel, table + 8u * regions[i], 8);
    if (entry == NULL) {
        return NULL;
    }
    struct linnet_reader r = linnet_reader(entry, 8);
    uint32_t address = linnet_get_u32(&r);
    *bytes = linnet_get_u32(&r);
    return linnet_kernel_at(kernel, address, *bytes);
}

static uint32_t bytes_to_save(struct linnet_node *node) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i <= REGIONS; i++) {
        uint32_t bytes = 0;
        if (region_at(node, i, &bytes) == NULL) {
            return 0;
        }
        sum += bytes;
    }
    return sum;
}

static void copy_regions(struct linnet_node *node, uint8_t *saved, bool is_saving) {
    for (uint32_t i = 0; i <= REGIONS; i++) {
        uint32_t bytes = 0;
        uint8_t *at = region_at(node, i, &bytes);
        memcpy(is_saving ? saved : at, is_saving ? at : saved, bytes);
        saved += bytes;
    }
}

/* Puts the working copy aside; the code of what ran before makes room for it. */
static uint8_t *put_aside(struct linnet_node *node) {
    uint32_t bytes = bytes_to_save(node);
    if (bytes == 0 ||
        linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_store, 0, 0, 0) < 0) {
        return NULL;
    }
    uint8_t *saved = linnet_heap_allocate(&node->heap, bytes);
    if (saved != NULL) {
        copy_regions(node, saved, true);
    }
    return saved;
}

static linnet_status_t load_installed(struct linnet_node *node) {
    linnet_status_t status = linnet_model_load_words(node, linnet_model_base(node, 0), 0);
    if (status == LINNET_OK) {
        status = linnet_residual_overlay(node);
    }
    linnet_kernel_set_word(&node->kernel, LINNET_BLOCK_PERSONAL_LAYERS,
                           node->work.announcement.plan.personal_layers);
    return status;
}

static linnet_status_t run(struct linnet_node *node, const int8_t *x,
                           struct linnet_inference *out) {
    struct linnet_kernel *kernel = &node->kernel;
    uint32_t bytes = node->round.inputs;
    uint8_t *to =
        linnet_kernel_at(kernel, linnet_kernel_word(kernel, LINNET_BLOCK_INPUT_PTR), bytes);
    if (to == NULL) {
        return LINNET_ERR_ABI;
    }
    memcpy(to, x, bytes);
    int32_t predicted = linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_infer, 0, 0, 0);
    if (predicted < 0) {
        return (linnet_status_t)predicted;
    }
    out->version = node->installed_version;
    out->predicted = (uint32_t)predicted;
    out->score = linnet_kernel_word(kernel, LINNET_BLOCK_SCORE);
    return LINNET_OK;
}

/*
 * Whether the arena holds what the node still needs, or must not lose: words, or half a sample. An
 * upload that is kept needs no words.
 */
static bool has_working_copy(const struct linnet_node *node) {
    bool is_kept = node->upload.kept != NULL;
    return node->work.phase >= LINNET_PHASE_EVALUATE &&
           node->work.phase <= (is_kept ? LINNET_PHASE_DIGEST : LINNET_PHASE_RECEIPT);
}

static linnet_status_t infer_beside(struct linnet_node *node, const int8_t *x,
                                    struct linnet_inference *out) {
    uint8_t *saved = node->has_no_room ? NULL : put_aside(node);
    linnet_status_t status = saved == NULL ? LINNET_ERR_MEMORY : load_installed(node);
    if (status == LINNET_OK) {
        status = run(node, x, out);
    }
    if (node->kernel.heap != NULL) {
        if (saved != NULL) {
            copy_regions(node, saved, false);
            linnet_heap_free(&node->heap, saved);
        }
        return status;
    }
    /* The engine is gone and the copies with it. The same work gives the same bytes again. */
    node->has_no_room = true;
    linnet_work_restart(node);
    return status;
}

linnet_status_t linnet_infer(struct linnet_node *node, const int8_t *x, uint32_t x_bytes,
                             struct linnet_inference *out) {
    if (!node->has_model || node->kernel.heap == NULL) {
        return LINNET_ERR_LATER;
    }
    if (x_bytes != node->round.inputs) {
        return LINNET_ERR_SHAPE;
    }
    node->port->feed_watchdog(node->port->context);
    if (has_working_copy(node)) {
        return infer_beside(node, x, out);
    }
    if (!node->has_installed_words) {
        linnet_status_t status = load_installed(node);
        if (status < 0) {
            return status;
        }
        node->has_installed_words = true;
    }
    return run(node, x, out);
}
