#include "node_claims.h"

#include <string.h>

/* No zeros in them, so a frame has them as they are. */
#define KEY_BEGINNING 16u

static bool has_key(const struct attack *a) {
    return a->port.key != NULL;
}

/* Bit for bit what the host announced under this hash. */
static bool is_of_scene(const struct attack *a, const uint8_t *hash, struct linnet_span bytes) {
    const struct scene_object *object = scene_find(a->host.scene, hash);
    return object != NULL && object->bytes.length == bytes.length &&
           memcmp(object->bytes.data, bytes.data, bytes.length) == 0;
}

static bool holds_key(const uint8_t *data, uint32_t length) {
    while (length >= KEY_BEGINNING) {
        const uint8_t *at = memchr(data, scene_key[0], length - KEY_BEGINNING + 1u);
        if (at == NULL) {
            return false;
        }
        if (memcmp(at, scene_key, KEY_BEGINNING) == 0) {
            return true;
        }
        length -= (uint32_t)(at - data) + 1u;
        data = at + 1;
    }
    return false;
}

/* It remembers what it followed: no more than was announced, no less than before. */
static void claim_followed(struct attack *a, const struct linnet_store *store) {
    if (!has_key(a)) {
        return;
    }
    fuzz_require(store->has_followed || !a->has_followed, "what was followed is remembered");
    if (store->has_followed) {
        fuzz_require(store->followed_epoch == 0 && store->followed_version < SCENE_VERSIONS,
                     "what was followed was announced");
        fuzz_require(store->followed_version >= a->followed, "what was followed does not go back");
        a->has_followed = true;
        a->followed = store->followed_version;
    }
}

static void claim_residual(const struct attack *a, struct linnet_store *store) {
    struct linnet_span residual;
    if (linnet_store_residual(store, true, &residual) == LINNET_OK) {
        fuzz_require(!has_key(a) || a->answered != 0, "a residual counts after a receipt");
        fuzz_note(0x3000u);
    }
}

void claim_store(struct attack *a) {
    static const enum linnet_object_kind kinds[] = {LINNET_OBJECT_DESCRIPTOR, LINNET_OBJECT_KERNEL,
                                                    LINNET_OBJECT_SNAPSHOT};
    struct linnet_store store;
    fuzz_require(a->flash.misuses == 0, "the flash is treated as NOR flash");
    fuzz_require(!holds_key(a->flash.memory, a->flash.bytes), "the key is not in the flash");
    fuzz_require(linnet_store_open(&store, &a->port) == LINNET_OK, "the store opens");
    for (uint32_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const uint8_t *hash;
        struct linnet_span found;
        if (linnet_store_newest(&store, kinds[i], &hash, &found) == LINNET_OK) {
            fuzz_require(is_of_scene(a, hash, found), "an object in the store was announced");
            fuzz_note(0x1000u + i);
        }
    }
    claim_followed(a, &store);
    claim_residual(a, &store);
}

/* What the node works on is what the host announces as this version, byte for byte. */
static void claim_work(struct attack *a) {
    const struct linnet_work *work = &a->node.work;
    const struct scene *scene = a->host.scene;
    uint8_t bytes[LINNET_ANNOUNCEMENT_MAX_BYTES];
    uint32_t version = work->announcement.version;
    fuzz_require(version < SCENE_VERSIONS, "the version in hand was announced");
    uint32_t length = scene_announce(scene, version, bytes, sizeof bytes);
    fuzz_require(length == work->announcement_bytes && memcmp(bytes, work->bytes, length) == 0,
                 "the announcement in hand is the one of the host");
    /* A residual has to be settled before the next version is begun. */
    fuzz_require(version == a->followed || (scene->is_sparse && version < a->followed),
                 "the version in hand is the one that was followed last");
    fuzz_note(0x2800u + 32u * version + (uint32_t)work->phase);
}

void claim_node(struct attack *a) {
    const struct linnet_node *node = &a->node;
    fuzz_require(!node->has_kernel || scene_find(a->host.scene, node->kernel_hash) != NULL,
                 "a kernel that is open was announced");
    fuzz_require(node->work.phase <= LINNET_PHASE_FAILED, "the node is in one of its phases");
    claim_followed(a, &node->store);
    if (has_key(a) && node->work.has_announcement) {
        claim_work(a);
    }
    fuzz_note(0x2000u + 32u * (uint32_t)node->work.phase + (uint32_t)node->session.is_open);
}

void claim_sent(const struct attack *a, const uint8_t *data, uint32_t length) {
    fuzz_require(!has_key(a) || !holds_key(data, length), "the key is in no message");
}

void claim_receipt(const struct attack *a, uint32_t version, uint32_t code) {
    bool was_sent = version < SCENE_VERSIONS && (a->answered >> version & 1u) != 0;
    fuzz_require(!has_key(a) || (was_sent && code == LINNET_RECEIPT_ACCEPTED),
                 "a receipt that ends the work is the one of the host");
    fuzz_note(0x3100u + version % 64u);
}
