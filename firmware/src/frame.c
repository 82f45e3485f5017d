#include "frame.h"
#include "crc32.h"

#include <stddef.h>

#define FULL_BLOCK 0xffu /* code of 254 bytes that no zero follows */

void linnet_frame_decoder_reset(struct linnet_frame_decoder *decoder) {
    decoder->length = 0;
    decoder->block_left = 0;
    decoder->owes_zero = 0;
    decoder->is_dropping = 0;
}

void linnet_frame_decoder_init(struct linnet_frame_decoder *decoder, uint8_t *buffer,
                               uint32_t capacity) {
    decoder->buffer = buffer;
    decoder->capacity = capacity;
    decoder->bad_frames = 0;
    linnet_frame_decoder_reset(decoder);
}

static void keep(struct linnet_frame_decoder *decoder, uint8_t byte) {
    if (decoder->length < decoder->capacity) {
        decoder->buffer[decoder->length++] = byte;
    } else {
        decoder->is_dropping = 1;
    }
}

/* A byte other than 00: a code or one of the bytes the code counts. */
static void take_coded(struct linnet_frame_decoder *decoder, uint8_t byte) {
    if (decoder->block_left > 0) {
        decoder->block_left--;
        keep(decoder, byte);
        return;
    }
    if (decoder->owes_zero) {
        keep(decoder, 0);
    }
    decoder->owes_zero = byte != FULL_BLOCK;
    decoder->block_left = (uint8_t)(byte - 1);
}

/* At the end of a frame: its message, or nothing if the frame is bad. */
static struct linnet_span open_frame(const struct linnet_frame_decoder *decoder) {
    struct linnet_span message = {NULL, 0};
    uint32_t length = decoder->length;
    if (decoder->is_dropping || decoder->block_left > 0 || length <= LINNET_FRAME_CRC_BYTES) {
        return message;
    }
    length -= LINNET_FRAME_CRC_BYTES;
    struct linnet_reader tail = linnet_reader(decoder->buffer + length, LINNET_FRAME_CRC_BYTES);
    if (linnet_crc32(decoder->buffer, length) == linnet_get_u32(&tail)) {
        message.data = decoder->buffer;
        message.length = length;
    }
    return message;
}

uint32_t linnet_frame_decode(struct linnet_frame_decoder *decoder, const uint8_t *in,
                             uint32_t length, struct linnet_span *message) {
    uint32_t taken = 0;
    message->data = NULL;
    message->length = 0;
    while (taken < length && message->data == NULL) {
        uint8_t byte = in[taken++];
        if (byte == 0) {
            *message = open_frame(decoder);
            decoder->bad_frames += message->data == NULL;
            linnet_frame_decoder_reset(decoder);
        } else {
            take_coded(decoder, byte);
        }
    }
    return taken;
}

static void put_crc(uint8_t *message, uint32_t length) {
    struct linnet_writer tail = linnet_writer(message + length, LINNET_FRAME_CRC_BYTES);
    linnet_put_u32(&tail, linnet_crc32(message, length));
}

/*
 * Moves the bytes down over the headroom while it inserts the codes. The write stays behind the
 * read: i bytes read have become at most i + 1 + i/254, and the headroom is at least ⌈all/254⌉.
 */
static uint32_t stuff(uint8_t *out, const uint8_t *in, uint32_t length) {
    uint32_t code_at = 0;
    uint32_t end = 1;
    for (uint32_t i = 0; i < length; i++) {
        if (end - code_at == FULL_BLOCK) {
            out[code_at] = FULL_BLOCK;
            code_at = end++;
        }
        uint8_t byte = in[i];
        if (byte != 0) {
            out[end++] = byte;
        } else {
            out[code_at] = (uint8_t)(end - code_at);
            code_at = end++;
        }
    }
    out[code_at] = (uint8_t)(end - code_at);
    return end;
}

uint32_t linnet_frame_encode(uint8_t *buffer, uint32_t headroom, uint32_t length) {
    put_crc(buffer + headroom, length);
    uint32_t end = stuff(buffer, buffer + headroom, length + LINNET_FRAME_CRC_BYTES);
    buffer[end] = 0;
    return end + 1;
}
