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
static uint32_t open_locked(struct flash_file *flash, const struct flash_options *options) {
    struct stat status;
    const char *path = options->path;
    flash->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (flash->descriptor < 0 || fstat(flash->descriptor, &status) != 0) {
        fail(EXIT_USAGE_ERROR, "give --flash a writable file", "%s: %s", path, strerror(errno));
    }
    if (flock(flash->descriptor, LOCK_EX | LOCK_NB) != 0) {
        fail(EXIT_FAILED, "give every node its own flash file", "%s is used by another node", path);
    }
    if (status.st_size % options->sector_bytes != 0 || status.st_size > INT32_MAX) {
        fail(EXIT_USAGE_ERROR, "delete the file to start with an empty flash",
             "%s is not a flash of whole %u-byte sectors", path, options->sector_bytes);
    }
    return (uint32_t)status.st_size;
}

/* Writes every byte: a disk that is full then says so here, and not by a signal when the map is
 * written. */
static void make_erased(const struct flash_file *flash, uint32_t bytes, const char *path) {
    uint8_t erased[4096];
    memset(erased, 0xff, sizeof erased);
    for (uint32_t left = bytes; left > 0;) {
        ssize_t length =
            write(flash->descriptor, erased, left < sizeof erased ? left : sizeof erased);
        if (length > 0) {
            left -= (uint32_t)length;
        } else if (errno != EINTR) {
            int cause = errno;
            unlink(path);
            fail(EXIT_FAILED, "make room on the disk", "%s: %s", path, strerror(cause));
        }
    }
}

void flash_file_open(struct flash_file *flash, const struct flash_options *options) {
    const char *path = options->path;
    uint32_t present = 0;
    flash->descriptor = -1;
    if (path != NULL) {
        present = open_locked(flash, options);
    }
    if (present != 0 && options->bytes != 0 && options->bytes != present) {
        fail(EXIT_USAGE_ERROR, "delete the file or leave out --flash-kb",
             "%s has %u KiB, not the %u of --flash-kb", path, present / 1024,
             options->bytes / 1024);
    }
    uint32_t wanted = options->bytes != 0 ? options->bytes : DEFAULT_BYTES;
    uint32_t bytes = present != 0 ? present : wanted;
    if (present == 0 && path != NULL) {
        make_erased(flash, bytes, path);
    }
    uint8_t *memory = map(flash->descriptor, bytes, path != NULL ? path : "flash");
    if (path == NULL) {
        memset(memory, 0xff, bytes);
    }
    nor_flash_init(&flash->nor, memory, bytes, options->sector_bytes, options->write_bytes);
    nor_flash_restart(&flash->nor, options->cut_at, options->cut_seed);
}

void flash_file_close(struct flash_file *flash) {
    munmap(flash->nor.memory, flash->nor.bytes);
    if (flash->descriptor >= 0) {
        close(flash->descriptor);
    }
}

static int32_t end_if_cut(const struct flash_file *flash, int32_t status) {
    if (!flash->nor.has_power) {
        log_line("the power went during flash operation %u", flash->nor.cut_at);
        _exit(EXIT_POWER_CUT);
    }
    return status;
}

int32_t flash_file_erase(struct flash_file *flash, uint32_t offset) {
    return end_if_cut(flash, nor_flash_erase(&flash->nor, offset));
}

int32_t flash_file_program(struct flash_file *flash, uint32_t offset, const uint8_t *data,
                           uint32_t length) {
    return end_if_cut(flash, nor_flash_program(&flash->nor, offset, data, length));
}
