/* A NOR flash in a file: mapped, erased to 0xff by sectors, programming only clears bits. */
#ifndef LINNET_POSIX_FLASH_FILE_H
#define LINNET_POSIX_FLASH_FILE_H

#include "linnet_port.h"

#define FLASH_SECTOR_BYTES 4096u
#define FLASH_WRITE_BYTES 8u

struct flash_file {
    int descriptor; /* -1: memory that is lost at exit */
    uint8_t *memory;
    uint32_t bytes;
};

/*
 * path: created full of 0xff if absent, locked against a second node; NULL = memory only.
 * bytes: a multiple of the sector; 0 = the size of the file, or the default for a new one.
 * Ends the process with one line if the file cannot be used.
 */
void flash_file_open(struct flash_file *flash, const char *path, uint32_t bytes);
void flash_file_close(struct flash_file *flash);

struct linnet_flash flash_file_geometry(const struct flash_file *flash);
int32_t flash_file_erase(struct flash_file *flash, uint32_t offset);
int32_t flash_file_program(struct flash_file *flash, uint32_t offset, const uint8_t *data,
                           uint32_t length);

#endif
