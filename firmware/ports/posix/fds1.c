#include "fds1.h"
#include "fail.h"
#include "linnet_contract.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Little-endian:
 *
 *   0       4      8      10     12      14     16
 *   +-------+------+------+------+-------+------+-----------+---------+---------+-------------+-------------+
 *   | FDS1  | u32 N| u16 C| u16 T|u16 cls| u16 E| u16[N]    | u8[N]   | u8[N]   | i8[N][C][T] |
 * u16[N][E]   | |       |      |      |      |       |      | subject   | label   | split   | x |
 * extra       |
 *   +-------+------+------+------+-------+------+-----------+---------+---------+-------------+-------------+
 */
#define HEADER_BYTES 16u

static const char copy_again[] = "check the file against the FDS1 format or make it again";

static uint32_t read_u16(const uint8_t *in) {
    return (uint32_t)in[0] | (uint32_t)in[1] << 8;
}

static uint32_t read_u32(const uint8_t *in) {
    return read_u16(in) | read_u16(in + 2) << 16;
}

static void *allocate(size_t bytes, const char *path) {
    void *memory = malloc(bytes == 0 ? 1 : bytes);
    if (memory == NULL) {
        fail(EXIT_FAILED, "use a smaller file", "%s needs %zu bytes of memory", path, bytes);
    }
    return memory;
}

static uint8_t *read_file(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(EXIT_USAGE_ERROR, "give a readable FDS1 file", "%s: %s", path, strerror(errno));
    }
    long end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (end < 0 || fseek(file, 0, SEEK_SET) != 0) {
        fail(EXIT_USAGE_ERROR, "give a regular file", "%s cannot be read as a file", path);
    }
    *bytes = (size_t)end;
    uint8_t *content = allocate(*bytes, path);
    if (fread(content, 1, *bytes, file) != *bytes) {
        fail(EXIT_USAGE_ERROR, "give a readable FDS1 file", "%s could not be read whole", path);
    }
    fclose(file);
    return content;
}

/* Returns N. */
static uint32_t check_header(struct fds1 *data, size_t bytes, const char *path) {
    const uint8_t *header = data->file;
    if (bytes < HEADER_BYTES || memcmp(header, "FDS1", 4) != 0) {
        fail(EXIT_USAGE_ERROR, copy_again, "%s is not an FDS1 file", path);
    }
    uint32_t count = read_u32(header + 4);
    data->channels = read_u16(header + 8);
    data->steps = read_u16(header + 10);
    uint64_t inputs = (uint64_t)data->channels * data->steps;
    uint64_t expected = HEADER_BYTES + count * (4 + inputs + 2 * (uint64_t)read_u16(header + 14));
    if (inputs == 0 || expected != bytes) {
        fail(EXIT_USAGE_ERROR, copy_again, "%s has %zu bytes, its header promises %llu", path,
             bytes, (unsigned long long)expected);
    }
    return count;
}

static void index_splits(struct fds1 *data, uint32_t count, const char *path) {
    uint32_t classes = read_u16(data->file + 12);
    const uint8_t *split = data->label + count;
    for (uint32_t part = 0; part < 2; part++) {
        data->split[part] = allocate(count * sizeof(uint32_t), path);
        data->split_count[part] = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (data->label[i] >= classes || split[i] > LINNET_SPLIT_TEST) {
            fail(EXIT_USAGE_ERROR, copy_again, "%s: sample %u has label %u of %u and split %u",
                 path, i, data->label[i], classes, split[i]);
        }
        data->split[split[i]][data->split_count[split[i]]++] = i;
    }
}

void fds1_open(struct fds1 *data, const char *path) {
    size_t bytes;
    data->file = read_file(path, &bytes);
    uint32_t count = check_header(data, bytes, path);
    data->label = data->file + HEADER_BYTES + 2 * (size_t)count;
    data->x = (const int8_t *)(data->label + 2 * (size_t)count);
    index_splits(data, count, path);
}

void fds1_close(struct fds1 *data) {
    free(data->file);
    free(data->split[LINNET_SPLIT_TRAIN]);
    free(data->split[LINNET_SPLIT_TEST]);
}

int32_t fds1_sample(const struct fds1 *data, uint32_t split, uint32_t index, int8_t *x,
                    uint32_t x_bytes, uint8_t *label) {
    if (split > LINNET_SPLIT_TEST || index >= data->split_count[split]) {
        return LINNET_ERR_NOT_FOUND;
    }
    if (x_bytes != data->channels * data->steps) {
        return LINNET_ERR_SHAPE;
    }
    uint32_t row = data->split[split][index];
    const int8_t *series = data->x + (size_t)row * x_bytes;
    for (uint32_t channel = 0; channel < data->channels; channel++) {
        for (uint32_t step = 0; step < data->steps; step++) {
            x[step * data->channels + channel] = *series++;
        }
    }
    *label = data->label[row];
    return LINNET_OK;
}
