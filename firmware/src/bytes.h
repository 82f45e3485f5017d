/*
 * Bounded little-endian reading and writing. A reader or writer that runs out remembers it and
 * yields zeros or drops bytes; the caller asks once, at the end.
 */
#ifndef LINNET_BYTES_H
#define LINNET_BYTES_H

#include <stdint.h>
#include "linnet_contract.h"

/* Bytes somebody else owns. */
struct linnet_span {
    const uint8_t *data;
    uint32_t length;
};

struct linnet_writer {
    uint8_t *out;
    uint32_t capacity;
    uint32_t length;
    uint32_t overflow; /* bytes that found no room */
    uint32_t skip;     /* bytes still to be dropped before the first is kept */
};

struct linnet_reader {
    const uint8_t *in;
    uint32_t length;
    uint32_t offset;
    uint32_t underflow;
};

struct linnet_writer linnet_writer(uint8_t *out, uint32_t capacity);
/*
 * Keeps bytes [skip, skip + capacity) of what is put and drops the others, so that something larger
 * than any buffer is made slice by slice. `length` says how many were kept; with capacity 0 and
 * skip 0 (out may be NULL) `overflow` is the length of the whole.
 */
struct linnet_writer linnet_slice_writer(uint32_t skip, uint8_t *out, uint32_t capacity);
/* Bytes written, or 0 after an overflow. */
uint32_t linnet_writer_length(const struct linnet_writer *w);
void linnet_put_u8(struct linnet_writer *w, uint8_t v);
void linnet_put_i8(struct linnet_writer *w, int8_t v);
void linnet_put_u16(struct linnet_writer *w, uint16_t v);
void linnet_put_i16(struct linnet_writer *w, int16_t v);
void linnet_put_u32(struct linnet_writer *w, uint32_t v);
void linnet_put_i32(struct linnet_writer *w, int32_t v);
/* 8, 32 and 16 bytes; NULL writes zeros. */
void linnet_put_id(struct linnet_writer *w, const uint8_t *id);
void linnet_put_hash(struct linnet_writer *w, const uint8_t *hash);
void linnet_put_mac(struct linnet_writer *w, const uint8_t *mac);
/* At most 255 bytes, preceded by their number; longer text counts as an overflow. */
void linnet_put_string8(struct linnet_writer *w, struct linnet_span text);
void linnet_put_bytes(struct linnet_writer *w, struct linnet_span data);

struct linnet_reader linnet_reader(const uint8_t *in, uint32_t length);
/* LINNET_OK, or LINNET_ERR_MESSAGE after reading past the end or with bytes left over. */
linnet_status_t linnet_reader_status(const struct linnet_reader *r);
uint8_t linnet_get_u8(struct linnet_reader *r);
int8_t linnet_get_i8(struct linnet_reader *r);
uint16_t linnet_get_u16(struct linnet_reader *r);
int16_t linnet_get_i16(struct linnet_reader *r);
uint32_t linnet_get_u32(struct linnet_reader *r);
int32_t linnet_get_i32(struct linnet_reader *r);
/* 8, 32 and 16 bytes inside the input; NULL if they are not there. */
const uint8_t *linnet_get_id(struct linnet_reader *r);
const uint8_t *linnet_get_hash(struct linnet_reader *r);
const uint8_t *linnet_get_mac(struct linnet_reader *r);
struct linnet_span linnet_get_string8(struct linnet_reader *r);
/* The rest of the input. */
struct linnet_span linnet_get_bytes(struct linnet_reader *r);

#endif
