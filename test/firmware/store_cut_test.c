/*
 * Power cuts: at every flash operation of an update, and at random ones of a long life. After the
 * next start the store must have what it had or what it was given, and take the update again.
 */
#include "objects.h"
#include "test_flash.h"

#define SECTOR 512u
#define TEARS 3u
/* One kernel slot of 64 sectors and snapshot slots of as many as hold OBJECT_MAX_BYTES. */
#define SMALL_FLASH ((2 + 2 * 9 + 64 + 2 * 10) * SECTOR)
/* Two kernel slots. */
#define LARGE_FLASH ((2 + 2 * 9 + 4 * 64) * SECTOR)
#define MOST_BYTES 1000u

static const struct linnet_span names[2] = {{(const uint8_t *)"even", 4},
                                            {(const uint8_t *)"odd", 3}};

/* Everything a store has, one generation on. Stops at the first failure, as at a cut. */
static linnet_status_t update(struct linnet_store *store, uint32_t generation) {
    static struct object object;
    linnet_status_t status = linnet_store_count_boot(store);
    if (status == LINNET_OK) {
        status = linnet_store_set_name(store, names[generation % 2]);
    }
    if (status == LINNET_OK) {
        status = linnet_store_follow(store, generation / 3, generation % 3);
    }
    for (uint32_t kind = 0; status == LINNET_OK && kind < LINNET_SLOT_PAIRS; kind++) {
        make_object(&object, kind, generation, MOST_BYTES);
        status = install_object(store, (enum linnet_object_kind)kind, &object);
    }
    return status;
}

/* Generation of the newest object: one of two; 0 = there is none. */
static uint32_t newest_generation(struct linnet_store *store, enum linnet_object_kind kind,
                                  uint32_t older, uint32_t newer) {
    static struct object object;
    struct linnet_span found;
    const uint8_t *hash;
    if (linnet_store_newest(store, kind, &hash, &found) != LINNET_OK) {
        return 0;
    }
    make_object(&object, (uint32_t)kind, newer, MOST_BYTES);
    if (memcmp(hash, object.hash, sizeof object.hash) == 0) {
        CHECK(is_object(found, &object));
        return newer;
    }
    make_object(&object, (uint32_t)kind, older, MOST_BYTES);
    CHECK(memcmp(hash, object.hash, sizeof object.hash) == 0);
    CHECK(is_object(found, &object));
    return older;
}

static void check_name(const struct linnet_store *store, uint32_t older, uint32_t newer) {
    struct linnet_span name = linnet_store_name(store);
    uint32_t matches = 0;
    for (uint32_t i = 0; i < 2; i++) {
        struct linnet_span expected = names[i == 0 ? older % 2 : newer % 2];
        matches +=
            name.length == expected.length && memcmp(name.data, expected.data, name.length) == 0
                ? 1u
                : 0u;
    }
    CHECK(matches > 0);
}

/* What was followed never goes back, and never becomes what nobody announced. */
static void check_followed(const struct linnet_store *store, uint32_t older, uint32_t newer) {
    uint32_t generation = store->followed_epoch * 3 + store->followed_version;
    CHECK(store->has_followed);
    CHECK(generation == older || generation == newer);
    CHECK(linnet_store_is_older(store, (older - 1) / 3, (older - 1) % 3));
    CHECK(!linnet_store_is_older(store, (newer + 1) / 3, (newer + 1) % 3));
}

/* After a cut on the way from `older` to the next generation; leaves the older objects in use. */
static void check_survivors(struct linnet_store *store, uint32_t older, uint32_t least_epoch) {
    static struct object object;
    /* What an erase leaves half done may look like a sector of lost records. */
    CHECK(store->boot_epoch >= least_epoch &&
          store->boot_epoch <= least_epoch + 1 + SECTOR / LINNET_CELL_BYTES);
    check_name(store, older, older + 1);
    check_followed(store, older, older + 1);
    for (uint32_t k = 0; k < LINNET_SLOT_PAIRS; k++) {
        enum linnet_object_kind kind = (enum linnet_object_kind)k;
        uint32_t newest = newest_generation(store, kind, older, older + 1);
        make_object(&object, k, older - 1, MOST_BYTES);
        (void)has_object(store, kind, &object); /* being replaced: gone, or still whole */
        if (store->pairs[kind].count == 2) {
            CHECK(newest != 0);
            make_object(&object, k, older, MOST_BYTES);
            CHECK(has_object(store, kind, &object));
        }
    }
}

static void expect_generation(struct linnet_store *store, uint32_t generation) {
    for (uint32_t kind = 0; kind < LINNET_SLOT_PAIRS; kind++) {
        CHECK_EQUAL(
            newest_generation(store, (enum linnet_object_kind)kind, generation - 1, generation),
            generation);
    }
    check_name(store, generation, generation);
    check_followed(store, generation, generation);
}

/* The flash of a node that lived through some generations without a cut. */
static void live(struct test_flash *flash, uint32_t generations) {
    struct linnet_store store;
    nor_flash_restart(&flash->nor, UINT32_MAX, 0);
    CHECK_EQUAL(linnet_store_open(&store, &flash->port), LINNET_OK);
    for (uint32_t generation = 1; generation <= generations; generation++) {
        CHECK_EQUAL(update(&store, generation), LINNET_OK);
    }
    expect_generation(&store, generations);
}

/* Cuts the update at one operation; false if it ends before. */
static int cut_update(const struct test_flash *before, struct test_flash *flash,
                      uint32_t generation, uint32_t cut_at, uint32_t tear) {
    struct linnet_store store;
    memcpy(flash->nor.memory, before->nor.memory, before->port.flash.bytes);
    nor_flash_restart(&flash->nor, cut_at, cut_at * TEARS + tear);
    CHECK_EQUAL(linnet_store_open(&store, &flash->port), LINNET_OK);
    uint32_t epoch = store.boot_epoch;
    if (update(&store, generation + 1) == LINNET_OK) {
        return 0;
    }
    nor_flash_restart(&flash->nor, UINT32_MAX, 0);
    CHECK_EQUAL(linnet_store_open(&store, &flash->port), LINNET_OK);
    check_survivors(&store, generation, epoch);
    CHECK_EQUAL(linnet_store_open(&store, &flash->port), LINNET_OK);
    CHECK_EQUAL(update(&store, generation + 1), LINNET_OK);
    expect_generation(&store, generation + 1);
    return 1;
}

/* `generations` decides where the record log and the slots stand when the power goes. */
static void test_a_cut_at_every_operation(uint32_t flash_bytes, uint32_t generations,
                                          uint32_t write_bytes) {
    struct test_flash before, flash;
    uint32_t cuts = 0;
    test_flash_open(&before, flash_bytes, SECTOR, write_bytes);
    test_flash_open(&flash, flash_bytes, SECTOR, write_bytes);
    live(&before, generations);
    for (uint32_t tear = 0; tear < TEARS; tear++) {
        for (uint32_t at = 0; cut_update(&before, &flash, generations, at, tear); at++) {
            cuts++;
        }
    }
    CHECK(cuts > 30 * TEARS);
    test_flash_close(&before);
    test_flash_close(&flash);
}

/* Cut after cut, also during the recovery, and the epoch a node has reported never comes back. */
static void test_a_long_life_of_cuts(uint32_t flash_bytes, uint32_t life) {
    struct test_flash flash;
    struct linnet_store store;
    uint32_t generation = 1;
    uint32_t reported = 0;
    uint32_t seed = random_stream(life);
    test_flash_open(&flash, flash_bytes, SECTOR, 4);
    live(&flash, generation);
    for (uint32_t start = 0; start < 150; start++) {
        nor_flash_restart(&flash.nor, random_below(&seed, 80), random_u32(&seed));
        CHECK_EQUAL(linnet_store_open(&store, &flash.port), LINNET_OK);
        CHECK(store.boot_epoch >= reported);
        if (start > 0) {
            check_survivors(&store, generation, store.boot_epoch);
        }
        int is_whole = update(&store, generation + 1) == LINNET_OK;
        reported = store.boot_epoch;
        generation += is_whole ? 1u : 0u;
    }
    CHECK(generation > 10);
    test_flash_close(&flash);
}

/* The older of two snapshots is in use when the newer one is replaced, and the power goes twice. */
static void replace_newer(struct test_flash *flash, uint32_t cut_at, uint32_t tear) {
    static struct object v[4];
    struct linnet_store store;
    for (uint32_t i = 1; i <= 3; i++) {
        make_object(&v[i], LINNET_OBJECT_SNAPSHOT, i, MOST_BYTES);
    }
    nor_flash_restart(&flash->nor, cut_at, tear);
    CHECK_EQUAL(linnet_store_open(&store, &flash->port), LINNET_OK);
    CHECK(has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[1]));
    if (put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[3]) != LINNET_OK) {
        nor_flash_restart(&flash->nor, 0, tear + 1);
        CHECK_EQUAL(linnet_store_open(&store, &flash->port), LINNET_OK);
        CHECK(put_object(&store, LINNET_OBJECT_SNAPSHOT, &v[3]) != LINNET_OK);
    }
    nor_flash_restart(&flash->nor, UINT32_MAX, 0);
    CHECK_EQUAL(linnet_store_open(&store, &flash->port), LINNET_OK);
    CHECK(has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[1]) ||
          has_object(&store, LINNET_OBJECT_SNAPSHOT, &v[2]));
}

static void test_the_object_in_use_survives_whatever_its_age(void) {
    struct test_flash before, flash;
    test_flash_open(&before, SMALL_FLASH, SECTOR, 4);
    test_flash_open(&flash, SMALL_FLASH, SECTOR, 4);
    live(&before, 2);
    for (uint32_t tear = 0; tear < 300; tear++) {
        memcpy(flash.nor.memory, before.nor.memory, SMALL_FLASH);
        replace_newer(&flash, tear % 15, 2 * tear);
    }
    test_flash_close(&before);
    test_flash_close(&flash);
}

int main(void) {
    test_a_cut_at_every_operation(SMALL_FLASH, 1, 4);
    test_a_cut_at_every_operation(SMALL_FLASH, 2, 64);
    test_a_cut_at_every_operation(LARGE_FLASH, 2, 4);
    test_a_cut_at_every_operation(LARGE_FLASH, 4, 1);
    test_a_cut_at_every_operation(SMALL_FLASH, 7, 8);
    for (uint32_t life = 1; life <= 5; life++) {
        test_a_long_life_of_cuts(life % 2 == 0 ? SMALL_FLASH : LARGE_FLASH, life);
    }
    test_the_object_in_use_survives_whatever_its_age();
    return 0;
}
