/* Reader of FDS1 data files: the samples of a native node. */
#ifndef LINNET_POSIX_FDS1_H
#define LINNET_POSIX_FDS1_H

#include <stdint.h>

struct fds1 {
    uint8_t *file; /* the whole file */
    uint32_t channels;
    uint32_t steps;
    const uint8_t *label; /* [N] */
    const int8_t *x;      /* [N][C][T] */
    uint32_t *split[2];   /* samples of each LINNET_SPLIT_*, ascending */
    uint32_t split_count[2];
};

/* Reads and checks the file; ends the process with one line if it cannot be used. */
void fds1_open(struct fds1 *data, const char *path);
void fds1_close(struct fds1 *data);

/*
 * Inputs and label of the index-th sample of a split; x is channels-last, [T][C].
 * Returns LINNET_OK, ERR_NOT_FOUND for an index too large, or ERR_SHAPE if x_bytes is not T * C.
 */
int32_t fds1_sample(const struct fds1 *data, uint32_t split, uint32_t index, int8_t *x,
                    uint32_t x_bytes, uint8_t *label);

#endif
