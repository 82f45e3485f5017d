/*
 * Messages on a byte stream (SPEC, section 6): COBS(message, u32 CRC-32 of the message) 00.
 *
 * Both directions work inside the buffer of the message itself, so a device needs one buffer to
 * receive and one to send. COBS is that of Cheshire and Baker, IEEE/ACM Transactions on Networking
 * 7(2), 1999; the encoder leaves out the empty block behind a last block of 254 bytes, the decoder
 * takes frames with and without it.
 */
#ifndef LINNET_FRAME_H
#define LINNET_FRAME_H

#include "bytes.h"

#define LINNET_FRAME_CRC_BYTES 4u
/* Code bytes COBS adds to a message of `bytes` and its CRC. */
#define LINNET_FRAME_CODES(bytes) (((bytes) + LINNET_FRAME_CRC_BYTES + 253u) / 254u)
/* Largest frame of a message of at most `bytes`, the closing 00 included. */
#define LINNET_FRAME_BYTES(bytes)                                                                  \
    ((bytes) + LINNET_FRAME_CRC_BYTES + LINNET_FRAME_CODES(bytes) + 1u)
/* What the decoder needs for messages of at most `bytes`. */
#define LINNET_FRAME_DECODER_BYTES(bytes) ((bytes) + LINNET_FRAME_CRC_BYTES)

/* Decodes a stream of frames, byte by byte, into a buffer of the caller. */
struct linnet_frame_decoder {
    uint8_t *buffer;
    uint32_t capacity;
    uint32_t length;     /* bytes decoded of the frame so far */
    uint32_t bad_frames; /* dropped: empty, too long, wrongly stuffed or with a bad CRC */
    uint8_t block_left;  /* bytes still to come of the present COBS block */
    uint8_t owes_zero;   /* the present block stands for a zero if another follows */
    uint8_t is_dropping; /* the frame is too long; its rest passes by */
};

/* capacity: LINNET_FRAME_DECODER_BYTES(largest message). Keeps nothing of what was before. */
void linnet_frame_decoder_init(struct linnet_frame_decoder *decoder, uint8_t *buffer,
                               uint32_t capacity);

/* Forgets a frame that has begun, because the link is a new one. */
void linnet_frame_decoder_reset(struct linnet_frame_decoder *decoder);

/*
 * Takes bytes until a message is complete or the input ends.
 *
 * message: points into the decoder's buffer and is good until the next call; data is NULL if no
 * message is complete.
 * Returns the bytes taken; the caller comes back with the rest after it handled the message. A bad
 * frame is dropped and counted, and the next one begins after its 00.
 */
uint32_t linnet_frame_decode(struct linnet_frame_decoder *decoder, const uint8_t *in,
                             uint32_t length, struct linnet_span *message);

/*
 * Makes a frame of a message, in place.
 *
 * buffer [LINNET_FRAME_BYTES(length)]: on entry the message stands at
 * buffer + headroom, on return the frame begins at buffer.
 * headroom: at least LINNET_FRAME_CODES(length); that of the largest message serves all.
 * Returns the bytes of the frame.
 */
uint32_t linnet_frame_encode(uint8_t *buffer, uint32_t headroom, uint32_t length);

#endif
