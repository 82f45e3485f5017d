/*
 * The payload of an upload (SPEC, section 9), made when it is read: from the weights in the kernel
 * and their base in flash. A coded one is written by the kernel from start to end in pieces, so
 * going back in it means to begin anew.
 */
#include <string.h>
#include "node.h"

/* Where a piece lies in the transfer buffer. */
#define CODED_OFFSET (2u * LINNET_CODEC_WORDS)

static bool is_coded(const struct linnet_node *node) {
    return node->work.announcement.plan.codec != LINNET_CODEC_RAW_INT16;
}

static linnet_status_t restart(struct linnet_node *node) {
    node->payload.is_open = true;
    node->payload.start = 0;
    node->payload.bytes = 0;
    int32_t codec = (int32_t)node->work.announcement.plan.codec;
    return (linnet_status_t)linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_encoding,
                                               codec, 0, 0);
}

/* Parameter whose base the kernel wants next; P at the end. */
static uint32_t next_parameter(struct linnet_node *node) {
    return linnet_kernel_word(&node->kernel, LINNET_BLOCK_CODEC_OFFSET);
}

/* Goes to the next piece, which may be empty. */
static linnet_status_t advance(struct linnet_node *node) {
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
    int32_t bytes =
        linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_encode, (int32_t)count, 0, 0);
    if (bytes < 0) {
        return (linnet_status_t)bytes;
    }
    if ((uint32_t)bytes > 2u * LINNET_IO_WORDS - CODED_OFFSET) {
        return LINNET_ERR_ABI;
    }
    payload->start += payload->bytes;
    payload->bytes = (uint32_t)bytes;
    payload->piece = io + CODED_OFFSET;
    return LINNET_OK;
}

linnet_status_t linnet_payload_measure(struct linnet_node *node, bool *is_done) {
    struct linnet_payload *payload = &node->payload;
    linnet_status_t status = LINNET_OK;
    *is_done = true;
    if (!is_coded(node)) {
        payload->length = 2u * node->round.parameters;
        return LINNET_OK;
    }
    if (!payload->is_open) {
        status = restart(node);
    }
    if (status >= 0 && next_parameter(node) < node->round.parameters) {
        status = advance(node);
        *is_done = false;
    }
    payload->length = payload->start + payload->bytes;
    return status;
}

static linnet_status_t read_coded(struct linnet_node *node, uint32_t offset, uint8_t *out,
                                  uint32_t length) {
    struct linnet_payload *payload = &node->payload;
    linnet_status_t status = offset < payload->start ? restart(node) : LINNET_OK;
    while (status >= 0 && length > 0) {
        uint32_t within = offset - payload->start;
        if (within >= payload->bytes) {
            status = advance(node);
            continue;
        }
        uint32_t left = payload->bytes - within;
        uint32_t bytes = left < length ? left : length;
        memcpy(out, payload->piece + within, bytes);
        out += bytes;
        offset += bytes;
        length -= bytes;
    }
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
                                    uint32_t length) {
    return is_coded(node) ? read_coded(node, offset, out, length)
                          : read_raw(node, offset, out, length);
}
