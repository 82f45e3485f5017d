/* Objects for the store tests: their bytes follow from kind and generation. */
#ifndef LINNET_TEST_OBJECTS_H
#define LINNET_TEST_OBJECTS_H

#include "check.h"
#include "sha256.h"
#include "store.h"

#define OBJECT_MAX_BYTES 4032u

struct object {
    uint8_t bytes[OBJECT_MAX_BYTES];
    uint32_t length;
    uint8_t hash[LINNET_HASH_BYTES];
};

/* Of most/2 to `most` bytes. */
static inline void make_object(struct object *object, uint32_t kind, uint32_t generation,
                               uint32_t most) {
    uint32_t seed = random_stream(kind + 16 * generation);
    object->length = most - random_below(&seed, most / 2 + 1);
    random_fill(&seed, object->bytes, object->length);
    linnet_sha256(object->bytes, object->length, object->hash);
}

/* Stores an object in pieces of random length. */
static inline linnet_status_t put_object(struct linnet_store *store, enum linnet_object_kind kind,
                                         const struct object *object) {
    uint32_t seed = random_stream(object->length);
    linnet_status_t status = linnet_store_begin(store, kind, object->length);
    for (uint32_t offset = 0; status == LINNET_OK && offset < object->length;) {
        uint32_t left = object->length - offset;
        uint32_t piece = 1 + random_below(&seed, left < 200 ? left : 200);
        status = linnet_store_write(store, offset, object->bytes + offset, piece);
        offset += piece;
    }
    return status == LINNET_OK ? linnet_store_commit(store, object->hash) : status;
}

/* As a node does: a kernel is fetched unless it is there, and proves itself unless it has. */
static inline linnet_status_t install_kernel(struct linnet_store *store,
                                             const struct object *object,
                                             enum linnet_verdict verdict) {
    struct linnet_span found;
    linnet_status_t status = LINNET_OK;
    if (linnet_store_find(store, LINNET_OBJECT_KERNEL, object->hash, &found) != LINNET_OK) {
        status = put_object(store, LINNET_OBJECT_KERNEL, object);
    }
    if (status == LINNET_OK && linnet_store_verdict(store, object->hash) == LINNET_VERDICT_NONE) {
        status = linnet_store_begin_trial(store, object->hash);
        if (status == LINNET_OK) {
            status = linnet_store_judge(store, object->hash, verdict);
        }
    }
    return status;
}

static inline linnet_status_t install_object(struct linnet_store *store,
                                             enum linnet_object_kind kind,
                                             const struct object *object) {
    return kind == LINNET_OBJECT_KERNEL ? install_kernel(store, object, LINNET_VERDICT_PROVED)
                                        : put_object(store, kind, object);
}

static inline int is_object(struct linnet_span found, const struct object *object) {
    return found.length == object->length && memcmp(found.data, object->bytes, object->length) == 0;
}

/* True if the store has the object; what it gives out under the hash must be the object. */
static inline int has_object(struct linnet_store *store, enum linnet_object_kind kind,
                             const struct object *object) {
    struct linnet_span found;
    if (linnet_store_find(store, kind, object->hash, &found) != LINNET_OK) {
        return 0;
    }
    CHECK(is_object(found, object));
    return 1;
}

#endif
