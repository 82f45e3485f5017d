#include "objects.h"
#include "test_flash.h"

#define KIB 1024u

static struct linnet_span text(const char *characters) {
    struct linnet_span span = {(const uint8_t *)characters, (uint32_t)strlen(characters)};
    return span;
}

static int is_named(const struct linnet_store *store, const char *name) {
    struct linnet_span found = linnet_store_name(store);
    return found.length == strlen(name) &&
           (found.length == 0 || memcmp(found.data, name, found.length) == 0);
}

static const struct {
    uint32_t bytes, sector_bytes, write_bytes;
    linnet_status_t status;
    uint32_t kernels, kernel_bytes, snapshot_bytes, residual_bytes;
} layouts[] = {
    {1024 * KIB, 4 * KIB, 4, LINNET_OK, 2, 32 * KIB - 128, 236 * KIB - 128, 232 * KIB - 128},
    {128 * KIB, 4 * KIB, 8, LINNET_OK, 1, 32 * KIB - 128, 20 * KIB - 128, 16 * KIB - 128},
    {64 * KIB, 4 * KIB, 4, LINNET_OK, 1, 32 * KIB - 128, 4 * KIB - 128, 0},
    {60 * KIB, 4 * KIB, 4, LINNET_ERR_FULL, 0, 0, 0, 0},
    {7 * 128 * KIB, 128 * KIB, 4, LINNET_OK, 1, 128 * KIB - 128, 128 * KIB - 128, 0},
    {6 * 128 * KIB, 128 * KIB, 4, LINNET_ERR_FULL, 0, 0, 0, 0},
    {128 * KIB, 256, 64, LINNET_OK, 1, 32 * KIB - 128, 21 * KIB + 768 - 128, 21 * KIB + 768 - 128},
    {0, 4 * KIB, 4, LINNET_ERR_FULL, 0, 0, 0, 0},
    {128 * KIB, 0, 4, LINNET_ERR_FLASH, 0, 0, 0, 0},
    {128 * KIB, 3 * KIB, 4, LINNET_ERR_FLASH, 0, 0, 0, 0},
    {128 * KIB, 32, 4, LINNET_ERR_FLASH, 0, 0, 0, 0},
    {128 * KIB, 4 * KIB, 0, LINNET_ERR_FLASH, 0, 0, 0, 0},
    {128 * KIB, 4 * KIB, 128, LINNET_ERR_FLASH, 0, 0, 0, 0},
};

static void test_layouts(void) {
    for (uint32_t i = 0; i < COUNT(layouts); i++) {
        struct test_flash flash;
        struct linnet_store store;
        test_flash_open(&flash, layouts[i].bytes + 1, layouts[i].sector_bytes,
                        layouts[i].write_bytes);
        flash.port.flash.bytes = layouts[i].bytes;
        CHECK_EQUAL(linnet_store_open(&store, &flash.port), layouts[i].status);
        const struct linnet_slot_pair *pairs = store.pairs;
        if (layouts[i].status == LINNET_OK) {
            const struct linnet_slot_pair *last = &pairs[LINNET_OBJECT_SNAPSHOT];
            CHECK_EQUAL(pairs[LINNET_OBJECT_KERNEL].count, layouts[i].kernels);
            CHECK_EQUAL(pairs[LINNET_OBJECT_KERNEL].capacity, layouts[i].kernel_bytes);
            CHECK_EQUAL(last->capacity, layouts[i].snapshot_bytes);
            CHECK(pairs[LINNET_OBJECT_DESCRIPTOR].capacity >= LINNET_DESCRIPTOR_MAX_BYTES);
            CHECK_EQUAL(store.residuals.capacity, layouts[i].residual_bytes);
            last = store.residuals.count > 0 ? &store.residuals : last;
            CHECK(last->slots[1].offset + LINNET_CELL_BYTES + last->capacity <= layouts[i].bytes);
        }
        CHECK_EQUAL(flash.nor.operations, 0);
        test_flash_close(&flash);
    }
}

static void test_what_is_stored_is_found_after_a_start(uint32_t sector_bytes,
                                                       uint32_t write_bytes) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object object;
    test_flash_open(&flash, 96 * sector_bytes, sector_bytes, write_bytes);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    CHECK(is_named(&store, ""));
    for (uint32_t generation = 1; generation <= 12; generation++) {
        CHECK_EQUAL(linnet_store_count_boot(&store), LINNET_OK);
        for (uint32_t kind = 0; kind < LINNET_SLOT_PAIRS; kind++) {
            make_object(&object, kind, generation, OBJECT_MAX_BYTES);
            CHECK(!has_object(&store, (enum linnet_object_kind)kind, &object));
            CHECK_EQUAL(install_object(&store, (enum linnet_object_kind)kind, &object), LINNET_OK);
            CHECK(has_object(&store, (enum linnet_object_kind)kind, &object));
        }
        CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
        CHECK_EQUAL(store.boot_epoch, generation);
        for (uint32_t kind = 0; kind < LINNET_SLOT_PAIRS; kind++) {
            struct linnet_span found;
            const uint8_t *hash;
            make_object(&object, kind, generation, OBJECT_MAX_BYTES);
            CHECK_EQUAL(linnet_store_newest(&store, (enum linnet_object_kind)kind, &hash, &found),
                        LINNET_OK);
            CHECK(is_object(found, &object) && memcmp(hash, object.hash, sizeof object.hash) == 0);
        }
    }
    test_flash_close(&flash);
}

static void test_the_record_log_goes_round(void) {
    struct test_flash flash;
    struct linnet_store store;
    test_flash_open(&flash, 128 * KIB, 256, 8);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    CHECK_EQUAL(linnet_store_set_name(&store, text("ward-7.bed_2")), LINNET_OK);
    for (uint32_t boot = 1; boot <= 50; boot++) {
        CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
        CHECK_EQUAL(store.boot_epoch, boot - 1);
        CHECK_EQUAL(linnet_store_count_boot(&store), LINNET_OK);
        CHECK(is_named(&store, "ward-7.bed_2"));
    }
    CHECK_EQUAL(flash.nor.operations, 51 + 26); /* of 51 records, two to a sector that was erased */
    CHECK_EQUAL(linnet_store_set_name(&store, text("123456789-123456789-123456789-12")), LINNET_OK);
    CHECK_EQUAL(linnet_store_set_name(&store, text("123456789-123456789-123456789-123")),
                LINNET_ERR_RANGE);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    CHECK(is_named(&store, "123456789-123456789-123456789-12"));
    CHECK_EQUAL(store.boot_epoch, 50);
    test_flash_close(&flash);
}

static void test_the_object_in_use_stays(void) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object v[4];
    test_flash_open(&flash, 128 * KIB, 4 * KIB, 4);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    for (uint32_t i = 0; i < 4; i++) {
        make_object(&v[i], LINNET_OBJECT_SNAPSHOT, i, 3000);
    }
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[0]), LINNET_OK);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[1]), LINNET_OK);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[2]), LINNET_OK);
    CHECK(!has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[0]));
    CHECK(has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[1])); /* the older one, now in use */
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[3]), LINNET_OK);
    CHECK(!has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[2]));
    CHECK(has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[1]));
    CHECK(!has_object(&store, LINNET_OBJECT_KERNEL, &v[1]));
    test_flash_close(&flash);
}

static void test_calls_out_of_order(void) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object object;
    uint8_t bytes[300] = {0};
    test_flash_open(&flash, 128 * KIB, 4 * KIB, 4);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    make_object(&object, LINNET_OBJECT_SNAPSHOT, 1, 0);
    CHECK_EQUAL(linnet_store_write(&store, 0, bytes, 1), LINNET_ERR_STATE);
    CHECK_EQUAL(linnet_store_commit(&store, object.hash), LINNET_ERR_STATE);
    uint32_t capacity = store.pairs[LINNET_OBJECT_SNAPSHOT].capacity;
    CHECK_EQUAL(linnet_store_begin(&store, LINNET_OBJECT_SNAPSHOT, capacity + 1), LINNET_ERR_FULL);
    CHECK_EQUAL(linnet_store_begin(&store, LINNET_OBJECT_SNAPSHOT, UINT32_MAX), LINNET_ERR_FULL);
    CHECK_EQUAL(linnet_store_begin(&store, LINNET_OBJECT_SNAPSHOT, 200), LINNET_OK);
    CHECK_EQUAL(linnet_store_write(&store, 1, bytes, 1), LINNET_ERR_RANGE);
    CHECK_EQUAL(linnet_store_write(&store, 0, bytes, 201), LINNET_ERR_RANGE);
    CHECK_EQUAL(linnet_store_write(&store, 0, bytes, 100), LINNET_OK);
    CHECK_EQUAL(linnet_store_write(&store, 0, bytes, 100), LINNET_ERR_RANGE);
    CHECK_EQUAL(linnet_store_commit(&store, object.hash), LINNET_ERR_STATE);
    CHECK_EQUAL(linnet_store_write(&store, 100, bytes, 100), LINNET_OK);
    CHECK_EQUAL(linnet_store_commit(&store, object.hash), LINNET_ERR_HASH);
    CHECK_EQUAL(linnet_store_commit(&store, object.hash), LINNET_ERR_STATE);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &object),
                LINNET_OK); /* no bytes at all */
    CHECK(has_object(&store, LINNET_OBJECT_SNAPSHOT, &object));
    test_flash_close(&flash);
}

static void test_wrong_bytes_leave_the_older_object(void) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object good, wrong;
    test_flash_open(&flash, 128 * KIB, 4 * KIB, 4);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    make_object(&good, LINNET_OBJECT_SNAPSHOT, 1, 3000);
    make_object(&wrong, LINNET_OBJECT_SNAPSHOT, 2, 3000);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &good), LINNET_OK);
    wrong.hash[31] ^= 1;
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &wrong), LINNET_ERR_HASH);
    CHECK(!has_object(&store, LINNET_OBJECT_SNAPSHOT, &wrong));
    CHECK(has_object(&store, LINNET_OBJECT_SNAPSHOT, &good));
    test_flash_close(&flash);
}

static void test_a_flash_that_fails(void) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object object;
    test_flash_open(&flash, 128 * KIB, 4 * KIB, 4);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    make_object(&object, LINNET_OBJECT_SNAPSHOT, 3, 3000);
    object.bytes[70] = 0;
    linnet_sha256(object.bytes, object.length, object.hash);
    flash.nor.stuck_at =
        store.pairs[LINNET_OBJECT_SNAPSHOT].slots[0].offset + LINNET_CELL_BYTES + 70;
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &object), LINNET_ERR_FLASH);
    CHECK_EQUAL(linnet_store_commit(&store, object.hash), LINNET_ERR_STATE);
    flash.nor.refusal = LINNET_ERR_LATER; /* any status of the port comes through */
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &object), LINNET_ERR_LATER);
    CHECK_EQUAL(linnet_store_count_boot(&store), LINNET_ERR_LATER);
    CHECK_EQUAL(store.boot_epoch, 0);
    flash.nor.refusal = LINNET_OK;
    flash.nor.stuck_at = UINT32_MAX;
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &object), LINNET_OK);
    CHECK_EQUAL(linnet_store_count_boot(&store), LINNET_OK);
    test_flash_close(&flash);
}

static void test_a_spoilt_object_is_not_given_out(void) {
    struct test_flash flash;
    struct linnet_store store;
    struct linnet_span found;
    const uint8_t *hash;
    static struct object v[3];
    test_flash_open(&flash, 128 * KIB, 4 * KIB, 4);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    for (uint32_t i = 0; i < 3; i++) {
        make_object(&v[i], LINNET_OBJECT_SNAPSHOT, i, 3000);
    }
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[0]), LINNET_OK);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[1]), LINNET_OK);
    CHECK_EQUAL(linnet_store_newest(&store, LINNET_OBJECT_SNAPSHOT, &hash, &found), LINNET_OK);
    flash.nor.memory[found.data - flash.nor.memory + 100] ^= 4;
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    CHECK(!has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[1]));
    CHECK_EQUAL(linnet_store_newest(&store, LINNET_OBJECT_SNAPSHOT, &hash, &found), LINNET_OK);
    CHECK(is_object(found, &v[0]));
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[2]), LINNET_OK);
    CHECK(has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[0])); /* the spoilt one made room */
    test_flash_close(&flash);
}

static void test_foreign_bytes_are_an_empty_store(void) {
    struct test_flash flash;
    struct linnet_store store;
    struct linnet_span found;
    const uint8_t *hash;
    static struct object object;
    uint32_t seed = random_stream(5);
    test_flash_open(&flash, 128 * KIB, 4 * KIB, 4);
    random_fill(&seed, flash.nor.memory, 128 * KIB);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    CHECK(is_named(&store, ""));
    CHECK_EQUAL(store.boot_epoch, 0);
    for (uint32_t kind = 0; kind < LINNET_SLOT_PAIRS; kind++) {
        CHECK_EQUAL(linnet_store_newest(&store, (enum linnet_object_kind)kind, &hash, &found),
                    LINNET_ERR_NOT_FOUND);
        make_object(&object, kind, 1, OBJECT_MAX_BYTES);
        CHECK_EQUAL(put_object(&store, (enum linnet_object_kind)kind, &object), LINNET_OK);
    }
    CHECK_EQUAL(linnet_store_count_boot(&store), LINNET_OK);
    test_flash_close(&flash);
}

static void reopen(struct linnet_store *store, const struct test_flash *flash) {
    CHECK_EQUAL(linnet_store_open(store, &flash->port), LINNET_OK);
}

/* Whether a node that starts now opens this kernel; NULL: none. */
static int boots(struct linnet_store *store, const struct object *kernel) {
    struct linnet_span found;
    const uint8_t *hash;
    linnet_status_t status = linnet_store_newest(store, LINNET_OBJECT_KERNEL, &hash, &found);
    return kernel == NULL ? status == LINNET_ERR_NOT_FOUND
                          : status == LINNET_OK && is_object(found, kernel);
}

static void make_kernels(struct object *kernels, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        make_object(&kernels[i], LINNET_OBJECT_KERNEL, i, 3000);
    }
}

static void test_a_kernel_proves_itself(uint32_t sector_bytes, uint32_t write_bytes) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object k[2];
    make_kernels(k, 2);
    test_flash_open(&flash, 256 * KIB, sector_bytes, write_bytes);
    reopen(&store, &flash);
    CHECK_EQUAL(store.pairs[LINNET_OBJECT_KERNEL].count, 2);
    CHECK_EQUAL(linnet_store_begin_trial(&store, k[0].hash), LINNET_ERR_NOT_FOUND);
    CHECK_EQUAL(linnet_store_judge(&store, k[0].hash, LINNET_VERDICT_PROVED), LINNET_ERR_NOT_FOUND);
    CHECK_EQUAL(linnet_store_set_name(&store, text("ward")), LINNET_OK);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_KERNEL, &k[0]), LINNET_OK);
    for (uint32_t start = 1; start <= 3; start++) {
        CHECK(boots(&store, NULL) && has_object(&store, LINNET_OBJECT_KERNEL, &k[0]));
        CHECK_EQUAL(linnet_store_begin_trial(&store, k[0].hash), LINNET_OK);
        reopen(&store, &flash);
        CHECK_EQUAL(linnet_store_count_boot(&store), LINNET_OK);
        CHECK_EQUAL(store.trial_starts, start);
        CHECK(memcmp(linnet_store_trial_hash(&store), k[0].hash, LINNET_HASH_BYTES) == 0);
        CHECK_EQUAL(linnet_store_verdict(&store, k[0].hash), LINNET_VERDICT_NONE);
    }
    CHECK_EQUAL(linnet_store_judge(&store, k[0].hash, LINNET_VERDICT_PROVED), LINNET_OK);
    CHECK_EQUAL(linnet_store_judge(&store, k[0].hash, LINNET_VERDICT_FAILED), LINNET_ERR_STATE);
    reopen(&store, &flash);
    CHECK(boots(&store, &k[0]) && linnet_store_trial_hash(&store) == NULL);
    CHECK(is_named(&store, "ward") && store.boot_epoch == 3);
    /* Another one takes its place when it is proved, and not before. */
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_KERNEL, &k[1]), LINNET_OK);
    CHECK(boots(&store, &k[0]));
    CHECK_EQUAL(linnet_store_begin_trial(&store, k[1].hash), LINNET_OK);
    CHECK_EQUAL(store.trial_starts, 1);
    CHECK_EQUAL(linnet_store_end_trial(&store), LINNET_OK);
    reopen(&store, &flash);
    CHECK(boots(&store, &k[0]) && linnet_store_trial_hash(&store) == NULL);
    CHECK_EQUAL(install_kernel(&store, &k[1], LINNET_VERDICT_PROVED), LINNET_OK);
    reopen(&store, &flash);
    CHECK(boots(&store, &k[1]) && has_object(&store, LINNET_OBJECT_KERNEL, &k[0]));
    test_flash_close(&flash);
}

static void test_failures_are_remembered(void) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object k[4];
    make_kernels(k, 4);
    test_flash_open(&flash, 1024 * KIB, 4 * KIB, 4);
    reopen(&store, &flash);
    CHECK_EQUAL(install_kernel(&store, &k[0], LINNET_VERDICT_PROVED), LINNET_OK);
    for (uint32_t i = 1; i < 4; i++) {
        CHECK_EQUAL(install_kernel(&store, &k[i], LINNET_VERDICT_FAILED), LINNET_OK);
        reopen(&store, &flash);
        CHECK(boots(&store, &k[0])); /* never replaced: there is no other */
        CHECK_EQUAL(linnet_store_verdict(&store, k[i].hash), LINNET_VERDICT_FAILED);
        CHECK_EQUAL(linnet_store_verdict(&store, k[i - 1].hash),
                    i == 1 ? LINNET_VERDICT_PROVED : LINNET_VERDICT_FAILED);
    }
    CHECK_EQUAL(linnet_store_verdict(&store, k[1].hash), LINNET_VERDICT_NONE);
    test_flash_close(&flash);
}

/* Another kernel comes to the slot of one whose trial had begun. */
static void test_a_trial_ends_with_its_slot(void) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object k[2];
    make_kernels(k, 2);
    test_flash_open(&flash, 128 * KIB, 4 * KIB, 4);
    reopen(&store, &flash);
    CHECK_EQUAL(store.pairs[LINNET_OBJECT_KERNEL].count, 1);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_KERNEL, &k[0]), LINNET_OK);
    CHECK_EQUAL(linnet_store_begin_trial(&store, k[0].hash), LINNET_OK);
    CHECK_EQUAL(put_object(&store, LINNET_OBJECT_KERNEL, &k[1]), LINNET_OK);
    reopen(&store, &flash);
    CHECK(linnet_store_trial_hash(&store) == NULL && store.trial_starts == 0);
    test_flash_close(&flash);
}

static void check_residual(struct linnet_store *store, bool is_accepted,
                           const struct object *expected) {
    struct linnet_span found;
    if (expected == NULL) {
        CHECK_EQUAL(linnet_store_residual(store, is_accepted, &found), LINNET_ERR_NOT_FOUND);
    } else {
        CHECK_EQUAL(linnet_store_residual(store, is_accepted, &found), LINNET_OK);
        CHECK(is_object(found, expected));
    }
}

/* Whatever is written, the accepted one stays until another one is accepted. */
static void test_residuals_count_when_accepted(uint32_t sector_bytes, uint32_t write_bytes) {
    struct test_flash flash;
    struct linnet_store store;
    static struct object before, after;
    test_flash_open(&flash, 256 * KIB, sector_bytes, write_bytes);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    check_residual(&store, true, NULL);
    check_residual(&store, false, NULL);
    CHECK_EQUAL(linnet_store_accept_residual(&store), LINNET_ERR_NOT_FOUND);
    const struct object *accepted = NULL;
    for (uint32_t generation = 0; generation < 20; generation++) {
        make_object(&after, LINNET_OBJECT_RESIDUAL, generation, 3000);
        CHECK_EQUAL(put_object(&store, LINNET_OBJECT_RESIDUAL, &after), LINNET_OK);
        CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
        check_residual(&store, true, accepted);
        check_residual(&store, false, &after);
        if (generation % 3 != 1) {
            CHECK_EQUAL(linnet_store_accept_residual(&store), LINNET_OK);
            before = after;
            accepted = &before;
            check_residual(&store, true, accepted);
        }
        CHECK_EQUAL(linnet_store_count_boot(&store), LINNET_OK);
        CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
        check_residual(&store, true, accepted);
    }
    test_flash_close(&flash);
}

/* A residual has no place in a store whose snapshots need all of it. */
static void test_a_store_without_residuals(void) {
    struct test_flash flash;
    struct linnet_store store;
    test_flash_open(&flash, 64 * KIB, 4 * KIB, 4);
    CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
    CHECK_EQUAL(linnet_store_begin(&store, LINNET_OBJECT_RESIDUAL, 1), LINNET_ERR_FULL);
    check_residual(&store, true, NULL);
    check_residual(&store, false, NULL);
    test_flash_close(&flash);
}

int main(void) {
    test_layouts();
    test_what_is_stored_is_found_after_a_start(4 * KIB, 4);
    test_what_is_stored_is_found_after_a_start(1 * KIB, 1);
    test_what_is_stored_is_found_after_a_start(2 * KIB, 64);
    test_the_record_log_goes_round();
    test_residuals_count_when_accepted(4 * KIB, 4);
    test_residuals_count_when_accepted(512, 64);
    test_a_store_without_residuals();
    test_the_object_in_use_stays();
    test_calls_out_of_order();
    test_wrong_bytes_leave_the_older_object();
    test_a_flash_that_fails();
    test_a_spoilt_object_is_not_given_out();
    test_foreign_bytes_are_an_empty_store();
    test_a_kernel_proves_itself(4 * KIB, 4);
    test_a_kernel_proves_itself(128, 64);
    test_failures_are_remembered();
    test_a_trial_ends_with_its_slot();
    return 0;
}
