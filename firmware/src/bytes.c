#include "bytes.h"

#include <stddef.h>

struct linnet_writer linnet_slice_writer(uint32_t skip, uint8_t *out, uint32_t capacity) {
    struct linnet_writer w = {out, capacity, 0, 0, skip};
    return w;
}

struct linnet_writer linnet_writer(uint8_t *out, uint32_t capacity) {
    return linnet_slice_writer(0, out, capacity);
}

uint32_t linnet_writer_length(const struct linnet_writer *w) {
    return w->overflow == 0 ? w->length : 0;
}

void linnet_put_u8(struct linnet_writer *w, uint8_t v) {
    if (w->skip > 0) {
        w->skip--;
    } else if (w->length < w->capacity) {
        w->out[w->length++] = v;
    } else {
        w->overflow++;
    }
}

void linnet_put_i8(struct linnet_writer *w, int8_t v) {
    linnet_put_u8(w, (uint8_t)v);
}

void linnet_put_u16(struct linnet_writer *w, uint16_t v) {
    linnet_put_u8(w, (uint8_t)(v & 0xffu));
    linnet_put_u8(w, (uint8_t)(v >> 8));
}

void linnet_put_i16(struct linnet_writer *w, int16_t v) {
    linnet_put_u16(w, (uint16_t)v);
}

void linnet_put_u32(struct linnet_writer *w, uint32_t v) {
    linnet_put_u16(w, (uint16_t)(v & 0xffffu));
    linnet_put_u16(w, (uint16_t)(v >> 16));
}

void linnet_put_i32(struct linnet_writer *w, int32_t v) {
    linnet_put_u32(w, (uint32_t)v);
}

void linnet_put_bytes(struct linnet_writer *w, struct linnet_span data) {
    for (uint32_t i = 0; i < data.length; i++) {
        linnet_put_u8(w, data.data[i]);
    }
}

static void put_fixed(struct linnet_writer *w, const uint8_t *data, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        linnet_put_u8(w, data != NULL ? data[i] : 0);
    }
}

void linnet_put_id(struct linnet_writer *w, const uint8_t *id) {
    put_fixed(w, id, LINNET_ID_BYTES);
}

void linnet_put_hash(struct linnet_writer *w, const uint8_t *hash) {
    put_fixed(w, hash, LINNET_HASH_BYTES);
}

void linnet_put_mac(struct linnet_writer *w, const uint8_t *mac) {
    put_fixed(w, mac, LINNET_MAC_BYTES);
}

void linnet_put_string8(struct linnet_writer *w, struct linnet_span text) {
    if (text.length > UINT8_MAX) {
        w->overflow += text.length;
        return;
    }
    linnet_put_u8(w, (uint8_t)text.length);
    linnet_put_bytes(w, text);
}

struct linnet_reader linnet_reader(const uint8_t *in, uint32_t length) {
    struct linnet_reader r = {in, length, 0, 0};
    return r;
}

linnet_status_t linnet_reader_status(const struct linnet_reader *r) {
    return r->underflow == 0 && r->offset == r->length ? LINNET_OK : LINNET_ERR_MESSAGE;
}

/* The next `length` bytes, or NULL, with the rest of the input used up, if they are not there. */
static const uint8_t *take(struct linnet_reader *r, uint32_t length) {
    uint32_t left = r->length - r->offset;
    if (length > left) {
        r->underflow += length - left;
        r->offset = r->length;
        return NULL;
    }
    const uint8_t *data = r->in + r->offset;
    r->offset += length;
    return data;
}

/* Little-endian, of 1 to 4 bytes. */
static uint32_t get_unsigned(struct linnet_reader *r, uint32_t bytes) {
    const uint8_t *data = take(r, bytes);
    uint32_t v = 0;
    for (uint32_t i = bytes; data != NULL && i-- > 0;) {
        v = v << 8 | data[i];
    }
    return v;
}

uint8_t linnet_get_u8(struct linnet_reader *r) {
    return (uint8_t)get_unsigned(r, 1);
}

int8_t linnet_get_i8(struct linnet_reader *r) {
    return (int8_t)linnet_get_u8(r);
}

uint16_t linnet_get_u16(struct linnet_reader *r) {
    return (uint16_t)get_unsigned(r, 2);
}

int16_t linnet_get_i16(struct linnet_reader *r) {
    return (int16_t)linnet_get_u16(r);
}

uint32_t linnet_get_u32(struct linnet_reader *r) {
    return get_unsigned(r, 4);
}

int32_t linnet_get_i32(struct linnet_reader *r) {
    return (int32_t)linnet_get_u32(r);
}

const uint8_t *linnet_get_id(struct linnet_reader *r) {
    return take(r, LINNET_ID_BYTES);
}

const uint8_t *linnet_get_hash(struct linnet_reader *r) {
    return take(r, LINNET_HASH_BYTES);
}

const uint8_t *linnet_get_mac(struct linnet_reader *r) {
    return take(r, LINNET_MAC_BYTES);
}

struct linnet_span linnet_get_string8(struct linnet_reader *r) {
    uint32_t length = linnet_get_u8(r);
    const uint8_t *data = take(r, length);
    struct linnet_span text = {data, data != NULL ? length : 0};
    return text;
}

struct linnet_span linnet_get_bytes(struct linnet_reader *r) {
    uint32_t length = r->length - r->offset;
    struct linnet_span rest = {take(r, length), length};
    return rest;
}
