/* A port that has nothing but an emulated flash. */
#ifndef LINNET_TEST_FLASH_H
#define LINNET_TEST_FLASH_H

#include "check.h"
#include "nor_flash.h"

struct test_flash {
    struct linnet_port port; /* what the store sees */
    struct nor_flash nor;
};

static inline void test_flash_open(struct test_flash *flash, uint32_t bytes, uint32_t sector_bytes,
                                   uint32_t write_bytes) {
    uint8_t *memory = malloc(bytes);
    CHECK(memory != NULL);
    memset(memory, 0xff, bytes);
    nor_flash_init(&flash->nor, memory, bytes, sector_bytes, write_bytes);
    memset(&flash->port, 0, sizeof flash->port);
    flash->port.context = &flash->nor;
    flash->port.flash = nor_flash_describe(&flash->nor);
    flash->port.flash_erase = nor_flash_erase;
    flash->port.flash_program = nor_flash_program;
}

static inline void test_flash_close(struct test_flash *flash) {
    CHECK_EQUAL(flash->nor.misuses, 0);
    free(flash->nor.memory);
}

#endif
