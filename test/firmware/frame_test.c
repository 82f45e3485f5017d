#include "check.h"
#include "crc32.h"
#include "frame.h"

#define MAX_MESSAGE 512u
#define MAX_FRAME LINNET_FRAME_BYTES(MAX_MESSAGE + 1)

/* A decoder whose buffer has exactly the documented size, so that the sanitizer sees one byte more.
 */
struct receiver {
    struct linnet_frame_decoder decoder;
    uint8_t *buffer;
    uint32_t messages;
    uint8_t last[MAX_MESSAGE];
    uint32_t last_length;
};

static void open_receiver(struct receiver *receiver) {
    memset(receiver, 0, sizeof *receiver);
    receiver->buffer = malloc(LINNET_FRAME_DECODER_BYTES(MAX_MESSAGE));
    CHECK(receiver->buffer != NULL);
    linnet_frame_decoder_init(&receiver->decoder, receiver->buffer,
                              LINNET_FRAME_DECODER_BYTES(MAX_MESSAGE));
}

static void close_receiver(struct receiver *receiver) {
    free(receiver->buffer);
}

/* Feeds bytes as a node does: on with the rest after each message. */
static void feed(struct receiver *receiver, const uint8_t *bytes, uint32_t length) {
    while (length > 0) {
        struct linnet_span message;
        uint32_t taken = linnet_frame_decode(&receiver->decoder, bytes, length, &message);
        CHECK(taken >= 1 && taken <= length);
        CHECK(message.data != NULL || taken == length);
        if (message.data != NULL) {
            CHECK(message.length >= 1 && message.length <= MAX_MESSAGE);
            memcpy(receiver->last, message.data, message.length);
            receiver->last_length = message.length;
            receiver->messages++;
        }
        bytes += taken;
        length -= taken;
    }
}

static void expect(const struct receiver *receiver, uint32_t messages, uint32_t bad_frames) {
    CHECK_EQUAL(receiver->messages, messages);
    CHECK_EQUAL(receiver->decoder.bad_frames, bad_frames);
}

static void expect_last(const struct receiver *receiver, const uint8_t *message, uint32_t length) {
    CHECK_EQUAL(receiver->last_length, length);
    CHECK(memcmp(receiver->last, message, length) == 0);
}

/* Encodes into `frame` [MAX_FRAME], in a buffer of exactly the documented size. */
static uint32_t encode(const uint8_t *message, uint32_t length, uint8_t *frame) {
    uint32_t headroom = LINNET_FRAME_CODES(length);
    uint8_t *buffer = malloc(LINNET_FRAME_BYTES(length));
    CHECK(buffer != NULL);
    memcpy(buffer + headroom, message, length);
    uint32_t bytes = linnet_frame_encode(buffer, headroom, length);
    CHECK(bytes <= LINNET_FRAME_BYTES(length));
    memcpy(frame, buffer, bytes);
    free(buffer);
    return bytes;
}

static const uint8_t digits[] = "123456789";
#define DIGITS 9u

static void test_worked_examples(void) {
    uint8_t frame[MAX_FRAME];
    const uint8_t zeros[] = {0, 0};
    const uint8_t digits_frame[] = "\x0e"
                                   "123456789"
                                   "\x26\x39\xf4\xcb";
    const uint8_t zeros_frame[] = "\x01\x01\x05\xff\x12\xd9\x41";
    CHECK_EQUAL(encode(digits, DIGITS, frame), sizeof digits_frame);
    CHECK(memcmp(frame, digits_frame, sizeof digits_frame) == 0);
    CHECK_EQUAL(encode(zeros, sizeof zeros, frame), sizeof zeros_frame);
    CHECK(memcmp(frame, zeros_frame, sizeof zeros_frame) == 0);
}

static void fill(uint8_t *message, uint32_t length, uint32_t pattern) {
    uint32_t seed = random_stream(length);
    random_fill(&seed, message, length);
    for (uint32_t i = 0; i < length; i++) {
        switch (pattern) {
        case 0:
            message[i] = 0;
            break;
        case 1:
            message[i] |= 1; /* no zero: the longest blocks */
            break;
        case 2:
            message[i] = random_below(&seed, 4) == 0 ? 0 : message[i];
            break;
        default:
            break;
        }
    }
}

static void test_every_length_comes_back(void) {
    struct receiver receiver;
    uint8_t message[MAX_MESSAGE];
    uint8_t frame[MAX_FRAME];
    uint32_t sent = 0;
    open_receiver(&receiver);
    for (uint32_t length = 1; length <= MAX_MESSAGE; length++) {
        for (uint32_t pattern = 0; pattern < 4; pattern++) {
            fill(message, length, pattern);
            uint32_t bytes = encode(message, length, frame);
            CHECK(memchr(frame, 0, bytes) == frame + bytes - 1);
            feed(&receiver, frame, bytes);
            expect(&receiver, ++sent, 0);
            expect_last(&receiver, message, length);
        }
    }
    close_receiver(&receiver);
}

static void test_the_headroom_of_the_largest_message_serves_all(void) {
    uint8_t message[MAX_MESSAGE];
    uint8_t frame[MAX_FRAME];
    uint8_t buffer[LINNET_FRAME_BYTES(MAX_MESSAGE)];
    uint32_t headroom = LINNET_FRAME_CODES(MAX_MESSAGE);
    for (uint32_t length = 1; length <= MAX_MESSAGE; length++) {
        fill(message, length, length % 4);
        memcpy(buffer + headroom, message, length);
        uint32_t bytes = linnet_frame_encode(buffer, headroom, length);
        CHECK_EQUAL(bytes, encode(message, length, frame));
        CHECK(memcmp(buffer, frame, bytes) == 0);
    }
}

static void test_two_frames_split_at_every_byte(void) {
    uint8_t message[260];
    uint8_t stream[2 * MAX_FRAME];
    fill(message, sizeof message, 1);
    uint32_t first = encode(digits, DIGITS, stream);
    uint32_t both = first + encode(message, sizeof message, stream + first);
    for (uint32_t split = 0; split <= both; split++) {
        struct receiver receiver;
        open_receiver(&receiver);
        feed(&receiver, stream, split);
        CHECK_EQUAL(receiver.messages, (split >= first) + (split == both));
        feed(&receiver, stream + split, both - split);
        expect(&receiver, 2, 0);
        expect_last(&receiver, message, sizeof message);
        close_receiver(&receiver);
    }
}

/* Feeds bad bytes and a good frame behind them, which must arrive. */
static void expect_dropped(const uint8_t *bytes, uint32_t length, uint32_t bad_frames) {
    struct receiver receiver;
    uint8_t frame[MAX_FRAME];
    uint32_t frame_bytes = encode(digits, DIGITS, frame);
    open_receiver(&receiver);
    feed(&receiver, bytes, length);
    feed(&receiver, frame, frame_bytes);
    expect(&receiver, 1, bad_frames);
    expect_last(&receiver, digits, DIGITS);
    close_receiver(&receiver);
}

static void test_bad_frames_are_dropped_and_counted(void) {
    uint8_t message[MAX_MESSAGE + 1];
    uint8_t frame[MAX_FRAME];
    uint8_t noise[10000];
    const uint8_t nothing[] = {1, 1, 1, 1, 1, 0}; /* no message, and the CRC of none */
    const uint8_t short_block[] = {5, 'a', 'b', 0};
    expect_dropped((const uint8_t *)"\0\0\0", 3, 3);
    expect_dropped(nothing, sizeof nothing, 1);
    expect_dropped((const uint8_t *)"\x03zz", 4, 1);
    expect_dropped(short_block, sizeof short_block, 1);
    fill(message, sizeof message, 1);
    expect_dropped(frame, encode(message, sizeof message, frame), 1);
    memset(noise, 0x55, sizeof noise);
    noise[sizeof noise - 1] = 0;
    expect_dropped(noise, sizeof noise, 1);
}

static void test_a_frame_too_long_is_dropped_however_it_begins(void) {
    uint8_t message[MAX_MESSAGE + LINNET_FRAME_CRC_BYTES + 1] = {0};
    uint8_t frame[LINNET_FRAME_BYTES(sizeof message)];
    struct linnet_writer w = linnet_writer(message + MAX_MESSAGE, LINNET_FRAME_CRC_BYTES);
    fill(message, MAX_MESSAGE, 3);
    linnet_put_u32(&w, linnet_crc32(message, MAX_MESSAGE));
    expect_dropped(frame, encode(message, sizeof message, frame), 1);
}

static void test_every_corrupted_byte_is_noticed(void) {
    uint8_t frame[MAX_FRAME];
    uint32_t bytes = encode(digits, DIGITS, frame);
    for (uint32_t at = 0; at + 1 < bytes; at++) {
        for (uint32_t value = 0; value < 256; value++) {
            uint8_t original = frame[at];
            if (value != original) {
                frame[at] = (uint8_t)value;
                expect_dropped(frame, bytes, value == 0 ? 2 : 1); /* a 00 cuts it in two */
            }
            frame[at] = original;
        }
    }
}

static void test_an_empty_last_block_is_accepted(void) {
    struct receiver receiver;
    uint8_t message[250];
    uint8_t frame[MAX_FRAME];
    fill(message, sizeof message, 1);
    uint32_t bytes;
    do { /* with its CRC it must make 254 bytes without a zero */
        message[0]++;
        bytes = encode(message, sizeof message, frame);
    } while (frame[0] != 0xff);
    CHECK_EQUAL(bytes, 256);
    frame[255] = 1;
    frame[256] = 0;
    open_receiver(&receiver);
    feed(&receiver, frame, 257);
    expect(&receiver, 1, 0);
    expect_last(&receiver, message, sizeof message);
    close_receiver(&receiver);
}

static void test_noise_never_hides_a_frame(void) {
    uint32_t seed = random_stream(7);
    uint8_t noise[2000];
    uint8_t frame[MAX_FRAME];
    uint32_t frame_bytes = encode(digits, DIGITS, frame);
    struct receiver receiver;
    open_receiver(&receiver);
    for (uint32_t round = 0; round < 500; round++) {
        uint32_t length = random_below(&seed, sizeof noise);
        random_fill(&seed, noise, length);
        feed(&receiver, noise, length);
        feed(&receiver, (const uint8_t *)"", 1);
        uint32_t before = receiver.messages;
        feed(&receiver, frame, frame_bytes);
        CHECK_EQUAL(receiver.messages, before + 1);
        expect_last(&receiver, digits, DIGITS);
    }
    CHECK(receiver.decoder.bad_frames > 500);
    close_receiver(&receiver);
}

static void test_a_new_link_forgets_half_a_frame(void) {
    struct receiver receiver;
    uint8_t frame[MAX_FRAME];
    uint32_t bytes = encode(digits, DIGITS, frame);
    open_receiver(&receiver);
    feed(&receiver, frame, bytes / 2);
    linnet_frame_decoder_reset(&receiver.decoder);
    feed(&receiver, frame, bytes);
    expect(&receiver, 1, 0);
    close_receiver(&receiver);
}

int main(void) {
    test_worked_examples();
    test_every_length_comes_back();
    test_the_headroom_of_the_largest_message_serves_all();
    test_two_frames_split_at_every_byte();
    test_bad_frames_are_dropped_and_counted();
    test_a_frame_too_long_is_dropped_however_it_begins();
    test_every_corrupted_byte_is_noticed();
    test_an_empty_last_block_is_accepted();
    test_noise_never_hides_a_frame();
    test_a_new_link_forgets_half_a_frame();
    return 0;
}
