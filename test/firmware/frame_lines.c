/*
 * encode MESSAGE: the frame · decode LARGEST BYTES PIECE: every message, then the number of bad
 * frames, for a decoder of messages up to LARGEST that is fed in pieces
 */
#include "frame.h"
#include "lines.h"

static void answer_encode(void) {
    struct linnet_span message = next_bytes();
    uint32_t headroom = LINNET_FRAME_CODES(message.length);
    uint8_t *buffer = malloc(LINNET_FRAME_BYTES(message.length));
    CHECK(buffer != NULL);
    memcpy(buffer + headroom, message.data, message.length);
    print_hex(buffer, linnet_frame_encode(buffer, headroom, message.length));
    free(buffer);
    free_bytes(message);
}

static void decode(struct linnet_frame_decoder *decoder, const uint8_t *bytes, uint32_t length) {
    while (length > 0) {
        struct linnet_span message;
        uint32_t taken = linnet_frame_decode(decoder, bytes, length, &message);
        if (message.data != NULL) {
            print_hex(message.data, message.length);
            putchar(' ');
        }
        bytes += taken;
        length -= taken;
    }
}

static void answer_decode(void) {
    struct linnet_frame_decoder decoder;
    uint32_t capacity = LINNET_FRAME_DECODER_BYTES(next_u32());
    struct linnet_span bytes = next_bytes();
    uint32_t piece = next_u32();
    uint8_t *buffer = malloc(capacity);
    CHECK(buffer != NULL);
    linnet_frame_decoder_init(&decoder, buffer, capacity);
    for (uint32_t offset = 0; offset < bytes.length; offset += piece) {
        uint32_t left = bytes.length - offset;
        decode(&decoder, bytes.data + offset, left < piece ? left : piece);
    }
    printf("%" PRIu32, decoder.bad_frames);
    free(buffer);
    free_bytes(bytes);
}

int main(void) {
    static char line[LINE_BYTES];
    for (const char *word = next_line(line); word != NULL; word = next_line(line)) {
        if (strcmp(word, "encode") == 0) {
            answer_encode();
        } else {
            CHECK(strcmp(word, "decode") == 0);
            answer_decode();
        }
        putchar('\n');
    }
    return 0;
}
