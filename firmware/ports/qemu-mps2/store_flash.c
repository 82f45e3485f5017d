/*
 * NOR flash, emulated in a region of RAM that start-up leaves alone: it survives a reset of the
 * board, not the end of QEMU.
 */
#include <string.h>
#include "board.h"
#include "cortex_m.h"

#define SECTOR_BYTES 4096u
#define WRITE_BYTES 4u

struct linnet_flash store_flash_describe(void) {
    const struct linnet_flash flash = {
        .base = linnet_store_start,
        .bytes = store_flash_bytes(),
        .sector_bytes = SECTOR_BYTES,
        .write_bytes = WRITE_BYTES,
    };
    return flash;
}

int32_t store_flash_erase(void *context, uint32_t offset) {
    (void)context;
    int32_t status = store_flash_check(offset, SECTOR_BYTES, SECTOR_BYTES);
    if (status == LINNET_OK) {
        memset(linnet_store_start + offset, 0xff, SECTOR_BYTES);
    }
    return status;
}

int32_t store_flash_program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    (void)context;
    int32_t status = store_flash_check(offset, length, WRITE_BYTES);
    for (uint32_t i = 0; status == LINNET_OK && i < length; i++) {
        linnet_store_start[offset + i] &= data[i];
    }
    return status;
}
