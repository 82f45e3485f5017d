#include "flash_file.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_BYTES (1024u * 1024u)

static void *map(int descriptor, uint32_t bytes, const char *path) {
    int flags = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, descriptor, 0);
    if (memory == MAP_FAILED) {
        fail(EXIT_FAILED, "use a smaller flash or another disk", "%s: %s", path, strerror(errno));
    }
    return memory;
}

/* Opens and locks; returns the size there is, 0 for a new file. */
static uint32_t open_locked(struct flash_file *flash, const char *path) {
    struct stat status;
    flash->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (flash->descriptor < 0 || fstat(flash->descriptor, &status) != 0) {
        fail(EXIT_USAGE_ERROR, "give --flash a writable file", "%s: %s", path, strerror(errno));
    }
    if (flock(flash->descriptor, LOCK_EX | LOCK_NB) != 0) {
        fail(EXIT_FAILED, "give every node its own flash file", "%s is used by another node", path);
    }
    if (status.st_size % FLASH_SECTOR_BYTES != 0 || status.st_size > INT32_MAX) {
        fail(EXIT_USAGE_ERROR, "delete the file to start with an empty flash",
             "%s is not a flash of whole %u-byte sectors", path, FLASH_SECTOR_BYTES);
    }
    return (uint32_t)status.st_size;
}

void flash_file_open(struct flash_file *flash, const char *path, uint32_t bytes) {
    uint32_t present = 0;
    flash->descriptor = -1;
    if (path != NULL) {
        present = open_locked(flash, path);
    }
    if (present != 0 && bytes != 0 && bytes != present) {
        fail(EXIT_USAGE_ERROR, "delete the file or leave out --flash-kb",
             "%s has %u KiB, not the %u of --flash-kb", path, present / 1024, bytes / 1024);
    }
    flash->bytes = present != 0 ? present : bytes != 0 ? bytes : DEFAULT_BYTES;
    if (present == 0 && path != NULL && ftruncate(flash->descriptor, (off_t)flash->bytes) != 0) {
        fail(EXIT_FAILED, "make room on the disk", "%s: %s", path, strerror(errno));
    }
    flash->memory = map(flash->descriptor, flash->bytes, path != NULL ? path : "flash");
    if (present == 0) {
        memset(flash->memory, 0xff, flash->bytes);
    }
}

void flash_file_close(struct flash_file *flash) {
    munmap(flash->memory, flash->bytes);
    if (flash->descriptor >= 0) {
        close(flash->descriptor);
    }
}

struct linnet_flash flash_file_geometry(const struct flash_file *flash) {
    struct linnet_flash geometry = {flash->memory, flash->bytes, FLASH_SECTOR_BYTES,
                                    FLASH_WRITE_BYTES};
    return geometry;
}

int32_t flash_file_erase(struct flash_file *flash, uint32_t offset) {
    if (offset % FLASH_SECTOR_BYTES != 0 || offset >= flash->bytes) {
        return LINNET_ERR_FLASH;
    }
    memset(flash->memory + offset, 0xff, FLASH_SECTOR_BYTES);
    return LINNET_OK;
}

int32_t flash_file_program(struct flash_file *flash, uint32_t offset, const uint8_t *data,
                           uint32_t length) {
    if (offset % FLASH_WRITE_BYTES != 0 || length % FLASH_WRITE_BYTES != 0 ||
        length > flash->bytes || offset > flash->bytes - length) {
        return LINNET_ERR_FLASH;
    }
    for (uint32_t i = 0; i < length; i++) {
        flash->memory[offset + i] &= data[i];
    }
    return LINNET_OK;
}
