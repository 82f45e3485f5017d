/*
 * A NOR flash that can lose its power: erase sets a sector to ff, program clears bits of erased
 * cells, and the operation during which the power goes is left half done, down to the bit.
 */
#ifndef LINNET_TEST_NOR_FLASH_H
#define LINNET_TEST_NOR_FLASH_H

#include "linnet_port.h"

struct nor_flash {
    struct linnet_port port; /* what the store sees; its context is this struct */
    uint8_t *bytes;
    uint32_t operations; /* erases and programs since the power came */
    uint32_t cut_at;     /* the operation that is cut, from 0; UINT32_MAX = none */
    uint32_t seed;       /* how far the cut operation gets */
    uint32_t stuck_at;   /* an address whose bits stay set; UINT32_MAX = none */
    int32_t refusal;     /* status of every operation if negative */
};

void nor_flash_open(struct nor_flash *flash, uint32_t bytes, uint32_t sector_bytes,
                    uint32_t write_bytes);
void nor_flash_close(struct nor_flash *flash);
/* The power comes back, and goes again during operation `cut_at`. */
void nor_flash_restart(struct nor_flash *flash, uint32_t cut_at, uint32_t seed);

#endif
