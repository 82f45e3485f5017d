#include "cut_scene.h"

#include <string.h>
#include "cbor.h"
#include "hmac.h"
#include "sha256.h"

/* Initial weights are at most that far from 0. */
#define INIT_BOUND 4000

/* Well spread bits of two numbers. */
static uint32_t mix(uint32_t a, uint32_t b) {
    uint32_t h = (a ^ b * 0x9e3779b1u) * 0x85ebca77u;
    h = (h ^ h >> 15) * 0xc2b2ae3du;
    return h ^ h >> 13;
}

static struct scene_object object_of(const uint8_t *data, uint32_t length) {
    struct scene_object object = {.bytes = {data, length}};
    linnet_sha256(data, length, object.hash);
    return object;
}

static void put_dense(struct linnet_writer *w, uint16_t tensor, uint16_t inputs, uint16_t outputs,
                      uint8_t activation) {
    linnet_put_u16(w, LINNET_RECORD_DENSE);
    linnet_put_u16(w, 12);
    linnet_put_u16(w, tensor);
    linnet_put_u16(w, (uint16_t)(tensor + 1u));
    linnet_put_u16(w, inputs);
    linnet_put_u16(w, outputs);
    linnet_put_i8(w, -5); /* weights are worth 2^-5 a step */
    linnet_put_u8(w, activation);
    linnet_put_u16(w, INIT_BOUND);
}

/* SPEC, section 3: dense with ReLU, dense, softmax. */
static void make_descriptor(struct scene *scene) {
    struct linnet_writer w = linnet_writer(scene->descriptor_bytes, SCENE_DESCRIPTOR_BYTES);
    linnet_put_u32(&w, LINNET_DESCRIPTOR_MAGIC);
    linnet_put_u16(&w, LINNET_DESCRIPTOR_FORMAT_VERSION);
    linnet_put_u16(&w, 4);
    linnet_put_u32(&w, SCENE_DESCRIPTOR_BYTES);
    linnet_put_u32(&w, 0);
    linnet_put_u16(&w, LINNET_RECORD_INPUT);
    linnet_put_u16(&w, 16);
    linnet_put_u16(&w, 1);
    linnet_put_u16(&w, SCENE_INPUTS);
    linnet_put_u16(&w, 1);
    linnet_put_i8(&w, -6);
    linnet_put_u8(&w, 0);
    linnet_put_u32(&w, 0);
    linnet_put_u32(&w, 0);
    put_dense(&w, 0, SCENE_INPUTS, SCENE_HIDDEN, LINNET_ACTIVATION_RELU);
    put_dense(&w, 1, SCENE_HIDDEN, SCENE_CLASSES, LINNET_ACTIVATION_NONE);
    linnet_put_u16(&w, LINNET_RECORD_SOFTMAX_CROSS_ENTROPY);
    linnet_put_u16(&w, 4);
    linnet_put_u16(&w, 2);
    linnet_put_u16(&w, SCENE_CLASSES);
    scene->descriptor = object_of(scene->descriptor_bytes, linnet_writer_length(&w));
}

static uint32_t fold(uint32_t h, uint32_t v) {
    h = (h ^ v) * 0x9e3779b1u + 0x7f4a7c15u;
    h = (h ^ h >> 15) * 0x85ebca77u;
    return h ^ h >> 13;
}

/* SPEC, section 2.2: the words of a layer that are drawn from a seed. */
static void put_initial_words(struct linnet_writer *w, uint32_t seed, uint32_t layer,
                              uint32_t inputs, uint32_t outputs) {
    for (uint32_t o = 0; o < outputs; o++) {
        uint32_t stream = fold(fold(fold(fold(seed, LINNET_PURPOSE_INIT), layer), 0), o);
        for (uint32_t i = 0; i < inputs; i++) {
            stream = stream * 1664525u + 1013904223u;
            uint32_t drawn = (stream >> 16) * (2u * INIT_BOUND + 1u) >> 16;
            linnet_put_i16(w, (int16_t)((int32_t)drawn - INIT_BOUND + 128));
        }
    }
    for (uint32_t o = 0; o < outputs; o++) {
        linnet_put_i16(w, 0);
    }
}

/* Bits of a payload, the first one lowest in its byte. */
struct bits {
    uint8_t *bytes;
    uint32_t count;
};

static void put_bits(struct bits *bits, uint32_t value, uint32_t count) {
    for (uint32_t i = 0; i < count; i++, bits->count++) {
        uint8_t bit = (uint8_t)((value >> i & 1u) << bits->count % 8);
        uint8_t *byte = &bits->bytes[bits->count / 8];
        *byte = (uint8_t)(bits->count % 8 == 0 ? bit : *byte | bit);
    }
}

static int32_t word_at(const struct scene_object *snapshot, uint32_t index) {
    struct linnet_reader r =
        linnet_reader(snapshot->bytes.data + LINNET_SNAPSHOT_HEADER_BYTES + 2 * (size_t)index, 2);
    return linnet_get_i16(&r);
}

/* RICE_INT16 (SPEC, section 9) of words that differ by at most 8000: none has the long form. */
static void make_difference(struct scene *scene, uint32_t version) {
    static const uint32_t segments[] = {SCENE_INPUTS * SCENE_HIDDEN, SCENE_HIDDEN,
                                        SCENE_HIDDEN * SCENE_CLASSES, SCENE_CLASSES};
    static const uint32_t k = 12;
    struct bits bits = {scene->difference_bytes, 0};
    uint32_t next = 0;
    for (uint32_t s = 0; s < sizeof segments / sizeof segments[0]; s++) {
        put_bits(&bits, k, 4);
        for (uint32_t end = next + segments[s]; next < end; next++) {
            int32_t d = word_at(scene_snapshot(scene, version), next) -
                        word_at(scene_snapshot(scene, version - 1u), next);
            uint32_t u = d < 0 ? (uint32_t)(-2 * d - 1) : (uint32_t)(2 * d);
            put_bits(&bits, (1u << (u >> k)) - 1u, (u >> k) + 1u);
            put_bits(&bits, u, k);
        }
    }
    scene->difference = object_of(scene->difference_bytes, (bits.count + 7u) / 8u);
}

void scene_make_version(struct scene *scene, uint32_t version) {
    uint8_t *bytes = scene->snapshot_bytes[version % SCENE_VERSIONS];
    struct linnet_writer w = linnet_writer(bytes, SCENE_SNAPSHOT_BYTES);
    linnet_put_u32(&w, LINNET_SNAPSHOT_MAGIC);
    linnet_put_u16(&w, LINNET_SNAPSHOT_FORMAT_VERSION);
    linnet_put_u16(&w, 0);
    linnet_put_u32(&w, SCENE_PARAMETERS);
    linnet_put_u32(&w, 0);
    linnet_put_hash(&w, scene->descriptor.hash);
    put_initial_words(&w, version, 0, SCENE_INPUTS, SCENE_HIDDEN);
    put_initial_words(&w, version, 1, SCENE_HIDDEN, SCENE_CLASSES);
    scene->snapshots[version % SCENE_VERSIONS] = object_of(bytes, linnet_writer_length(&w));
    if (version > 0) {
        make_difference(scene, version);
    }
}

void scene_make(struct scene *scene) {
    for (uint32_t i = 0; i < SCENE_KERNELS; i++) {
        struct linnet_span bytes = scene->kernels[i].bytes;
        scene->kernels[i] = object_of(bytes.data, bytes.length);
    }
    make_descriptor(scene);
    for (uint32_t version = 0; version < SCENE_VERSIONS; version++) {
        scene_make_version(scene, version);
    }
}

static uint32_t kernel_index(const struct scene *scene, uint32_t version) {
    bool is_kept = scene->offers_bad_kernel || scene->offers_difference || scene->offers_seed;
    return version == 0 || is_kept ? 0 : 1;
}

const struct scene_object *scene_kernel(const struct scene *scene, uint32_t version) {
    return &scene->kernels[kernel_index(scene, version)];
}

const struct scene_object *scene_snapshot(const struct scene *scene, uint32_t version) {
    return &scene->snapshots[version % SCENE_VERSIONS];
}

static bool has_hash(const struct scene_object *object, const uint8_t *hash) {
    return memcmp(object->hash, hash, LINNET_HASH_BYTES) == 0;
}

const struct scene_object *scene_find(const struct scene *scene, const uint8_t *hash) {
    for (uint32_t i = 0; i < SCENE_KERNELS; i++) {
        if (has_hash(&scene->kernels[i], hash)) {
            return &scene->kernels[i];
        }
    }
    for (uint32_t i = 0; i < SCENE_VERSIONS; i++) {
        if (has_hash(&scene->snapshots[i], hash)) {
            return &scene->snapshots[i];
        }
    }
    if (has_hash(&scene->difference, hash)) {
        return &scene->difference;
    }
    return has_hash(&scene->descriptor, hash) ? &scene->descriptor : NULL;
}

static void put_number(struct linnet_writer *w, uint32_t key, uint32_t value) {
    linnet_cbor_put_uint(w, key);
    linnet_cbor_put_uint(w, value);
}

/* Hash and length, under a key and the next. */
static void put_object(struct linnet_writer *w, uint32_t key, const struct scene_object *object) {
    struct linnet_span hash = {object->hash, LINNET_HASH_BYTES};
    linnet_cbor_put_uint(w, key);
    linnet_cbor_put_bytes(w, hash);
    put_number(w, key + 1, object->bytes.length);
}

static void put_kernel(struct linnet_writer *w, const struct scene *scene, uint32_t index) {
    linnet_cbor_put_head(w, LINNET_CBOR_MAP, 3);
    put_object(w, LINNET_KERNEL_HASH, &scene->kernels[index]);
    put_number(w, LINNET_KERNEL_INTRINSIC_SET, scene->intrinsic_sets[index]);
}

/* Sparse: with a residual of the first layer, and a second one that stays on the node. */
static void put_plan(struct linnet_writer *w, bool is_sparse) {
    linnet_cbor_put_uint(w, LINNET_ANNOUNCEMENT_PLAN);
    linnet_cbor_put_head(w, LINNET_CBOR_MAP, is_sparse ? 11 : 9);
    put_number(w, LINNET_PLAN_TASK, is_sparse ? LINNET_TASK_PERSONALISE : LINNET_TASK_BOTH);
    put_number(w, LINNET_PLAN_SEED, 7);
    put_number(w, LINNET_PLAN_LR_SHIFT, 4);
    put_number(w, LINNET_PLAN_LR_DECAY, LINNET_DECAY_STEPS);
    put_number(w, LINNET_PLAN_EPOCHS, 1);
    put_number(w, LINNET_PLAN_SAMPLES, 0);
    put_number(w, LINNET_PLAN_SKIP_THRESHOLD, 0);
    put_number(w, LINNET_PLAN_CODEC,
               is_sparse ? LINNET_CODEC_SPARSE_TERNARY : LINNET_CODEC_RAW_INT16);
    put_number(w, LINNET_PLAN_WEIGHT_UNIT, 1);
    if (is_sparse) {
        put_number(w, LINNET_PLAN_DENSITY, 200);
        put_number(w, LINNET_PLAN_PERSONAL_LAYERS, 2);
    }
}

const uint8_t scene_key[LINNET_KEY_BYTES] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};

void scene_tag(uint32_t kind, struct linnet_span prefix, struct linnet_span bytes,
               uint8_t mac[LINNET_MAC_BYTES]) {
    static const char names[] = "linnet-1 cuts\0node";
    const struct linnet_span secret = {scene_key, sizeof scene_key};
    const struct linnet_span info = {(const uint8_t *)names, sizeof names - 1u};
    const struct linnet_span none = {NULL, 0};
    const uint8_t first = (uint8_t)kind;
    uint8_t key[LINNET_HASH_BYTES];
    const struct linnet_span derived = {key, sizeof key};
    uint8_t whole[LINNET_HASH_BYTES];
    struct linnet_hmac hmac;
    linnet_hkdf(secret, none, info, key);
    linnet_hmac_init(&hmac, derived);
    linnet_hmac_update(&hmac, &first, 1);
    linnet_hmac_update(&hmac, prefix.data, prefix.length);
    linnet_hmac_update(&hmac, bytes.data, bytes.length);
    linnet_hmac_finish(&hmac, whole);
    memcpy(mac, whole, LINNET_MAC_BYTES);
}

static void put_difference(struct linnet_writer *w, const struct scene *scene, uint32_t version) {
    struct linnet_span base = {scene_snapshot(scene, version - 1u)->hash, LINNET_ID_BYTES};
    linnet_cbor_put_uint(w, LINNET_ANNOUNCEMENT_DIFFERENCE);
    linnet_cbor_put_head(w, LINNET_CBOR_MAP, 4);
    linnet_cbor_put_uint(w, LINNET_DIFFERENCE_BASE);
    linnet_cbor_put_bytes(w, base);
    put_number(w, LINNET_DIFFERENCE_CODEC, LINNET_CODEC_RICE_INT16);
    put_object(w, LINNET_DIFFERENCE_HASH, &scene->difference);
}

uint32_t scene_announce(const struct scene *scene, uint32_t version, uint8_t *out,
                        uint32_t capacity) {
    static const char federation[] = "cuts";
    struct linnet_span name = {(const uint8_t *)federation, sizeof federation - 1u};
    struct linnet_writer w = linnet_writer(out, capacity);
    bool has_difference = scene->offers_difference && version > 0;
    linnet_cbor_put_head(&w, LINNET_CBOR_MAP,
                         11u + (has_difference ? 1u : 0) + (scene->offers_seed ? 1u : 0));
    put_number(&w, LINNET_ANNOUNCEMENT_FORMAT, LINNET_WIRE_FORMAT_VERSION);
    linnet_cbor_put_uint(&w, LINNET_ANNOUNCEMENT_FEDERATION);
    linnet_cbor_put_text(&w, name);
    put_number(&w, LINNET_ANNOUNCEMENT_VERSION, version);
    put_object(&w, LINNET_ANNOUNCEMENT_ARTEFACT_HASH, scene_snapshot(scene, version));
    put_object(&w, LINNET_ANNOUNCEMENT_DESCRIPTOR_HASH, &scene->descriptor);
    put_number(&w, LINNET_ANNOUNCEMENT_NUMERICS, LINNET_NUMERICS_VERSION);
    linnet_cbor_put_uint(&w, LINNET_ANNOUNCEMENT_KERNELS);
    bool has_bad_kernel = scene->offers_bad_kernel && version > 0;
    linnet_cbor_put_head(&w, LINNET_CBOR_ARRAY, has_bad_kernel ? 2 : 1);
    if (has_bad_kernel) {
        put_kernel(&w, scene, SCENE_BAD_KERNEL);
    }
    put_kernel(&w, scene, kernel_index(scene, version));
    put_plan(&w, scene->is_sparse);
    put_number(&w, LINNET_ANNOUNCEMENT_EPOCH, 0);
    if (has_difference) {
        put_difference(&w, scene, version);
    }
    if (scene->offers_seed) {
        put_number(&w, LINNET_ANNOUNCEMENT_INITIAL_SEED, version);
    }
    return linnet_writer_length(&w);
}

void scene_sample(uint32_t salt, uint32_t split, uint32_t index, int8_t *x, uint8_t *label) {
    uint32_t sample = mix(mix(salt, split), index);
    *label = (uint8_t)(sample % SCENE_CLASSES);
    for (uint32_t i = 0; i < SCENE_INPUTS; i++) {
        int32_t noise = (int32_t)(mix(sample, i) % 81u) - 40;
        x[i] = (int8_t)(noise + (i % SCENE_CLASSES == *label ? 60 : -20));
    }
}
