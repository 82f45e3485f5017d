/*
 * Fuzz target: what a node reads and writes of CBOR (SPEC 8). Claims: an announcement or receipt
 * that is accepted has everything it points to inside its bytes and every number in its range; one
 * byte less or more and it is refused; the head of an envelope is the same bytes in whatever
 * slices it is made.
 *
 *     u8 what  announcement, receipt, or the numbers of an envelope
 */
#include "wire.h"
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"

#define MAX_CLASSES 12u
#define HEAD_BYTES 4096u

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    return 0;
}

/* Bytes of the exact size, so that the address sanitizer watches their end. */
static uint8_t *copy_of(const uint8_t *data, uint32_t length) {
    uint8_t *copy = malloc(length == 0 ? 1u : length);
    fuzz_require(copy != NULL, "there is memory");
    memcpy(copy, data, length);
    return copy;
}

static void require_inside(const uint8_t *in, uint32_t length, const uint8_t *part,
                           uint32_t bytes) {
    fuzz_require(part >= in && bytes <= length && (uint32_t)(part - in) <= length - bytes,
                 "what is pointed to lies in the input");
}

static void check_plan(const uint8_t *in, uint32_t length, const struct linnet_plan *plan) {
    bool is_in_range = plan->task <= LINNET_TASK_PERSONALISE && plan->lr_shift <= 24u &&
                       plan->epochs >= 1u && plan->epochs <= 255u && plan->samples <= 1u << 30 &&
                       plan->skip_threshold <= 32767u && plan->weight_unit >= 1u &&
                       plan->proximal_shift <= LINNET_MAX_PROXIMAL_SHIFT;
    fuzz_require(is_in_range, "every number of a plan is in its range");
    bool sends_all = linnet_plan_trains(plan) && plan->codec == LINNET_CODEC_RAW_INT16;
    fuzz_require(plan->personal_layers == 0 || !sends_all, "what is personal is not sent");
    if (plan->class_weights.data != NULL) {
        require_inside(in, length, plan->class_weights.data, plan->class_weights.length);
    }
}

static void check_announcement(const uint8_t *in, uint32_t length) {
    struct linnet_announcement a;
    linnet_status_t status = linnet_announcement_parse(in, length, &a);
    fuzz_note((uint32_t)-status);
    if (status != LINNET_OK) {
        return;
    }
    fuzz_require(length <= LINNET_ANNOUNCEMENT_MAX_BYTES, "an announcement fits a frame");
    require_inside(in, length, a.federation.data, a.federation.length);
    require_inside(in, length, a.artefact_hash, LINNET_HASH_BYTES);
    require_inside(in, length, a.descriptor_hash, LINNET_HASH_BYTES);
    fuzz_require(linnet_is_name(a.federation), "a federation has a name");
    fuzz_require(a.kernel_count >= 1u && a.kernel_count <= LINNET_ANNOUNCEMENT_KERNELS_KEPT,
                 "one to four kernels are kept");
    for (uint32_t i = 0; i < a.kernel_count; i++) {
        require_inside(in, length, a.kernels[i].hash, LINNET_HASH_BYTES);
    }
    check_plan(in, length, &a.plan);
    uint8_t *shorter = copy_of(in, length - 1u);
    fuzz_require(linnet_announcement_parse(shorter, length - 1u, &a) != LINNET_OK,
                 "an announcement that is cut short is refused");
    free(shorter);
}

static void check_receipt(const uint8_t *in, uint32_t length) {
    struct linnet_receipt r;
    linnet_status_t status = linnet_receipt_parse(in, length, &r);
    fuzz_note(0x100u + (uint32_t)-status);
    if (status != LINNET_OK) {
        return;
    }
    fuzz_require(length <= LINNET_RECEIPT_MAX_BYTES, "a receipt fits a frame");
    require_inside(in, length, r.upload, LINNET_ID_BYTES);
    fuzz_require(!r.has_mac || length > LINNET_MAC_BYTES, "a mac has its bytes");
    uint8_t *shorter = copy_of(in, length - 1u);
    fuzz_require(linnet_receipt_parse(shorter, length - 1u, &r) != LINNET_OK,
                 "a receipt that is cut short is refused");
    free(shorter);
}

static struct linnet_counters take_counters(struct fuzz_input *input, uint32_t *confusion) {
    struct linnet_counters counters = {
        .samples = fuzz_take(input, 4),
        .skipped = fuzz_take(input, 4),
        .saturations = fuzz_take(input, 4),
        .loss = fuzz_take(input, 4) * (uint64_t)fuzz_take(input, 4),
        .correct = fuzz_take(input, 4),
        .confusion = confusion,
        .classes = fuzz_take(input, 1) % (MAX_CLASSES + 1u),
    };
    for (uint32_t i = 0; i < MAX_CLASSES * MAX_CLASSES; i++) {
        confusion[i] = fuzz_take(input, 1 + i % 3u);
    }
    return counters;
}

static void check_envelope(struct fuzz_input *input) {
    static const uint8_t artefact[LINNET_ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t confusion[MAX_CLASSES * MAX_CLASSES];
    uint8_t whole[HEAD_BYTES];
    uint8_t slice[HEAD_BYTES];
    uint32_t flags = fuzz_take(input, 1);
    uint32_t seed = fuzz_take(input, 2);
    struct linnet_envelope envelope = {
        .epoch = fuzz_take(input, 4),
        .version = fuzz_take(input, 4),
        .artefact = artefact,
        .contribution = fuzz_take(input, 4),
        .kernel = fuzz_take(input, 1),
        .samples = fuzz_take(input, 4),
        .codec = fuzz_take(input, 1),
        .payload_bytes = fuzz_take(input, 4),
        .has_mac = (flags & 4u) != 0,
    };
    struct linnet_counters counters = take_counters(input, confusion);
    envelope.training = (flags & 1u) != 0 ? &counters : NULL;
    envelope.evaluation = (flags & 2u) != 0 ? &counters : NULL;
    envelope.personal = (flags & 8u) != 0 ? &counters : NULL;
    uint32_t length = linnet_envelope_head_bytes(&envelope);
    fuzz_require(length > 0 && length <= HEAD_BYTES, "a head has a length");
    fuzz_require(linnet_envelope_head(&envelope, 0, whole, HEAD_BYTES) == length,
                 "a head is as long as it said");
    for (uint32_t at = 0; at < length;) {
        uint32_t room = 1u + fuzz_random(&seed) % 40u;
        uint32_t bytes = linnet_envelope_head(&envelope, at, slice, room);
        fuzz_require(bytes == (length - at < room ? length - at : room) &&
                         memcmp(whole + at, slice, bytes) == 0,
                     "slices of a head are parts of it");
        at += bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size, 1};
    if (size == 0) {
        return 0;
    }
    uint32_t length = (uint32_t)size - 1u;
    uint8_t *bytes = copy_of(data + 1, length);
    switch (data[0] % 3u) {
    case 0:
        check_announcement(bytes, length);
        break;
    case 1:
        check_receipt(bytes, length);
        break;
    default:
        check_envelope(&input);
    }
    free(bytes);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed) {
    (void)seed;
    return LLVMFuzzerMutate(data, size, capacity);
}
