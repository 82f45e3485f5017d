/*
 * announcement BYTES · receipt BYTES: status and, if it is OK, what was understood, as JSON
 * envelope FIELDS…: the head, made as a whole and in slices of some sizes
 */
#include "lines.h"
#include "wire.h"

#define MAX_CELLS 4096u

static void print_number(const char *name, uint32_t value) {
    printf(",\"%s\":%" PRIu32, name, value);
}

static void print_bytes(const char *name, const uint8_t *bytes, uint32_t length) {
    printf(",\"%s\":\"", name);
    print_hex(bytes, length);
    putchar('"');
}

static void print_optional(const char *name, uint32_t value) {
    if (value != LINNET_WIRE_ABSENT) {
        print_number(name, value);
    }
}

static void print_limits(const struct linnet_plan *plan) {
    static const char *const names[] = {"minBattery", "charging", "minLink", "minRam"};
    const struct linnet_eligibility *asked = &plan->eligibility;
    print_number("drawBelow", plan->draw_below);
    print_number("jitterMs", plan->jitter_ms);
    print_number("isLimited", plan->is_limited);
    printf(",\"eligibility\":{\"minSamples\":%" PRIu32, asked->min_samples);
    print_number("maxModelAge", asked->max_model_age);
    print_number("minModelAge", asked->min_model_age);
    for (uint32_t i = 0; i < LINNET_CONDITIONS; i++) {
        print_number(names[i], asked->conditions[i]);
    }
    putchar('}');
}

static void print_plan(const struct linnet_plan *plan) {
    printf(",\"plan\":{\"task\":%" PRIu32, plan->task);
    print_number("seed", plan->seed);
    print_number("lrShift", plan->lr_shift);
    print_number("lrDecay", plan->lr_decay);
    print_number("epochs", plan->epochs);
    print_number("samples", plan->samples);
    print_number("skipThreshold", plan->skip_threshold);
    if (plan->class_weights.data != NULL) {
        print_bytes("classWeights", plan->class_weights.data, plan->class_weights.length);
    }
    print_number("codec", plan->codec);
    print_number("weightUnit", plan->weight_unit);
    print_optional("deadlineMs", plan->deadline_ms);
    print_number("frozenLayers", plan->frozen_layers);
    print_number("personalLayers", plan->personal_layers);
    print_number("proximalShift", plan->proximal_shift);
    print_number("density", plan->density);
    print_number("maxStaleness", plan->max_staleness);
    print_limits(plan);
    putchar('}');
}

static void print_announcement(const struct linnet_announcement *a) {
    print_bytes("federation", a->federation.data, a->federation.length);
    print_number("epoch", a->epoch);
    print_number("version", a->version);
    print_optional("parent", a->parent);
    print_bytes("artefactHash", a->artefact_hash, LINNET_HASH_BYTES);
    print_number("artefactBytes", a->artefact_bytes);
    print_bytes("descriptorHash", a->descriptor_hash, LINNET_HASH_BYTES);
    print_number("descriptorBytes", a->descriptor_bytes);
    print_number("numerics", a->numerics);
    printf(",\"kernels\":[");
    for (uint32_t i = 0; i < a->kernel_count; i++) {
        printf("%s{\"bytes\":%" PRIu32, i > 0 ? "," : "", a->kernels[i].bytes);
        print_bytes("hash", a->kernels[i].hash, LINNET_HASH_BYTES);
        print_number("intrinsicSet", a->kernels[i].intrinsic_set);
        putchar('}');
    }
    putchar(']');
    print_plan(&a->plan);
    printf(",\"final\":%s", a->is_final ? "true" : "false");
    if (a->has_initial_seed) {
        print_number("initialSeed", a->initial_seed);
    }
    if (a->difference.hash != NULL) {
        printf(",\"difference\":{\"codec\":%" PRIu32, a->difference.codec);
        print_bytes("base", a->difference.base, LINNET_ID_BYTES);
        print_bytes("hash", a->difference.hash, LINNET_HASH_BYTES);
        print_number("bytes", a->difference.bytes);
        putchar('}');
    }
}

static void answer_announcement(void) {
    struct linnet_span bytes = next_bytes();
    struct linnet_announcement announcement;
    linnet_status_t status = linnet_announcement_parse(bytes.data, bytes.length, &announcement);
    printf("{\"status\":%d", status);
    if (status == LINNET_OK) {
        print_announcement(&announcement);
    }
    putchar('}');
    free_bytes(bytes);
}

static void answer_receipt(void) {
    struct linnet_span bytes = next_bytes();
    struct linnet_receipt receipt;
    linnet_status_t status = linnet_receipt_parse(bytes.data, bytes.length, &receipt);
    printf("{\"status\":%d", status);
    if (status == LINNET_OK) {
        print_number("code", receipt.code);
        print_number("version", receipt.version);
        print_number("contribution", receipt.contribution);
        print_bytes("upload", receipt.upload, LINNET_ID_BYTES);
        print_number("current", receipt.current);
        print_optional("retryMs", receipt.retry_ms);
        print_number("hasMac", receipt.has_mac ? 1 : 0);
    }
    putchar('}');
    free_bytes(bytes);
}

/*
 * "none", or classes, samples, loss, skipped, saturations, correct and the confusion, which no
 * classes have.
 */
static const struct linnet_counters *next_counters(struct linnet_counters *counters,
                                                   uint32_t *confusion) {
    const char *word = next_word();
    if (strcmp(word, "none") == 0) {
        return NULL;
    }
    counters->classes = (uint32_t)parse_number(word);
    counters->samples = next_u32();
    counters->loss = parse_number(next_word());
    counters->skipped = next_u32();
    counters->saturations = next_u32();
    counters->correct = next_u32();
    CHECK(counters->classes * counters->classes <= MAX_CELLS);
    for (uint32_t i = 0; i < counters->classes * counters->classes; i++) {
        confusion[i] = next_u32();
    }
    counters->confusion = counters->classes > 0 ? confusion : NULL;
    return counters;
}

static void check_slices(const struct linnet_envelope *envelope, const uint8_t *head,
                         uint32_t length) {
    static const uint32_t sizes[] = {1, 13, 64, 507};
    for (uint32_t i = 0; i < COUNT(sizes); i++) {
        uint32_t size = sizes[i];
        uint8_t *slice = malloc(size);
        CHECK(slice != NULL);
        for (uint32_t offset = 0; offset <= length; offset += size) {
            uint32_t left = length - offset;
            uint32_t expected = left < size ? left : size;
            CHECK_EQUAL(linnet_envelope_head(envelope, offset, slice, size), expected);
            CHECK(memcmp(slice, head + offset, expected) == 0);
        }
        free(slice);
    }
}

static void answer_envelope(void) {
    static uint32_t confusion[3][MAX_CELLS];
    struct linnet_counters counters[3];
    struct linnet_envelope e;
    e.epoch = next_u32();
    e.version = next_u32();
    struct linnet_span artefact = next_bytes();
    e.contribution = next_u32();
    e.kernel = next_u32();
    e.samples = next_u32();
    e.training = next_counters(&counters[0], confusion[0]);
    e.evaluation = next_counters(&counters[1], confusion[1]);
    e.personal = next_counters(&counters[2], confusion[2]);
    e.codec = next_u32();
    e.payload_bytes = next_u32();
    e.has_mac = next_u32() != 0;
    e.artefact = artefact.data;
    uint32_t length = linnet_envelope_head_bytes(&e);
    uint8_t *head = malloc(length);
    CHECK(head != NULL);
    CHECK_EQUAL(linnet_envelope_head(&e, 0, head, length), length);
    check_slices(&e, head, length);
    print_hex(head, length);
    free(head);
    free_bytes(artefact);
}

int main(void) {
    static char line[LINE_BYTES];
    for (const char *word = next_line(line); word != NULL; word = next_line(line)) {
        if (strcmp(word, "announcement") == 0) {
            answer_announcement();
        } else if (strcmp(word, "receipt") == 0) {
            answer_receipt();
        } else {
            CHECK(strcmp(word, "envelope") == 0);
            answer_envelope();
        }
        putchar('\n');
    }
    return 0;
}
