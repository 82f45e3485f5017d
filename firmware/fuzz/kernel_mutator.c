/*
 * Mutations for kernel_fuzz.c that know the format of a descriptor (SPEC 3): most of what random
 * bytes give ends at the framing, and nothing behind it is tested.
 */
#include <string.h>
#include "fuzz.h"
#include "linnet_contract.h"

#define PREFIX 8u
#define ACTION_BYTES 4u

/* Offsets of the records of the descriptor at data + PREFIX. */
struct records {
    uint32_t at[LINNET_MAX_RECORDS + 1u]; /* and the end of the last */
    uint32_t count;
};

static uint32_t read_u16(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8;
}

static void write_u16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void find_records(const uint8_t *data, size_t size, struct records *records) {
    uint32_t end = PREFIX + read_u16(data);
    end = end < size ? end : (uint32_t)size;
    uint32_t at = PREFIX + LINNET_DESCRIPTOR_HEADER_BYTES;
    records->count = 0;
    while (records->count < LINNET_MAX_RECORDS && at + LINNET_RECORD_HEADER_BYTES <= end) {
        uint32_t next = at + LINNET_RECORD_HEADER_BYTES + read_u16(data + at + 2);
        if (next > end) {
            break;
        }
        records->at[records->count++] = at;
        at = next;
    }
    records->at[records->count] = at;
}

/* Makes the header say what the records are, so that they are looked at. */
static void mend_header(uint8_t *data, const struct records *records) {
    uint32_t total = records->at[records->count] - PREFIX;
    write_u16(data, total);
    write_u16(data + PREFIX + 6, records->count);
    write_u16(data + PREFIX + 8, total);
    write_u16(data + PREFIX + 10, 0);
}

/* A byte or a word of a payload becomes another one. */
static void change_field(uint8_t *data, const struct records *records, uint32_t *state) {
    uint32_t record = fuzz_random(state) % records->count;
    uint32_t start = records->at[record] + LINNET_RECORD_HEADER_BYTES;
    uint32_t length = records->at[record + 1u] - start;
    if (length < 2u) {
        return;
    }
    uint32_t value = fuzz_edge(state);
    if (fuzz_random(state) % 2u == 0) {
        data[start + fuzz_random(state) % length] = (uint8_t)value;
    } else {
        write_u16(data + start + (fuzz_random(state) % (length / 2u)) * 2u, value);
    }
}

/* A record appears a second time, or not at all. Returns the new size. */
static size_t change_records(uint8_t *data, size_t size, size_t capacity, struct records *records,
                             uint32_t *state) {
    uint32_t record = fuzz_random(state) % records->count;
    uint32_t start = records->at[record];
    uint32_t length = records->at[record + 1u] - start;
    if (fuzz_random(state) % 2u == 0) {
        memmove(data + start, data + start + length, size - start - length);
        size -= length;
        write_u16(data, read_u16(data) - length);
    } else if (size + length <= capacity && records->count < LINNET_MAX_RECORDS) {
        memmove(data + start + length, data + start, size - start);
        size += length;
        write_u16(data, read_u16(data) + length);
    }
    find_records(data, size, records);
    return size;
}

/* One more action behind the others. Returns the new size. */
static size_t add_action(uint8_t *data, size_t size, size_t capacity, uint32_t *state) {
    if (size + ACTION_BYTES > capacity) {
        return size;
    }
    for (uint32_t i = 0; i < ACTION_BYTES; i++) {
        data[size + i] = (uint8_t)fuzz_random(state);
    }
    return size + ACTION_BYTES;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed) {
    uint32_t state = seed;
    struct records records;
    if (size < PREFIX + LINNET_DESCRIPTOR_HEADER_BYTES || fuzz_random(&state) % 4u == 0) {
        return LLVMFuzzerMutate(data, size, capacity);
    }
    find_records(data, size, &records);
    uint32_t kind = fuzz_random(&state) % 8u;
    if (kind == 0 || records.count == 0) {
        return add_action(data, size, capacity, &state);
    }
    if (kind == 1) {
        size = change_records(data, size, capacity, &records, &state);
    } else {
        change_field(data, &records, &state);
    }
    if (fuzz_random(&state) % 8u != 0 && records.count > 0) {
        mend_header(data, &records);
    }
    return size;
}
