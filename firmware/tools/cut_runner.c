/*
 * Cuts the power of a node at every operation of flash and link: natively under sanitizers, and on
 * a core in QEMU, from this one source. See docs/PORTING.md, "The store".
 *
 *     cut_runner KERNEL NEXT_KERNEL BAD_KERNEL cuts|damage|wear SEED STRIDE
 *
 * cuts: every STRIDEth operation, counted from SEED, of the first round of a node, of one that
 * exchanges its kernel, of one that is offered a kernel which fails its trial, of one that makes
 * its snapshot of the one before, of one that makes it of a seed, and of one whose record log is
 * full; an erase is torn in several ways. An odd SEED cuts again during the recovery. With seeds 2
 * and 3 of every four the node keeps its samples, and the upload must be that of a node whose power
 * never went; with the others it has other samples after every start. damage: STRIDE times bits
 * flipped or sectors of garbage; the node then finishes the version in hand and the next one. After
 * one bit no counter has come back. wear: erases of STRIDE rounds, counted; SEED plays no part.
 */
#include <string.h>
#include "cut_bench.h"

static const struct geometry {
    const char *name;
    uint32_t bytes;
    uint32_t sector_bytes;
    uint32_t write_bytes;
    bool has_residuals;
} geometries[] = {
    {"4 KB sectors, units of 1 byte", 64u * 4096u, 4096, 1, true},
    {"2 KB sectors, units of 8 bytes", 128u * 2048u, 2048, 8, true},
    {"16 KB sectors, units of 4 bytes", 24u * 16384u, 16384, 4, true},
    {"128 KB sectors, units of 4 bytes", 7u * 131072u, 131072, 4, false},
};
#define GEOMETRIES (sizeof geometries / sizeof geometries[0])

/* Where a node stands when its power is cut. */
enum situation { FIRST_ROUND, NEXT_KERNEL, BAD_KERNEL, DIFFERENCE, SEED, FULL_LOG, SITUATIONS };
static const struct {
    const char *name;
    uint32_t version; /* that the node is at */
} situations[] = {{"first round", 0}, {"next kernel", 1}, {"bad kernel", 1},
                  {"difference", 1},  {"seed", 1},        {"full log", 2}};
/* The version after all of them. */
#define LAST_VERSION 2u

/* A recovery is cut at one of so many operations. */
#define RECOVERY_OPERATIONS 200u
#define ERASE_TEARS 6u
#define WEAR_SECTORS 128u
#define ENGINE_HEAP_BYTES (LINNET_ENGINE_BYTES + 64u * 1024u)

static struct scene scene;
static struct cut_bench bench;
static struct cut_host host_before; /* and the flash, when the situation begins */
static uint8_t flash_before[BENCH_FLASH_BYTES];
static uint8_t flash_memory[BENCH_FLASH_BYTES];
static uint32_t random_state;

static uint32_t random_below(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (uint32_t)((uint64_t)random_state * limit >> 32);
}

static void seed_random(uint32_t a, uint32_t b) {
    random_state = ((a + 1u) * 0x9e3779b1u ^ (b + 1u) * 0x85ebca77u) | 1u;
    (void)random_below(1);
}

static void say(const char *text) {
    runner_print(text);
}

static void say_number(uint32_t value) {
    char digits[11];
    uint32_t at = sizeof digits - 1u;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    runner_print(digits + at);
}

/* Prints what went wrong where; true if something did. */
static bool has_failed(const struct geometry *geometry, const char *where, uint32_t number) {
    if (bench.host.fault == NULL) {
        return false;
    }
    say(geometry->name);
    say(", ");
    say(where);
    say(" ");
    say_number(number);
    say(": ");
    say(bench.host.fault);
    say("\n");
    return true;
}

static void restore(const struct geometry *geometry) {
    memcpy(flash_memory, flash_before, geometry->bytes);
    bench.host = host_before;
    bench.flash.misuses = 0;
    bench.starts = 0;
    bench.must_answer = false;
}

static void remember(const struct geometry *geometry) {
    memcpy(flash_before, flash_memory, geometry->bytes);
    host_before = bench.host;
}

/* One round of the next version, undisturbed. */
static void do_round(uint32_t version) {
    cut_host_announce(&bench.host, version);
    if (cut_bench_live(&bench, NOR_FLASH_NEVER, 0) == BENCH_DONE) {
        cut_bench_check_done(&bench);
    }
}

/* A node that lived undisturbed up to a situation, remembered. */
static void reach(const struct geometry *geometry, enum situation situation) {
    uint32_t last = situations[situation].version;
    scene.offers_bad_kernel = situation == BAD_KERNEL;
    scene.is_sparse = geometry->has_residuals;
    scene.offers_difference = situation == DIFFERENCE;
    scene.offers_seed = situation == SEED;
    cut_host_init(&bench.host, &scene);
    for (uint32_t version = 0; version < SCENE_VERSIONS; version++) {
        scene_make_version(&scene, version);
    }
    memset(flash_memory, 0xff, geometry->bytes);
    cut_bench_use_flash(&bench, flash_memory, geometry->bytes, geometry->sector_bytes,
                        geometry->write_bytes);
    for (uint32_t version = 0; version < last; version++) {
        do_round(version);
    }
    scene_make_version(&scene, last);
    if (situation == FULL_LOG) {
        cut_bench_age(&bench);
    }
    cut_host_announce(&bench.host, last);
    remember(geometry);
}

/* Starts, perhaps cut; what is left in the flash must be sound. */
static enum bench_outcome live_and_check(uint32_t cut_at, uint32_t seed, enum situation situation) {
    enum bench_outcome outcome = cut_bench_live(&bench, cut_at, seed);
    if (outcome == BENCH_CUT) {
        cut_bench_check_survivors(&bench, situation != FIRST_ROUND);
    } else if (outcome == BENCH_DONE) {
        cut_bench_check_done(&bench);
    }
    return bench.host.fault == NULL ? outcome : BENCH_FAULT;
}

/* Cuts at one operation, lets the node recover; false if the round ends before. */
static bool cut(enum situation situation, uint32_t at, uint32_t seed, uint32_t tear) {
    enum bench_outcome outcome =
        live_and_check(at, (seed * ERASE_TEARS + tear) * 0x10001u + at, situation);
    bool was_cut = outcome == BENCH_CUT;
    bool was_erase = bench.was_erase;
    if (was_cut && seed % 2 == 1) {
        seed_random(seed * ERASE_TEARS + tear, at);
        uint32_t again = random_below(RECOVERY_OPERATIONS);
        outcome = live_and_check(again, random_below(UINT32_MAX), situation);
    }
    if (outcome == BENCH_CUT) {
        (void)live_and_check(NOR_FLASH_NEVER, 0, situation);
    }
    bench.was_erase = was_erase;
    return was_cut;
}

/* The upload of a node whose power does not go. */
static void find_golden(const struct geometry *geometry, enum situation situation, uint8_t *hash) {
    restore(geometry);
    do_round(situations[situation].version);
    memcpy(hash, bench.host.hash, LINNET_HASH_BYTES);
}

static bool run_cuts(const struct geometry *geometry, enum situation situation, uint32_t seed,
                     uint32_t stride) {
    uint8_t golden[LINNET_HASH_BYTES];
    uint32_t cuts = 0;
    uint32_t at = seed % stride;
    uint32_t tear = 0;
    bench.has_changing_samples = seed % 4 < 2;
    bench.checks_answers = true;
    reach(geometry, situation);
    find_golden(geometry, situation, golden);
    while (bench.host.fault == NULL) {
        restore(geometry);
        if (!cut(situation, at, seed, tear)) {
            break;
        }
        if (!bench.has_changing_samples && bench.host.fault == NULL &&
            memcmp(golden, bench.host.hash, sizeof golden) != 0) {
            bench.host.fault = "its upload is another than without a cut";
        }
        cuts++;
        if (bench.host.fault == NULL) {
            tear = bench.was_erase && tear + 1 < ERASE_TEARS ? tear + 1 : 0;
            at += tear == 0 ? stride : 0;
        }
    }
    if (has_failed(geometry, situations[situation].name, at)) {
        return false;
    }
    say(geometry->name);
    say(", ");
    say(situations[situation].name);
    say(": ");
    say_number(bench.operations);
    say(" operations, ");
    say_number(cuts);
    say(" cuts\n");
    return true;
}

/* An address something was programmed at, as a rule. */
static uint32_t pick_used(uint32_t bytes) {
    uint32_t at = random_below(bytes);
    for (uint32_t tries = 0; tries < 256 && flash_memory[at] == 0xff; tries++) {
        at = random_below(bytes);
    }
    return at;
}

static void fill(uint32_t offset, uint32_t length, uint32_t manner) {
    for (uint32_t i = 0; i < length; i++) {
        flash_memory[offset + i] = manner == 0   ? 0
                                   : manner == 1 ? 0xff
                                                 : (uint8_t)random_below(256);
    }
}

/* One of a few kinds of harm; the first, of one bit, takes no counter back and no name away. */
static void spoil(const struct geometry *geometry, uint32_t kind) {
    uint32_t sector_bytes = geometry->sector_bytes;
    uint32_t sectors = geometry->bytes / sector_bytes;
    uint32_t sector = random_below(sectors) * sector_bytes;
    bench.host.checks_residuals = false;
    switch (kind) {
    case 0:
        flash_memory[pick_used(geometry->bytes)] ^= (uint8_t)(1u << random_below(8));
        return;
    case 1:
        for (uint32_t i = 1 + random_below(1000); i > 0; i--) {
            flash_memory[pick_used(geometry->bytes)] ^= (uint8_t)(1u << random_below(8));
        }
        break;
    case 2:
        for (uint32_t i = 1 + random_below(sectors); i > 0; i--) {
            fill(random_below(sectors) * sector_bytes, sector_bytes, random_below(3));
        }
        break;
    case 3:
        memmove(flash_memory + sector, flash_memory + random_below(sectors) * sector_bytes,
                sector_bytes);
        break;
    default:
        fill(0, geometry->bytes, 2);
    }
    bench.host.epoch = 0;
    bench.host.knows_name = false;
}

static bool run_damage(const struct geometry *geometry, uint32_t seed, uint32_t count) {
    bench.has_changing_samples = true;
    bench.checks_answers = false;
    reach(geometry, FULL_LOG);
    /* Later in life: the node has an upload that somebody saw. */
    do_round(LAST_VERSION);
    remember(geometry);
    scene_make_version(&scene, LAST_VERSION + 1);
    for (uint32_t n = seed; n < seed + count; n++) {
        restore(geometry);
        seed_random(n, geometry->sector_bytes);
        spoil(geometry, n % 5);
        cut_host_announce(&bench.host, LAST_VERSION);
        (void)cut_bench_live(&bench, NOR_FLASH_NEVER, 0);
        do_round(LAST_VERSION + 1);
        if (has_failed(geometry, "damage", n)) {
            return false;
        }
    }
    say(geometry->name);
    say(", damage: ");
    say_number(count);
    say(" flashes\n");
    return true;
}

static uint32_t most_of(const uint32_t *erases, uint32_t from, uint32_t to) {
    uint32_t most = 0;
    for (uint32_t i = from; i < to; i++) {
        most = erases[i] > most ? erases[i] : most;
    }
    return most;
}

static bool run_wear(const struct geometry *geometry, uint32_t rounds) {
    static uint32_t erases[WEAR_SECTORS];
    uint32_t sectors = geometry->bytes / geometry->sector_bytes;
    uint32_t operations = 0;
    bench.has_changing_samples = true;
    bench.checks_answers = false;
    reach(geometry, FULL_LOG);
    memset(erases, 0, sizeof erases);
    bench.flash.erases = erases;
    for (uint32_t i = 0; i < rounds && bench.host.fault == NULL; i++) {
        scene_make_version(&scene, LAST_VERSION + i);
        do_round(LAST_VERSION + i);
        operations += bench.flash.operations;
    }
    if (has_failed(geometry, "wear", rounds)) {
        return false;
    }
    say(geometry->name);
    say(", wear: ");
    say_number(rounds);
    say(" starts and rounds, ");
    say_number(operations);
    say(" operations; most erases of a sector of records ");
    say_number(most_of(erases, 0, 2));
    say(", of objects ");
    say_number(most_of(erases, 2, sectors));
    say("\n");
    return true;
}

static uint32_t parse_number(const char *text) {
    uint32_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = 10u * value + (uint32_t)(*text - '0');
    }
    return value;
}

/* Reads a kernel behind the ones before it, and asks it for its intrinsics. */
static bool read_kernel(const char *path, uint32_t index, struct runner_memory *room) {
    struct linnet_kernel kernel;
    struct linnet_heap heap;
    int32_t file = runner_open(path, RUNNER_READ);
    int32_t length = file < 0 ? -1 : runner_read(file, room->at, room->bytes);
    if (length <= 0 || (uint32_t)length == room->bytes) {
        return false;
    }
    (void)runner_close(file);
    scene.kernels[index].bytes = (struct linnet_span){room->at, (uint32_t)length};
    linnet_heap_init(&heap, bench.heap.at, bench.heap.bytes);
    if (linnet_kernel_open(&kernel, &heap, room->at, (uint32_t)length, 4096) != LINNET_OK) {
        return false;
    }
    scene.intrinsic_sets[index] = linnet_kernel_word(&kernel, LINNET_BLOCK_INTRINSIC_SET);
    linnet_kernel_close(&kernel);
    room->at += ((uint32_t)length + 7u) & ~7u;
    room->bytes -= ((uint32_t)length + 7u) & ~7u;
    return true;
}

static bool run(const char *mode, uint32_t seed, uint32_t stride) {
    bool is_good = true;
    for (uint32_t i = 0; i < GEOMETRIES && is_good; i++) {
        const struct geometry *geometry = &geometries[i];
        if (strcmp(mode, "damage") == 0) {
            is_good = run_damage(geometry, seed, stride);
        } else if (strcmp(mode, "wear") == 0) {
            is_good = run_wear(geometry, stride);
        }
        for (uint32_t s = 0; strcmp(mode, "cuts") == 0 && s < SITUATIONS && is_good; s++) {
            is_good = run_cuts(geometry, (enum situation)s, seed, stride);
        }
    }
    return is_good;
}

uint32_t runner_main(uint32_t count, const char *const *arguments) {
    struct runner_memory heap = runner_heap_memory();
    struct runner_memory room = runner_wasm_memory();
    const char *const *words = arguments + SCENE_KERNELS;
    uint32_t stride = count == SCENE_KERNELS + 3 ? parse_number(words[2]) : 0;
    heap.bytes = heap.bytes < ENGINE_HEAP_BYTES ? heap.bytes : ENGINE_HEAP_BYTES;
    if (stride == 0) {
        say("arguments: KERNEL NEXT_KERNEL BAD_KERNEL cuts|damage|wear SEED STRIDE\n");
        return RUNNER_USAGE;
    }
    cut_bench_init(&bench, &scene, heap);
    for (uint32_t i = 0; i < SCENE_KERNELS; i++) {
        if (!read_kernel(arguments[i], i, &room)) {
            say("a kernel cannot be read or opened\n");
            return RUNNER_FILE;
        }
    }
    scene_make(&scene);
    return run(words[0], parse_number(words[1]), stride) ? RUNNER_DONE : RUNNER_FAILED;
}
