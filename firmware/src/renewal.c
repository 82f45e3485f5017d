/*
 * A snapshot that is not fetched (SPEC, section 7.4): the kernel makes its words of a seed, or they
 * are those of the version before and the difference between them. The difference is decoded as it
 * comes, a slice at a time; what is not decoded yet waits in the kernel's transfer buffer, behind
 * the words of a slice. The new snapshot goes to the slot that the one before does not lie in.
 */
#include <string.h>
#include "messages.gen.h"
#include "node.h"

/* Where coded bytes lie in the transfer buffer, and how many have room. */
#define CODED_OFFSET (2u * LINNET_CODEC_WORDS)
#define CODED_BYTES (2u * LINNET_IO_WORDS - CODED_OFFSET)
/* More than a slice can take: 34 bits a word, and the head of a segment. */
#define SLICE_BYTES 144u
/* Bytes of an OBJECT response that are not data: message header, status, offset. */
#define OVERHEAD_BYTES (LINNET_MESSAGE_HEADER_BYTES + 2u + 4u)

static const struct linnet_difference *difference_of(const struct linnet_node *node) {
    return &node->work.announcement.difference;
}

/* Parameter whose delta the kernel decodes next; P at the end. */
static uint32_t next_parameter(struct linnet_node *node) {
    return linnet_kernel_word(&node->kernel, LINNET_BLOCK_CODEC_OFFSET);
}

static uint8_t *transfer_buffer(struct linnet_node *node) {
    uint32_t at = linnet_kernel_word(&node->kernel, LINNET_BLOCK_IO_PTR);
    return linnet_kernel_at(&node->kernel, at, 2u * LINNET_IO_WORDS);
}

/* Nothing but a seed: no difference stands in its way, so none has bytes to wait for. */
static bool has_seed_alone(const struct linnet_node *node) {
    return node->work.announcement.has_initial_seed && difference_of(node)->hash == NULL;
}

/* The snapshot in hand is the base of the difference, and that is worth its bytes. */
static bool has_base(struct linnet_node *node) {
    const struct linnet_difference *difference = difference_of(node);
    const uint8_t *hash;
    struct linnet_span *base = &node->renewal.base;
    return difference->hash != NULL && difference->bytes > 0 &&
           difference->bytes < node->work.announcement.artefact_bytes &&
           linnet_store_newest(&node->store, LINNET_OBJECT_SNAPSHOT, &hash, base) == LINNET_OK &&
           memcmp(hash, difference->base, LINNET_ID_BYTES) == 0 &&
           linnet_model_check_snapshot(node, *base) == LINNET_OK;
}

/* The kernel has the words of the seed, or awaits a difference. */
static bool is_possible(struct linnet_node *node) {
    const struct linnet_announcement *announcement = &node->work.announcement;
    struct linnet_kernel *kernel = &node->kernel;
    uint32_t bytes = LINNET_SNAPSHOT_HEADER_BYTES + 2u * node->round.parameters;
    if (node->renewal.was_tried || announcement->artefact_bytes != bytes) {
        return false;
    }
    if (has_seed_alone(node)) {
        int32_t seed = (int32_t)announcement->initial_seed;
        return linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_initialise, seed, 0, 0) >= 0;
    }
    int32_t codec = (int32_t)difference_of(node)->codec;
    return has_base(node) &&
           linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_decoding, codec, 0, 0) >= 0;
}

static linnet_status_t write(struct linnet_node *node, const uint8_t *data, uint32_t length) {
    return linnet_store_write(&node->store, node->store.writing.offset, data, length);
}

static linnet_status_t write_header(struct linnet_node *node) {
    uint8_t header[LINNET_SNAPSHOT_HEADER_BYTES];
    struct linnet_writer w = linnet_writer(header, sizeof header);
    linnet_put_u32(&w, LINNET_SNAPSHOT_MAGIC);
    linnet_put_u16(&w, LINNET_SNAPSHOT_FORMAT_VERSION);
    linnet_put_u16(&w, 0);
    linnet_put_u32(&w, node->round.parameters);
    linnet_put_u32(&w, 0);
    linnet_put_hash(&w, node->work.announcement.descriptor_hash);
    return write(node, header, sizeof header);
}

linnet_status_t linnet_renewal_begin(struct linnet_node *node) {
    struct linnet_renewal *renewal = &node->renewal;
    bool is_it = is_possible(node);
    renewal->was_tried = true;
    if (!is_it) {
        return LINNET_ERR_NOT_FOUND;
    }
    linnet_status_t status = linnet_store_begin(&node->store, LINNET_OBJECT_SNAPSHOT,
                                                node->work.announcement.artefact_bytes);
    if (status == LINNET_OK) {
        status = write_header(node);
    }
    renewal->offset = 0;
    renewal->waiting = 0;
    renewal->position = 0;
    renewal->is_active = status == LINNET_OK;
    return status;
}

bool linnet_renewal_give_up(struct linnet_node *node) {
    bool was_active = node->renewal.is_active;
    node->renewal.is_active = false;
    return was_active;
}

bool linnet_renewal_needs_bytes(const struct linnet_node *node) {
    const struct linnet_renewal *renewal = &node->renewal;
    return renewal->is_active && renewal->waiting < SLICE_BYTES &&
           renewal->offset < difference_of(node)->bytes;
}

static uint32_t wanted_bytes(const struct linnet_node *node) {
    uint32_t room = CODED_BYTES - node->renewal.waiting;
    uint32_t left = difference_of(node)->bytes - node->renewal.offset;
    uint32_t most = node->session.max_payload - OVERHEAD_BYTES;
    room = left < room ? left : room;
    return room < most ? room : most;
}

uint32_t linnet_renewal_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity) {
    const struct linnet_object_request request = {
        .hash = difference_of(node)->hash,
        .offset = node->renewal.offset,
        .length = (uint16_t)wanted_bytes(node),
    };
    return linnet_object_request_pack(&request, out, capacity);
}

linnet_status_t linnet_renewal_take(struct linnet_node *node, struct linnet_span body) {
    struct linnet_renewal *renewal = &node->renewal;
    struct linnet_object_response answer;
    linnet_status_t status = linnet_object_response_unpack(body.data, body.length, &answer);
    if (status < 0) {
        return status;
    }
    uint32_t length = answer.data.length;
    uint8_t *io = transfer_buffer(node);
    if (io == NULL) {
        return LINNET_ERR_ABI;
    }
    if (answer.offset != renewal->offset || length == 0 || length > wanted_bytes(node)) {
        /* The host has another object or a shorter one. */
        (void)linnet_renewal_give_up(node);
        return LINNET_OK;
    }
    memcpy(io + CODED_OFFSET + renewal->waiting, answer.data.data, length);
    renewal->waiting += length;
    renewal->offset += length;
    return LINNET_OK;
}

static const uint8_t *base_words(const struct linnet_node *node, uint32_t first) {
    return node->renewal.base.data + LINNET_SNAPSHOT_HEADER_BYTES + 2 * (size_t)first;
}

/* Words up to parameter `end` as the kernel has made them, or the base, where the difference passes
 * over them. */
static linnet_status_t copy_words(struct linnet_node *node, uint32_t end) {
    struct linnet_renewal *renewal = &node->renewal;
    uint32_t first = renewal->position;
    uint32_t count = end - first < LINNET_IO_WORDS ? end - first : LINNET_IO_WORDS;
    renewal->position += count;
    if (!has_seed_alone(node)) {
        return write(node, base_words(node, first), 2 * count);
    }
    int32_t answer = linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_store, (int32_t)first,
                                        (int32_t)count, 0);
    const uint8_t *words = transfer_buffer(node);
    if (answer < 0 || words == NULL) {
        return answer < 0 ? (linnet_status_t)answer : LINNET_ERR_ABI;
    }
    return write(node, words, 2 * count);
}

/* deltas ← words of the base + deltas, saturated; little-endian, no alignment. */
static void add_base(const struct linnet_node *node, uint8_t *deltas, uint32_t count) {
    struct linnet_reader base = linnet_reader(base_words(node, node->renewal.position), 2 * count);
    struct linnet_reader delta = linnet_reader(deltas, 2 * count);
    struct linnet_writer out = linnet_writer(deltas, 2 * count);
    for (uint32_t i = 0; i < count; i++) {
        int32_t word = linnet_get_i16(&base) + linnet_get_i16(&delta);
        word = word < INT16_MIN ? INT16_MIN : word > INT16_MAX ? INT16_MAX : word;
        linnet_put_i16(&out, (int16_t)word);
    }
}

/* A slice; `first` is the parameter it begins at. */
static linnet_status_t decode(struct linnet_node *node, uint32_t first) {
    struct linnet_renewal *renewal = &node->renewal;
    int32_t answer = linnet_kernel_call(&node->kernel, LINNET_KERNEL_FUNCTION_decode,
                                        (int32_t)renewal->waiting, 0, 0);
    if (answer < 0) {
        bool is_none = answer == LINNET_ERR_RANGE && linnet_renewal_give_up(node);
        return is_none ? LINNET_OK : (linnet_status_t)answer;
    }
    uint32_t taken = (uint32_t)answer & 255u;
    uint32_t count = (uint32_t)answer >> 8;
    uint32_t left = node->round.parameters - renewal->position;
    uint8_t *io = transfer_buffer(node);
    bool is_stuck = count == 0 && next_parameter(node) == first;
    if (io == NULL || taken > renewal->waiting || count > LINNET_CODEC_WORDS || count > left ||
        is_stuck) {
        return LINNET_ERR_ABI;
    }
    add_base(node, io, count);
    linnet_status_t status = write(node, io, 2 * count);
    renewal->position += count;
    renewal->waiting -= taken;
    memmove(io + CODED_OFFSET, io + CODED_OFFSET + taken, renewal->waiting);
    return status;
}

static linnet_status_t finish(struct linnet_node *node) {
    struct linnet_renewal *renewal = &node->renewal;
    bool is_whole = renewal->waiting == 0 && renewal->offset == difference_of(node)->bytes;
    linnet_status_t status = LINNET_OK;
    renewal->is_active = false;
    if (is_whole) {
        status = linnet_store_commit(&node->store, node->work.announcement.artefact_hash);
    }
    return status == LINNET_ERR_HASH ? LINNET_OK : status;
}

linnet_status_t linnet_renewal_step(struct linnet_node *node) {
    uint32_t next = has_seed_alone(node) ? node->round.parameters : next_parameter(node);
    uint32_t position = node->renewal.position;
    if (next < position || next > node->round.parameters) {
        return LINNET_ERR_ABI;
    }
    if (position < next) {
        return copy_words(node, next);
    }
    return position == node->round.parameters ? finish(node) : decode(node, next);
}
