/*
 * Deterministic CBOR (RFC 8949, section 4.2.1), as far as the payloads of SPEC section 8 use it,
 * on the readers and writers of bytes.h.
 *
 * Reading is strict and bounded: shortest heads, definite lengths, keys in ascending order, no
 * tags. A fault uses the input up as if it had ended there, so everything read from then on is zero
 * or empty, every loop over a map or array ends, and the caller asks once, at the end.
 */
#ifndef LINNET_CBOR_H
#define LINNET_CBOR_H

#include <stdbool.h>
#include "bytes.h"

enum linnet_cbor_major {
    LINNET_CBOR_UINT,
    LINNET_CBOR_NEGATIVE,
    LINNET_CBOR_BYTES,
    LINNET_CBOR_TEXT,
    LINNET_CBOR_ARRAY,
    LINNET_CBOR_MAP,
    LINNET_CBOR_TAG,
    LINNET_CBOR_SIMPLE
};

/* Bytes of the head with this argument: 1, 2, 3, 5 or 9. */
uint32_t linnet_cbor_head_bytes(uint64_t argument);

/* A head alone: of a byte string that follows in pieces, an array or a map. */
void linnet_cbor_put_head(struct linnet_writer *w, enum linnet_cbor_major major, uint64_t argument);
void linnet_cbor_put_uint(struct linnet_writer *w, uint64_t value);
void linnet_cbor_put_bytes(struct linnet_writer *w, struct linnet_span data);
/* text: UTF-8. */
void linnet_cbor_put_text(struct linnet_writer *w, struct linnet_span text);
void linnet_cbor_put_bool(struct linnet_writer *w, bool value);

/* A map that is being read. */
struct linnet_cbor_map {
    uint32_t pairs_left;
    bool has_key;
    uint64_t last_key;
};

/* LINNET_OK, or LINNET_ERR_CBOR after a fault or with bytes left over. */
linnet_status_t linnet_cbor_status(const struct linnet_reader *r);
uint64_t linnet_cbor_get_uint(struct linnet_reader *r);
struct linnet_span linnet_cbor_get_bytes(struct linnet_reader *r);
/* A byte string of exactly this length; NULL after a fault. */
const uint8_t *linnet_cbor_get_fixed_bytes(struct linnet_reader *r, uint32_t length);
/* The bytes of the text; whether they are UTF-8 is not checked. */
struct linnet_span linnet_cbor_get_text(struct linnet_reader *r);
bool linnet_cbor_get_bool(struct linnet_reader *r);
/* Entries of an array, which follow; at most as many as bytes are left. */
uint32_t linnet_cbor_get_array(struct linnet_reader *r);
struct linnet_cbor_map linnet_cbor_get_map(struct linnet_reader *r);
/*
 * Reads the next key of a map whose keys are unsigned integers; its value follows. False after the
 * last pair and after a fault; a key that is not greater than the one before is a fault.
 */
bool linnet_cbor_next_key(struct linnet_reader *r, struct linnet_cbor_map *map, uint64_t *key);
/*
 * Passes over one value of any type and nesting, in time linear in its bytes. Inside it the order
 * of keys, the form of floats and the UTF-8 of texts are not checked.
 */
void linnet_cbor_skip(struct linnet_reader *r);

#endif
