/*
 * The payload of an upload (SPEC, section 9), made when it is read: from the weights in the kernel
 * and their base in flash. A coded one is written by the kernel from start to end in pieces, so
 * going back in it means to begin anew.
 */
#include <string.h>
#include "node.h"

/* Where a piece lies in the transfer buffer, and where residuals do. */
#define CODED_OFFSET (2u * LINNET_CODEC_WORDS)
#define RESIDUAL_OFFSET (2u * (LINNET_IO_WORDS - LINNET_CODEC_WORDS))

/* Pieces that are written for a slice once it has a byte. */
#define PIECES_OF_A_SLICE 16u

static bool is_sparse(const struct linnet_node *node) {
    return node->work.announcement.plan.codec == LINNET_CODEC_SPARSE_TERNARY;
}

static bool is_coded(const struct linnet_node *node) {
    uint32_t codec = node->work.announcement.plan.codec;
    return codec != LINNET_CODEC_RAW_INT16 && codec != LINNET_CODEC_NONE;
}

static linnet_status_t restart(struct linnet_node *node) {
    node->payload.is_open = true;
    node->payload.start = 0;
    node->payload.bytes = 0;
    const struct linnet_plan *plan = &node->work.announcement.plan;
    int32_t codec = (int32_t)plan->codec;
    linnet_kernel_set_word(&node->kernel, LINNET_BLOCK_DENSITY, plan->density);
    return (linnet_status_t)linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_encoding,
                                               codec, 0, 0);
}

/* Parameter whose base the kernel wants next; P at the end. */
static uint32_t next_parameter(struct linnet_node *node) {
    return linnet_kernel_word(&node->kernel, LINNET_BLOCK_CODEC_OFFSET);
}

/* Goes to the next piece, which may be empty. coded: words whose new residual is there. */
static linnet_status_t advance(struct linnet_node *node, uint32_t *coded) {
    struct linnet_payload *payload = &node->payload;
    uint32_t first = next_parameter(node);
    if (first >= node->round.parameters) {
        return LINNET_ERR_RANGE;
    }
    uint32_t left = node->round.parameters - first;
    uint32_t count = left < LINNET_CODEC_WORDS ? left : LINNET_CODEC_WORDS;
    uint32_t at = linnet_kernel_word(&node->kernel, LINNET_BLOCK_IO_PTR);
    uint8_t *io = linnet_kernel_at(&node->kernel, at, 2u * LINNET_IO_WORDS);
    if (io == NULL) {
        return LINNET_ERR_ABI;
    }
    memcpy(io, linnet_model_base(node, first), 2u * count);
    if (is_sparse(node)) {
        linnet_residual_read(node, first, count, io + RESIDUAL_OFFSET);
    }
    int32_t answer =
        linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_encode, (int32_t)count, 0, 0);
    if (answer < 0) {
        return (linnet_status_t)answer;
    }
    uint32_t bytes = (uint32_t)answer & 0xffu;
    *coded = (uint32_t)answer >> 8;
    if (bytes > 2u * LINNET_IO_WORDS - CODED_OFFSET || *coded > count) {
        return LINNET_ERR_ABI;
    }
    payload->start += payload->bytes;
    payload->bytes = bytes;
    payload->piece = io + CODED_OFFSET;
    return LINNET_OK;
}

/* The next piece of a payload that is measured; its residuals go to the store. */
static linnet_status_t measure_piece(struct linnet_node *node) {
    struct linnet_payload *payload = &node->payload;
    uint32_t first = next_parameter(node);
    uint32_t coded;
    linnet_status_t status = advance(node, &coded);
    if (status == LINNET_OK && is_sparse(node) && coded > 0) {
        const uint8_t *residuals = payload->piece - CODED_OFFSET + RESIDUAL_OFFSET;
        status = linnet_residual_write(node, first, residuals, coded);
    }
    return status;
}

/* Where it begins: the payload, and what stays here. */
static linnet_status_t begin(struct linnet_node *node, bool stays) {
    linnet_status_t status = stays ? linnet_residual_begin(node) : LINNET_OK;
    node->payload.is_open = true;
    return status < 0 || !is_coded(node) ? status : restart(node);
}

linnet_status_t linnet_payload_measure(struct linnet_node *node, bool *is_done) {
    struct linnet_payload *payload = &node->payload;
    bool stays = linnet_residual_is_used(&node->work.announcement);
    uint32_t parameters = node->round.parameters;
    *is_done = false;
    if (!payload->is_open) {
        return begin(node, stays);
    }
    if (is_coded(node) && next_parameter(node) < parameters) {
        return measure_piece(node);
    }
    uint32_t left = parameters - payload->residual_words;
    if (stays && left > LINNET_CODEC_WORDS) {
        uint32_t next = payload->residual_words + LINNET_CODEC_WORDS;
        return linnet_residual_write(node, next, NULL, 0);
    }
    *is_done = true;
    bool is_raw = node->work.announcement.plan.codec == LINNET_CODEC_RAW_INT16;
    payload->length = is_raw ? 2u * parameters : payload->start + payload->bytes;
    return stays ? linnet_residual_end(node) : LINNET_OK;
}

/*
 * A sparse piece may have few bytes or none, so that many pieces make a slice; the link does not
 * wait for all of them.
 */
static linnet_status_t read_coded(struct linnet_node *node, uint32_t offset, uint8_t *out,
                                  uint32_t *length) {
    struct linnet_payload *payload = &node->payload;
    uint32_t coded;
    uint32_t read = 0;
    uint32_t pieces = 0;
    linnet_status_t status = offset < payload->start ? restart(node) : LINNET_OK;
    while (status >= 0 && read < *length && (read == 0 || pieces < PIECES_OF_A_SLICE)) {
        uint32_t within = offset + read - payload->start;
        if (within >= payload->bytes) {
            status = advance(node, &coded);
            pieces += read > 0;
            continue;
        }
        uint32_t left = payload->bytes - within;
        uint32_t bytes = left < *length - read ? left : *length - read;
        memcpy(out + read, payload->piece + within, bytes);
        read += bytes;
    }
    *length = read;
    return status;
}

/* RAW_INT16, as the kernel's memory has it. */
static linnet_status_t read_raw(struct linnet_node *node, uint32_t offset, uint8_t *out,
                                uint32_t length) {
    while (length > 0) {
        const uint8_t *words;
        uint32_t first = offset / 2;
        uint32_t left = node->round.parameters - first;
        uint32_t count = left < LINNET_IO_WORDS ? left : LINNET_IO_WORDS;
        linnet_status_t status =
            linnet_model_transfer(node, LINNET_KERNEL_FUNCTION_delta, first, count, &words);
        if (status < 0) {
            return status;
        }
        uint32_t skip = offset % 2;
        uint32_t bytes = 2 * count - skip < length ? 2 * count - skip : length;
        memcpy(out, words + skip, bytes);
        out += bytes;
        offset += bytes;
        length -= bytes;
    }
    return LINNET_OK;
}

linnet_status_t linnet_payload_read(struct linnet_node *node, uint32_t offset, uint8_t *out,
                                    uint32_t *length) {
    return is_coded(node) ? read_coded(node, offset, out, length)
                          : read_raw(node, offset, out, *length);
}
