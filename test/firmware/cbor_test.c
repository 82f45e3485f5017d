#include "cbor.h"
#include "check.h"

/* A copy whose end the sanitizer guards. */
static uint8_t *guarded(const void *bytes, uint32_t length) {
    uint8_t *copy = malloc(length > 0 ? length : 1);
    CHECK(copy != NULL);
    memcpy(copy, bytes, length);
    return copy;
}

/* Unsigned integers of RFC 8949, appendix A, and the ends of every head length. */
static const struct {
    uint64_t value;
    const char *bytes;
    uint32_t length;
} integers[] = {
    {0, "\x00", 1},
    {1, "\x01", 1},
    {10, "\x0a", 1},
    {23, "\x17", 1},
    {24, "\x18\x18", 2},
    {25, "\x18\x19", 2},
    {100, "\x18\x64", 2},
    {255, "\x18\xff", 2},
    {256, "\x19\x01\x00", 3},
    {1000, "\x19\x03\xe8", 3},
    {65535, "\x19\xff\xff", 3},
    {65536, "\x1a\x00\x01\x00\x00", 5},
    {1000000, "\x1a\x00\x0f\x42\x40", 5},
    {UINT32_MAX, "\x1a\xff\xff\xff\xff", 5},
    {(uint64_t)UINT32_MAX + 1, "\x1b\x00\x00\x00\x01\x00\x00\x00\x00", 9},
    {1000000000000u, "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00", 9},
    {UINT64_MAX, "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9},
};

static void test_integers(void) {
    for (uint32_t i = 0; i < COUNT(integers); i++) {
        uint8_t out[9];
        struct linnet_writer w = linnet_writer(out, sizeof out);
        linnet_cbor_put_uint(&w, integers[i].value);
        CHECK_EQUAL(linnet_writer_length(&w), integers[i].length);
        CHECK_EQUAL(linnet_cbor_head_bytes(integers[i].value), integers[i].length);
        CHECK(memcmp(out, integers[i].bytes, integers[i].length) == 0);
        for (uint32_t length = 0; length <= integers[i].length; length++) {
            uint8_t *bytes = guarded(out, length);
            struct linnet_reader r = linnet_reader(bytes, length);
            bool is_whole = length == integers[i].length;
            CHECK(linnet_cbor_get_uint(&r) == (is_whole ? integers[i].value : 0));
            CHECK_EQUAL(linnet_cbor_status(&r), is_whole ? LINNET_OK : LINNET_ERR_CBOR);
            free(bytes);
        }
    }
}

static void test_the_other_types(void) {
    uint8_t out[64];
    struct linnet_span text = {(const uint8_t *)"IETF", 4};
    struct linnet_span data = {(const uint8_t *)"\x01\x02\x03\x04", 4};
    struct linnet_writer w = linnet_writer(out, sizeof out);
    linnet_cbor_put_head(&w, LINNET_CBOR_ARRAY, 5);
    linnet_cbor_put_text(&w, text);
    linnet_cbor_put_bytes(&w, data);
    linnet_cbor_put_bool(&w, true);
    linnet_cbor_put_bool(&w, false);
    linnet_cbor_put_head(&w, LINNET_CBOR_MAP, 1);
    linnet_cbor_put_uint(&w, 7);
    linnet_cbor_put_bytes(&w, data);
    CHECK_EQUAL(linnet_writer_length(&w), 20);
    CHECK(memcmp(out, "\x85\x64IETF\x44\x01\x02\x03\x04\xf5\xf4\xa1\x07\x44", 16) == 0);

    uint64_t key;
    struct linnet_reader r = linnet_reader(out, 20);
    CHECK_EQUAL(linnet_cbor_get_array(&r), 5);
    struct linnet_span read = linnet_cbor_get_text(&r);
    CHECK(read.length == 4 && memcmp(read.data, "IETF", 4) == 0);
    read = linnet_cbor_get_bytes(&r);
    CHECK(read.length == 4 && memcmp(read.data, data.data, 4) == 0);
    CHECK(linnet_cbor_get_bool(&r));
    CHECK(!linnet_cbor_get_bool(&r));
    struct linnet_cbor_map map = linnet_cbor_get_map(&r);
    CHECK(linnet_cbor_next_key(&r, &map, &key) && key == 7);
    CHECK(linnet_cbor_get_fixed_bytes(&r, 4) == out + 16);
    CHECK(!linnet_cbor_next_key(&r, &map, &key));
    CHECK_EQUAL(linnet_cbor_status(&r), LINNET_OK);
}

static linnet_status_t skip_status(const void *bytes, uint32_t length) {
    uint8_t *copy = guarded(bytes, length);
    struct linnet_reader r = linnet_reader(copy, length);
    linnet_cbor_skip(&r);
    linnet_status_t status = linnet_cbor_status(&r);
    free(copy);
    return status;
}

struct sample {
    const char *bytes;
    uint32_t length;
};

#define SAMPLE(bytes)                                                                              \
    { bytes, sizeof(bytes) - 1 }

static void test_skip_passes_over_what_is_well_formed(void) {
    static const struct sample good[] = {
        SAMPLE("\x00"),
        SAMPLE("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), /* −2^64 */
        SAMPLE("\x40"),
        SAMPLE("\x63\xe6\xb0\xb4"),
        SAMPLE("\xf4"),
        SAMPLE("\xf6"),         /* null */
        SAMPLE("\xf9\x3c\x00"), /* 1.0 */
        SAMPLE("\xfa\x00\x00\x00\x01"),
        SAMPLE("\xfb\x00\x00\x00\x00\x00\x00\x00\x01"),
        SAMPLE("\x83\x01\x82\x02\x03\x82\x04\x05"),     /* [1, [2, 3], [4, 5]] */
        SAMPLE("\xa2\x61\x61\x01\x61\x62\x82\x02\x03"), /* {"a": 1, "b": [2, 3]} */
    };
    for (uint32_t i = 0; i < COUNT(good); i++) {
        CHECK_EQUAL(skip_status(good[i].bytes, good[i].length), LINNET_OK);
        for (uint32_t cut = 0; cut < good[i].length; cut++) {
            CHECK_EQUAL(skip_status(good[i].bytes, cut), LINNET_ERR_CBOR);
        }
    }
}

static void test_skip_refuses_what_is_not_deterministic(void) {
    static const struct sample bad[] = {
        SAMPLE("\x18\x17"), /* 23 in two bytes */
        SAMPLE("\x19\x00\xff"),
        SAMPLE("\x1a\x00\x00\xff\xff"),
        SAMPLE("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"),
        SAMPLE("\x38\x17"),
        SAMPLE("\x58\x01\x00"),
        SAMPLE("\x98\x01\x00"),
        SAMPLE("\xb8\x01\x00\x00"),
        SAMPLE("\x1c"), /* reserved */
        SAMPLE("\x5f\x41\x00\xff"),
        SAMPLE("\x9f\x00\xff"),
        SAMPLE("\xbf\xff"),
        SAMPLE("\xff"),
        SAMPLE("\xc0\x00"), /* a tag */
        SAMPLE("\xe0"),     /* a simple value without a meaning */
        SAMPLE("\xf7"),     /* undefined */
        SAMPLE("\xf8\x14"),
        SAMPLE("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        SAMPLE("\xbb\x80\x00\x00\x00\x00\x00\x00\x00"),
        SAMPLE("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
        SAMPLE("\x00\x00"), /* bytes left over */
    };
    for (uint32_t i = 0; i < COUNT(bad); i++) {
        CHECK_EQUAL(skip_status(bad[i].bytes, bad[i].length), LINNET_ERR_CBOR);
    }
}

static void test_nesting_is_not_limited_by_a_stack(void) {
    uint8_t nested[100001];
    memset(nested, 0x81, sizeof nested);
    nested[sizeof nested - 1] = 0;
    CHECK_EQUAL(skip_status(nested, sizeof nested), LINNET_OK);
    CHECK_EQUAL(skip_status(nested, sizeof nested - 1), LINNET_ERR_CBOR);
}

static uint32_t count_keys(const void *bytes, uint32_t length, linnet_status_t *status) {
    uint8_t *copy = guarded(bytes, length);
    struct linnet_reader r = linnet_reader(copy, length);
    struct linnet_cbor_map map = linnet_cbor_get_map(&r);
    uint64_t key;
    uint32_t keys = 0;
    while (linnet_cbor_next_key(&r, &map, &key)) {
        linnet_cbor_skip(&r);
        keys++;
    }
    *status = linnet_cbor_status(&r);
    free(copy);
    return keys;
}

static void expect_keys(const void *bytes, uint32_t length, uint32_t keys,
                        linnet_status_t expected) {
    linnet_status_t status;
    CHECK_EQUAL(count_keys(bytes, length, &status), keys);
    CHECK_EQUAL(status, expected);
}

static void test_keys_ascend(void) {
    const char last[] = "\xa2\x00\x00\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x00";
    const char twice[] = "\xa2\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00";
    expect_keys("\xa0", 1, 0, LINNET_OK);
    expect_keys("\xa3\x00\x01\x05\x02\x18\x18\x03", 8, 3, LINNET_OK);
    expect_keys(last, sizeof last - 1, 2, LINNET_OK);
    expect_keys(twice, sizeof twice - 1, 1, LINNET_ERR_CBOR);
    expect_keys("\xa2\x05\x01\x05\x02", 5, 1, LINNET_ERR_CBOR);
    expect_keys("\xa2\x05\x01\x04\x02", 5, 1, LINNET_ERR_CBOR);
    expect_keys("\xa1\x61\x61\x02", 4, 0, LINNET_ERR_CBOR);
    expect_keys("\xa2\x01\x02", 3, 1, LINNET_ERR_CBOR);
    expect_keys("\xbb\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0, LINNET_ERR_CBOR);
}

static void test_after_a_fault_everything_is_empty(void) {
    struct linnet_reader r = linnet_reader((const uint8_t *)"\x61\x61\x43\x01\x02\x03", 6);
    CHECK(linnet_cbor_get_uint(&r) == 0);
    CHECK(linnet_cbor_get_bytes(&r).data == NULL);
    CHECK(linnet_cbor_get_fixed_bytes(&r, 0) == NULL);
    CHECK_EQUAL(linnet_cbor_get_text(&r).length, 0);
    CHECK_EQUAL(linnet_cbor_get_array(&r), 0);
    CHECK_EQUAL(linnet_cbor_get_map(&r).pairs_left, 0);
    CHECK(!linnet_cbor_get_bool(&r));
    CHECK_EQUAL(linnet_cbor_status(&r), LINNET_ERR_CBOR);
    r = linnet_reader((const uint8_t *)"\x43\x01\x02\x03", 4);
    CHECK(linnet_cbor_get_fixed_bytes(&r, 4) == NULL);
    CHECK_EQUAL(linnet_cbor_status(&r), LINNET_ERR_CBOR);
    const char *const not_bool[] = {"\xf6", "\x15", "\x74"};
    for (uint32_t i = 0; i < COUNT(not_bool); i++) {
        r = linnet_reader((const uint8_t *)not_bool[i], 1);
        CHECK(!linnet_cbor_get_bool(&r));
        CHECK_EQUAL(linnet_cbor_status(&r), LINNET_ERR_CBOR);
    }
}

static void test_noise_stays_inside_its_bytes(void) {
    uint32_t seed = random_stream(3);
    uint32_t accepted = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        uint8_t noise[24];
        linnet_status_t status;
        uint32_t length = 1 + random_below(&seed, sizeof noise);
        random_fill(&seed, noise, length);
        accepted += skip_status(noise, length) == LINNET_OK ? 1u : 0u;
        noise[0] = (uint8_t)(0xa0 | (noise[0] & 7));
        count_keys(noise, length, &status);
    }
    CHECK(accepted > 100);
}

int main(void) {
    test_integers();
    test_the_other_types();
    test_skip_passes_over_what_is_well_formed();
    test_skip_refuses_what_is_not_deterministic();
    test_nesting_is_not_limited_by_a_stack();
    test_keys_ascend();
    test_after_a_fault_everything_is_empty();
    test_noise_stays_inside_its_bytes();
    return 0;
}
