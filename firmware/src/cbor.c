#include "cbor.h"

#include <stddef.h>

/* Additional information of a head: below 24 the argument itself, else 1, 2, 4 or 8 bytes follow.
 */
#define INFORMATION_U8 24u
#define INFORMATION_U64 27u

/* Additional information of a SIMPLE head. */
#define SIMPLE_FALSE 20u
#define SIMPLE_TRUE 21u
#define SIMPLE_NULL 22u
#define SIMPLE_F16 25u
#define SIMPLE_F64 27u

uint32_t linnet_cbor_head_bytes(uint64_t argument) {
    if (argument < INFORMATION_U8) {
        return 1;
    }
    if (argument <= UINT8_MAX) {
        return 2;
    }
    if (argument <= UINT16_MAX) {
        return 3;
    }
    return argument <= UINT32_MAX ? 5 : 9;
}

void linnet_cbor_put_head(struct linnet_writer *w, enum linnet_cbor_major major,
                          uint64_t argument) {
    uint32_t type = (uint32_t)major << 5;
    uint32_t argument_bytes = linnet_cbor_head_bytes(argument) - 1;
    uint32_t information = INFORMATION_U8;
    if (argument_bytes == 0) {
        linnet_put_u8(w, (uint8_t)(type | argument));
        return;
    }
    for (uint32_t bytes = argument_bytes; bytes > 1; bytes >>= 1) {
        information++;
    }
    linnet_put_u8(w, (uint8_t)(type | information));
    while (argument_bytes-- > 0) {
        linnet_put_u8(w, (uint8_t)(argument >> (8 * argument_bytes)));
    }
}

void linnet_cbor_put_uint(struct linnet_writer *w, uint64_t value) {
    linnet_cbor_put_head(w, LINNET_CBOR_UINT, value);
}

void linnet_cbor_put_bytes(struct linnet_writer *w, struct linnet_span data) {
    linnet_cbor_put_head(w, LINNET_CBOR_BYTES, data.length);
    linnet_put_bytes(w, data);
}

void linnet_cbor_put_text(struct linnet_writer *w, struct linnet_span text) {
    linnet_cbor_put_head(w, LINNET_CBOR_TEXT, text.length);
    linnet_put_bytes(w, text);
}

void linnet_cbor_put_bool(struct linnet_writer *w, bool value) {
    linnet_cbor_put_head(w, LINNET_CBOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

static void fault(struct linnet_reader *r) {
    r->underflow++;
    r->offset = r->length;
}

struct head {
    uint32_t major;       /* enum linnet_cbor_major */
    uint32_t information; /* which SIMPLE */
    uint64_t argument;
};

static struct head get_head(struct linnet_reader *r) {
    uint8_t first = linnet_get_u8(r);
    struct head head = {first >> 5, first & 31u, first & 31u};
    if (head.information < INFORMATION_U8) {
        return head;
    }
    head.argument = 0;
    if (head.information > INFORMATION_U64) {
        fault(r); /* an indefinite length or a reserved head */
        return head;
    }
    uint32_t argument_bytes = 1u << (head.information - INFORMATION_U8);
    for (uint32_t i = 0; i < argument_bytes; i++) {
        head.argument = head.argument << 8 | linnet_get_u8(r);
    }
    /* The argument of a float is its bits: every head of one is as short as it can be. */
    if (head.major != LINNET_CBOR_SIMPLE &&
        linnet_cbor_head_bytes(head.argument) != 1 + argument_bytes) {
        fault(r);
    }
    return head;
}

/* The argument of a head that must be of this type; 0 after a fault. */
static uint64_t get_argument(struct linnet_reader *r, enum linnet_cbor_major major) {
    struct head head = get_head(r);
    if (head.major != (uint32_t)major) {
        fault(r);
    }
    return r->underflow == 0 ? head.argument : 0;
}

/* `count` if so many things of a byte or more can be left, else a fault and 0. */
static uint32_t check_count(struct linnet_reader *r, uint64_t count) {
    if (count > r->length - r->offset) {
        fault(r);
        return 0;
    }
    return (uint32_t)count;
}

static struct linnet_span get_string(struct linnet_reader *r, enum linnet_cbor_major major) {
    uint32_t length = check_count(r, get_argument(r, major));
    struct linnet_span string = {r->underflow == 0 ? r->in + r->offset : NULL, length};
    r->offset += length;
    return string;
}

linnet_status_t linnet_cbor_status(const struct linnet_reader *r) {
    return linnet_reader_status(r) == LINNET_OK ? LINNET_OK : LINNET_ERR_CBOR;
}

uint64_t linnet_cbor_get_uint(struct linnet_reader *r) {
    return get_argument(r, LINNET_CBOR_UINT);
}

struct linnet_span linnet_cbor_get_bytes(struct linnet_reader *r) {
    return get_string(r, LINNET_CBOR_BYTES);
}

const uint8_t *linnet_cbor_get_fixed_bytes(struct linnet_reader *r, uint32_t length) {
    struct linnet_span bytes = get_string(r, LINNET_CBOR_BYTES);
    if (bytes.length != length) {
        fault(r);
        return NULL;
    }
    return bytes.data;
}

struct linnet_span linnet_cbor_get_text(struct linnet_reader *r) {
    return get_string(r, LINNET_CBOR_TEXT);
}

bool linnet_cbor_get_bool(struct linnet_reader *r) {
    struct head head = get_head(r);
    bool is_bool = head.information == SIMPLE_FALSE || head.information == SIMPLE_TRUE;
    if (head.major != LINNET_CBOR_SIMPLE || !is_bool) {
        fault(r);
        return false;
    }
    return head.information == SIMPLE_TRUE;
}

uint32_t linnet_cbor_get_array(struct linnet_reader *r) {
    return check_count(r, get_argument(r, LINNET_CBOR_ARRAY));
}

struct linnet_cbor_map linnet_cbor_get_map(struct linnet_reader *r) {
    struct linnet_cbor_map map = {0, false, 0};
    map.pairs_left = check_count(r, get_argument(r, LINNET_CBOR_MAP));
    return map;
}

bool linnet_cbor_next_key(struct linnet_reader *r, struct linnet_cbor_map *map, uint64_t *key) {
    if (map->pairs_left == 0) {
        return false;
    }
    map->pairs_left--;
    *key = linnet_cbor_get_uint(r);
    if (map->has_key && *key <= map->last_key) {
        fault(r);
    }
    map->has_key = true;
    map->last_key = *key;
    return r->underflow == 0;
}

static bool is_simple_value(uint32_t information) {
    return (information >= SIMPLE_FALSE && information <= SIMPLE_NULL) ||
           (information >= SIMPLE_F16 && information <= SIMPLE_F64);
}

void linnet_cbor_skip(struct linnet_reader *r) {
    /* With definite lengths the number of values to come is all a nesting has to remember. */
    uint64_t values_left = 1;
    while (values_left > 0 && r->underflow == 0) {
        struct head head = get_head(r);
        values_left--;
        switch (head.major) {
        case LINNET_CBOR_UINT:
        case LINNET_CBOR_NEGATIVE:
            break;
        case LINNET_CBOR_BYTES:
        case LINNET_CBOR_TEXT:
            r->offset += check_count(r, head.argument);
            break;
        case LINNET_CBOR_ARRAY:
            values_left += check_count(r, head.argument);
            break;
        case LINNET_CBOR_MAP:
            values_left += 2 * (uint64_t)check_count(r, head.argument);
            break;
        default:
            if (head.major != LINNET_CBOR_SIMPLE || !is_simple_value(head.information)) {
                fault(r);
            }
        }
    }
}
