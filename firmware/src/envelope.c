#include "cbor.h"
#include "wire.h"

#include <stddef.h>

/* Format, epoch, version, artefact, contribution, kernel, samples, codec, payload. */
#define MANDATORY_KEYS 9u

static void put_number(struct linnet_writer *w, uint32_t key, uint64_t value) {
    linnet_cbor_put_uint(w, key);
    linnet_cbor_put_uint(w, value);
}

static void put_id(struct linnet_writer *w, uint32_t key, const uint8_t *id) {
    struct linnet_span bytes = {id, LINNET_ID_BYTES};
    linnet_cbor_put_uint(w, key);
    linnet_cbor_put_bytes(w, bytes);
}

/* Key, and head of a byte string of MAC_BYTES. */
const uint8_t linnet_envelope_mac_key[LINNET_ENVELOPE_MAC_KEY_BYTES] = {
    LINNET_ENVELOPE_MAC, LINNET_CBOR_BYTES << 5 | LINNET_MAC_BYTES};

static void put_confusion(struct linnet_writer *w, const struct linnet_counters *counters) {
    uint32_t cells = counters->classes * counters->classes;
    linnet_cbor_put_uint(w, LINNET_COUNTERS_CONFUSION);
    linnet_cbor_put_head(w, LINNET_CBOR_ARRAY, cells);
    for (uint32_t i = 0; i < cells; i++) {
        linnet_cbor_put_uint(w, counters->confusion[i]);
    }
}

static void put_counters(struct linnet_writer *w, uint32_t key,
                         const struct linnet_counters *counters) {
    if (counters == NULL) {
        return;
    }
    linnet_cbor_put_uint(w, key);
    linnet_cbor_put_head(w, LINNET_CBOR_MAP, LINNET_COUNTERS_SATURATIONS + 1);
    put_number(w, LINNET_COUNTERS_SAMPLES, counters->samples);
    put_number(w, LINNET_COUNTERS_LOSS, counters->loss);
    put_number(w, LINNET_COUNTERS_SKIPPED, counters->skipped);
    put_number(w, LINNET_COUNTERS_SATURATIONS, counters->saturations);
    if (counters->confusion != NULL) {
        put_confusion(w, counters);
    } else {
        put_number(w, LINNET_COUNTERS_CORRECT, counters->correct);
    }
}

/* Everything up to the payload; keys in ascending order, as deterministic CBOR wants them. */
static void put_head(struct linnet_writer *w, const struct linnet_envelope *e) {
    uint32_t pairs = MANDATORY_KEYS;
    pairs += e->training != NULL ? 1 : 0;
    pairs += e->evaluation != NULL ? 1 : 0;
    pairs += e->personal != NULL ? 1 : 0;
    pairs += e->has_mac ? 1 : 0;
    linnet_cbor_put_head(w, LINNET_CBOR_MAP, pairs);
    put_number(w, LINNET_ENVELOPE_FORMAT, LINNET_WIRE_FORMAT_VERSION);
    put_number(w, LINNET_ENVELOPE_EPOCH, e->epoch);
    put_number(w, LINNET_ENVELOPE_VERSION, e->version);
    put_id(w, LINNET_ENVELOPE_ARTEFACT, e->artefact);
    put_number(w, LINNET_ENVELOPE_CONTRIBUTION, e->contribution);
    put_counters(w, LINNET_ENVELOPE_PERSONAL, e->personal);
    put_number(w, LINNET_ENVELOPE_KERNEL, e->kernel);
    put_number(w, LINNET_ENVELOPE_SAMPLES, e->samples);
    put_counters(w, LINNET_ENVELOPE_TRAINING, e->training);
    put_counters(w, LINNET_ENVELOPE_EVALUATION, e->evaluation);
    put_number(w, LINNET_ENVELOPE_CODEC, e->codec);
    linnet_cbor_put_uint(w, LINNET_ENVELOPE_PAYLOAD);
    linnet_cbor_put_head(w, LINNET_CBOR_BYTES, e->payload_bytes);
}

uint32_t linnet_envelope_head_bytes(const struct linnet_envelope *envelope) {
    struct linnet_writer w = linnet_writer(NULL, 0);
    put_head(&w, envelope);
    return w.overflow;
}

uint32_t linnet_envelope_head(const struct linnet_envelope *envelope, uint32_t offset, uint8_t *out,
                              uint32_t capacity) {
    struct linnet_writer w = linnet_slice_writer(offset, out, capacity);
    put_head(&w, envelope);
    return w.length;
}
