/* The emulated NOR flash (nor_flash.h) in a file that is mapped, and the power cut of --cut-at. */
#ifndef LINNET_POSIX_FLASH_FILE_H
#define LINNET_POSIX_FLASH_FILE_H

#include "nor_flash.h"

struct flash_file {
    int descriptor; /* -1: memory that is lost at exit */
    struct nor_flash nor;
};

struct flash_options {
    const char *path; /* NULL = in memory */
    uint32_t bytes;   /* whole sectors; 0 = the size of the file, or the default for a new one */
    uint32_t sector_bytes; /* powers of two */
    uint32_t write_bytes;
    uint32_t cut_at; /* the operation during which the process ends, or NOR_FLASH_NEVER */
    uint32_t cut_seed;
};

/*
 * A file is created full of 0xff if absent, and locked against a second node. Ends the process with
 * one line if it cannot be used.
 */
void flash_file_open(struct flash_file *flash, const struct flash_options *options);
void flash_file_close(struct flash_file *flash);

/* As nor_flash.h; the operation that is cut ends the process with EXIT_POWER_CUT. */
int32_t flash_file_erase(struct flash_file *flash, uint32_t offset);
int32_t flash_file_program(struct flash_file *flash, uint32_t offset, const uint8_t *data,
                           uint32_t length);

#endif
