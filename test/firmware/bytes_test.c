#include "bytes.h"
#include "check.h"
#include "messages.gen.h"

static void put_all(struct linnet_writer *w) {
    uint8_t hash[LINNET_HASH_BYTES];
    struct linnet_span text = {(const uint8_t *)"linnet", 6};
    struct linnet_span rest = {(const uint8_t *)"rest", 4};
    for (uint32_t i = 0; i < sizeof hash; i++) {
        hash[i] = (uint8_t)(0xa0 + i);
    }
    linnet_put_u8(w, 0xfe);
    linnet_put_i8(w, -2);
    linnet_put_u16(w, 0xfedc);
    linnet_put_i16(w, INT16_MIN);
    linnet_put_u32(w, 0xfedcba98u);
    linnet_put_i32(w, INT32_MIN);
    linnet_put_hash(w, hash);
    linnet_put_hash(w, NULL);
    linnet_put_string8(w, text);
    linnet_put_bytes(w, rest);
}

#define ALL_BYTES (1 + 1 + 2 + 2 + 4 + 4 + 32 + 32 + 1 + 6 + 4)

static void test_what_is_put_comes_back(void) {
    uint8_t bytes[ALL_BYTES];
    struct linnet_writer w = linnet_writer(bytes, sizeof bytes);
    put_all(&w);
    CHECK_EQUAL(linnet_writer_length(&w), ALL_BYTES);
    CHECK(memcmp(bytes + 2, "\xdc\xfe\x00\x80\x98\xba\xdc\xfe\x00\x00\x00\x80", 12) == 0);

    struct linnet_reader r = linnet_reader(bytes, sizeof bytes);
    CHECK_EQUAL(linnet_get_u8(&r), 0xfe);
    CHECK_EQUAL(linnet_get_i8(&r), -2);
    CHECK_EQUAL(linnet_get_u16(&r), 0xfedc);
    CHECK_EQUAL(linnet_get_i16(&r), INT16_MIN);
    CHECK_EQUAL(linnet_get_u32(&r), 0xfedcba98u);
    CHECK_EQUAL(linnet_get_i32(&r), INT32_MIN);
    const uint8_t *hash = linnet_get_hash(&r);
    CHECK(hash == bytes + 14 && hash[31] == 0xbf);
    hash = linnet_get_hash(&r);
    CHECK(hash == bytes + 46 && hash[0] == 0 && hash[31] == 0);
    struct linnet_span text = linnet_get_string8(&r);
    CHECK(text.length == 6 && memcmp(text.data, "linnet", 6) == 0);
    CHECK_EQUAL(linnet_reader_status(&r), LINNET_ERR_MESSAGE); /* four bytes are left */
    struct linnet_span rest = linnet_get_bytes(&r);
    CHECK(rest.length == 4 && memcmp(rest.data, "rest", 4) == 0);
    CHECK_EQUAL(linnet_reader_status(&r), LINNET_OK);
}

static void test_every_overflow_is_noticed(void) {
    for (uint32_t capacity = 0; capacity < ALL_BYTES; capacity++) {
        uint8_t *bytes = malloc(capacity + 1);
        CHECK(bytes != NULL);
        bytes[capacity] = 0x5a;
        struct linnet_writer w = linnet_writer(bytes, capacity);
        put_all(&w);
        CHECK_EQUAL(linnet_writer_length(&w), 0);
        CHECK_EQUAL(w.overflow, ALL_BYTES - capacity);
        CHECK_EQUAL(bytes[capacity], 0x5a);
        free(bytes);
    }
    uint8_t out[300];
    uint8_t long_text[256] = {0};
    struct linnet_span text = {long_text, sizeof long_text};
    struct linnet_writer w = linnet_writer(out, sizeof out);
    linnet_put_string8(&w, text);
    CHECK_EQUAL(linnet_writer_length(&w), 0);
}

static void test_slices_make_up_the_whole(void) {
    uint8_t whole[ALL_BYTES];
    struct linnet_writer w = linnet_writer(whole, sizeof whole);
    put_all(&w);
    for (uint32_t skip = 0; skip <= ALL_BYTES + 1; skip++) {
        for (uint32_t capacity = 0; capacity <= ALL_BYTES + 1; capacity++) {
            uint8_t slice[ALL_BYTES + 1];
            struct linnet_writer s = linnet_slice_writer(skip, slice, capacity);
            put_all(&s);
            uint32_t left = skip < ALL_BYTES ? ALL_BYTES - skip : 0;
            CHECK_EQUAL(s.length, left < capacity ? left : capacity);
            CHECK(memcmp(slice, whole + (left > 0 ? skip : 0), s.length) == 0);
        }
    }
    struct linnet_writer counting = linnet_writer(NULL, 0);
    put_all(&counting);
    CHECK_EQUAL(counting.overflow, ALL_BYTES);
}

static void test_a_message_cut_anywhere_is_refused(void) {
    struct linnet_span text = {(const uint8_t *)"native-wasm3", 12};
    struct linnet_hello_request hello = {0};
    struct linnet_hello_request back;
    uint8_t packed[128];
    hello.protocol = 1;
    hello.node = hello.runtime = hello.engine = text;
    uint32_t length = linnet_hello_request_pack(&hello, packed, sizeof packed);
    CHECK(length > 0);
    for (uint32_t cut = 0; cut < length; cut++) {
        uint8_t *bytes = malloc(cut + 1);
        CHECK(bytes != NULL);
        memcpy(bytes, packed, cut);
        CHECK_EQUAL(linnet_hello_request_unpack(bytes, cut, &back), LINNET_ERR_MESSAGE);
        free(bytes);
    }
    CHECK_EQUAL(linnet_hello_request_unpack(packed, length + 1, &back), LINNET_ERR_MESSAGE);
    CHECK_EQUAL(linnet_hello_request_unpack(packed, length, &back), LINNET_OK);
    CHECK(back.engine.length == 12 && memcmp(back.engine.data, text.data, 12) == 0);
}

static void test_a_reader_that_ran_out_yields_zeros(void) {
    const uint8_t bytes[3] = {1, 2, 3};
    struct linnet_reader r = linnet_reader(bytes, sizeof bytes);
    CHECK_EQUAL(linnet_get_u32(&r), 0);
    CHECK_EQUAL(linnet_get_u8(&r), 0); /* the byte that is there belonged to the u32 */
    CHECK(linnet_get_hash(&r) == NULL);
    CHECK_EQUAL(linnet_get_string8(&r).length, 0);
    CHECK_EQUAL(linnet_get_bytes(&r).length, 0);
    CHECK_EQUAL(linnet_reader_status(&r), LINNET_ERR_MESSAGE);
}

int main(void) {
    test_what_is_put_comes_back();
    test_every_overflow_is_noticed();
    test_slices_make_up_the_whole();
    test_a_message_cut_anywhere_is_refused();
    test_a_reader_that_ran_out_yields_zeros();
    return 0;
}
