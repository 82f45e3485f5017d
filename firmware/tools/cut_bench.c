#include "cut_bench.h"

#include <string.h>
#include "sha256.h"

/* A round takes a few hundred. */
#define MOST_POLLS 20000u
/* Samples of one question; classes are below 4. */
#define ASKED 15u

static uint32_t read_link(void *context, uint8_t *out, uint32_t capacity) {
    return cut_host_send(&((struct cut_bench *)context)->host, out, capacity);
}

/* What is sent without power reaches nobody; the node gives a message at once. */
static uint32_t write_link(void *context, const uint8_t *data, uint32_t length) {
    struct cut_bench *bench = context;
    if (bench->flash.has_power) {
        bool is_cut = bench->operations++ == bench->cut_at;
        uint32_t part = bench->flash.seed % 3;
        uint32_t sent = !is_cut || part == 0 ? length : part == 1 ? length / 2 : 0;
        bench->flash.has_power = !is_cut;
        cut_host_receive(&bench->host, data, sent);
    }
    return length;
}

static uint32_t now_ms(void *context) {
    return ((struct cut_bench *)context)->clock_ms;
}

static void idle(void *context, uint32_t timeout_ms) {
    ((struct cut_bench *)context)->clock_ms += timeout_ms;
}

static void do_nothing(void *context) {
    (void)context;
}

/* True if the flash operation that begins is the one that is cut. */
static bool is_cut(struct cut_bench *bench) {
    bool is_it = bench->flash.has_power && bench->operations++ == bench->cut_at;
    if (is_it) {
        bench->flash.cut_at = bench->flash.operations;
    }
    return is_it;
}

static int32_t erase(void *context, uint32_t offset) {
    struct cut_bench *bench = context;
    bench->was_erase = is_cut(bench) || bench->was_erase;
    return nor_flash_erase(&bench->flash, offset);
}

static int32_t program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    struct cut_bench *bench = context;
    (void)is_cut(bench);
    return nor_flash_program(&bench->flash, offset, data, length);
}

static uint32_t sample_count(void *context, uint32_t split) {
    (void)context;
    return split == LINNET_SPLIT_TRAIN ? SCENE_TRAIN_SAMPLES : SCENE_TEST_SAMPLES;
}

static int32_t sample(void *context, uint32_t split, uint32_t index, int8_t *x, uint32_t x_bytes,
                      uint8_t *label) {
    const struct cut_bench *bench = context;
    if (x_bytes != SCENE_INPUTS) {
        return LINNET_ERR_SHAPE;
    }
    scene_sample(bench->has_changing_samples ? bench->starts : 0, split, index, x, label);
    return LINNET_OK;
}

void cut_bench_init(struct cut_bench *bench, const struct scene *scene, struct runner_memory heap) {
    const struct linnet_port port = {
        .context = bench,
        .node = "",
        .runtime = "cut-runner",
        .key = scene_key,
        .link_read = read_link,
        .link_write = write_link,
        .now_ms = now_ms,
        .idle = idle,
        .feed_watchdog = do_nothing,
        .reset = do_nothing,
        .flash_erase = erase,
        .flash_program = program,
        .sample_count = sample_count,
        .sample = sample,
    };
    memset(bench, 0, sizeof *bench);
    bench->port = port;
    bench->heap = heap;
    cut_host_init(&bench->host, scene);
}

void cut_bench_use_flash(struct cut_bench *bench, uint8_t *memory, uint32_t bytes,
                         uint32_t sector_bytes, uint32_t write_bytes) {
    nor_flash_init(&bench->flash, memory, bytes, sector_bytes, write_bytes);
    bench->port.flash = nor_flash_describe(&bench->flash);
}

static void expect(struct cut_bench *bench, bool is_so, const char *fault) {
    if (!is_so && bench->host.fault == NULL) {
        bench->host.fault = fault;
    }
}

/* Hash of a residual in the flash; false if there is none. */
static bool hash_residual(struct linnet_store *store, bool is_accepted, uint8_t *hash) {
    struct linnet_span object;
    if (linnet_store_residual(store, is_accepted, &object) != LINNET_OK) {
        return false;
    }
    linnet_sha256(object.data, object.length, hash);
    return true;
}

/* Before the first offer the residual of that upload must be in the flash. */
static void note_residual(struct cut_bench *bench) {
    struct cut_host *host = &bench->host;
    struct linnet_store store;
    if (!host->checks_residuals || !host->has_offer || host->has_new_residual) {
        return;
    }
    host->has_new_residual = linnet_store_open(&store, &bench->port) == LINNET_OK &&
                             hash_residual(&store, false, host->new_residual);
    expect(bench, host->has_new_residual, "it offers an upload and has not kept its residual");
}

/* The old one until the receipt, then perhaps or in the end surely the new one. */
static void check_residual(struct cut_bench *bench, struct linnet_store *store, bool is_done) {
    const struct cut_host *host = &bench->host;
    uint8_t hash[LINNET_HASH_BYTES];
    if (!host->checks_residuals) {
        return;
    }
    bool exists = hash_residual(store, true, hash);
    bool is_old = exists == host->has_old_residual &&
                  (!exists || memcmp(hash, host->old_residual, sizeof hash) == 0);
    bool is_new = exists && host->has_new_residual && host->has_posted_receipt &&
                  memcmp(hash, host->new_residual, sizeof hash) == 0;
    expect(bench, is_new || (is_old && !is_done), "its residual is not that of what was accepted");
    if (host->has_new_residual && !is_new) {
        bool is_kept =
            hash_residual(store, false, hash) && memcmp(hash, host->new_residual, sizeof hash) == 0;
        expect(bench, is_kept, "the residual of the upload it offered is gone");
    }
}

/* What the model says of some samples, two bits each; 0 = it says nothing. */
static uint32_t ask(struct cut_bench *bench, uint32_t *version) {
    uint32_t answers = 1;
    for (uint32_t i = 0; i < ASKED; i++) {
        struct linnet_inference inference;
        int8_t x[SCENE_INPUTS];
        uint8_t label;
        scene_sample(0, LINNET_SPLIT_TEST, i, x, &label);
        linnet_status_t status = linnet_infer(&bench->node, x, sizeof x, &inference);
        expect(bench, status == LINNET_OK || status == LINNET_ERR_LATER, "it cannot be asked");
        if (status != LINNET_OK) {
            return 0;
        }
        *version = inference.version;
        answers = answers << 2 | inference.predicted;
    }
    return answers;
}

/* A node that has just started, before it hears of its host. */
static void check_answers(struct cut_bench *bench) {
    uint32_t announced = bench->host.version;
    uint32_t version = 0;
    uint32_t answers = ask(bench, &version);
    if (answers == 0) {
        expect(bench, !bench->must_answer, "it has forgotten its model");
        return;
    }
    uint32_t known = bench->answers[version % SCENE_VERSIONS];
    expect(bench, version <= announced && version + 2u > announced,
           "it answers with a version that is long gone, or to come");
    /* With layers of its own it answers otherwise once a receipt has come. */
    expect(bench, known == 0 || known == answers || bench->host.checks_residuals,
           "its model answers as it did not before");
}

/* At the end of a life without a cut. */
static void note_answers(struct cut_bench *bench) {
    uint32_t version = 0;
    uint32_t answers = ask(bench, &version);
    expect(bench, answers != 0 && version == bench->host.version, "its model is not installed");
    bench->answers[version % SCENE_VERSIONS] = answers;
}

enum bench_outcome cut_bench_live(struct cut_bench *bench, uint32_t cut_at, uint32_t seed) {
    nor_flash_restart(&bench->flash, NOR_FLASH_NEVER, seed);
    cut_host_restart(&bench->host);
    bench->operations = 0;
    bench->cut_at = cut_at;
    bench->was_erase = false;
    bench->starts++;
    linnet_status_t status =
        linnet_node_init(&bench->node, &bench->port, bench->heap.at, bench->heap.bytes);
    expect(bench, status == LINNET_OK || !bench->flash.has_power, "it cannot use the flash");
    if (bench->flash.has_power && bench->checks_answers) {
        check_answers(bench);
    }
    bench->must_answer = false;
    for (uint32_t i = 0; i < MOST_POLLS; i++) {
        note_residual(bench);
        if (bench->host.fault != NULL) {
            return BENCH_FAULT;
        }
        if (!bench->flash.has_power) {
            return BENCH_CUT;
        }
        if (bench->host.is_done) {
            if (bench->checks_answers) {
                note_answers(bench);
            }
            return bench->host.fault == NULL ? BENCH_DONE : BENCH_FAULT;
        }
        idle(bench, linnet_node_poll(&bench->node));
    }
    expect(bench, false, "it does not come to an end");
    return BENCH_FAULT;
}

static bool is_object(struct linnet_span found, const struct scene_object *object) {
    return found.length == object->bytes.length &&
           memcmp(found.data, object->bytes.data, found.length) == 0;
}

/* The newest of a kind must be one of two; NULL = there must not be any. */
static void check_newest(struct cut_bench *bench, struct linnet_store *store,
                         enum linnet_object_kind kind, const struct scene_object *newer,
                         const struct scene_object *older, bool must_be) {
    const uint8_t *hash;
    struct linnet_span found;
    if (linnet_store_newest(store, kind, &hash, &found) == LINNET_OK) {
        expect(bench, is_object(found, newer) || (older != NULL && is_object(found, older)),
               "an object in its store is none that it was given");
    } else {
        expect(bench, !must_be, "an object is gone from its store");
    }
}

/* Whoever saw the offer gets these bytes and no others. */
static void check_kept_upload(struct cut_bench *bench, struct linnet_store *store) {
    const struct cut_host *host = &bench->host;
    const uint8_t *hash;
    struct linnet_span found;
    uint8_t digest[LINNET_HASH_BYTES];
    if (!host->has_offer) {
        return;
    }
    linnet_status_t status = linnet_store_newest(store, LINNET_OBJECT_UPLOAD, &hash, &found);
    if (status != LINNET_OK || found.length < host->length) {
        expect(bench, false, "the upload it offered is gone");
        return;
    }
    linnet_sha256(found.data + found.length - host->length, host->length, digest);
    expect(bench, memcmp(digest, host->hash, sizeof digest) == 0,
           "the upload in its store is not the one it offered");
}

/* What it has answered an announcement of it follows, and nothing older. */
static void check_followed(struct cut_bench *bench, const struct linnet_store *store) {
    const struct cut_host *host = &bench->host;
    if (host->has_followed) {
        expect(bench, store->has_followed && store->followed_version >= host->followed,
               "it has forgotten what it followed");
    }
    expect(bench, !store->has_followed || store->followed_version <= host->version,
           "it followed what nobody announced");
}

void cut_bench_check_survivors(struct cut_bench *bench, bool lacks_nothing) {
    const struct scene *scene = bench->host.scene;
    uint32_t version = bench->host.version;
    uint32_t before = version == 0 ? 0 : version - 1;
    struct linnet_store store;
    linnet_status_t status = linnet_store_open(&store, &bench->port);
    expect(bench, status == LINNET_OK, "its store does not open");
    expect(bench, bench->flash.misuses == 0, "it does with the flash what no flash does");
    if (bench->host.fault != NULL) {
        return;
    }
    bool has_two_kernels = store.pairs[LINNET_OBJECT_KERNEL].count == 2;
    bench->must_answer = lacks_nothing && has_two_kernels;
    check_newest(bench, &store, LINNET_OBJECT_DESCRIPTOR, &scene->descriptor, NULL, lacks_nothing);
    check_newest(bench, &store, LINNET_OBJECT_KERNEL, scene_kernel(scene, version),
                 scene_kernel(scene, before), lacks_nothing && has_two_kernels);
    check_newest(bench, &store, LINNET_OBJECT_SNAPSHOT, scene_snapshot(scene, version),
                 scene_snapshot(scene, before), lacks_nothing);
    check_followed(bench, &store);
    check_kept_upload(bench, &store);
    check_residual(bench, &store, false);
}

void cut_bench_check_done(struct cut_bench *bench) {
    const struct scene *scene = bench->host.scene;
    uint32_t version = bench->host.version;
    struct linnet_store store;
    expect(bench, linnet_store_open(&store, &bench->port) == LINNET_OK, "its store does not open");
    expect(bench, bench->flash.misuses == 0, "it does with the flash what no flash does");
    if (bench->host.fault != NULL) {
        return;
    }
    check_newest(bench, &store, LINNET_OBJECT_DESCRIPTOR, &scene->descriptor, NULL, true);
    check_newest(bench, &store, LINNET_OBJECT_KERNEL, scene_kernel(scene, version), NULL, true);
    check_newest(bench, &store, LINNET_OBJECT_SNAPSHOT, scene_snapshot(scene, version), NULL, true);
    check_kept_upload(bench, &store);
    check_residual(bench, &store, true);
}

void cut_bench_age(struct cut_bench *bench) {
    struct linnet_store store;
    uint32_t sector_bytes = bench->flash.sector_bytes;
    nor_flash_restart(&bench->flash, NOR_FLASH_NEVER, 0);
    expect(bench, linnet_store_open(&store, &bench->port) == LINNET_OK, "its store does not open");
    while (bench->host.fault == NULL &&
           store.record_offset % sector_bytes < sector_bytes - LINNET_CELL_BYTES) {
        expect(bench, linnet_store_count_boot(&store) == LINNET_OK, "it cannot count a start");
    }
}
