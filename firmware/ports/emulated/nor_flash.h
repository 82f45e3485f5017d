/*
 * NOR flash in memory, for ports without one and for tests: erase sets a sector to ff, program
 * clears bits of whole units that are blank, and the operation during which the power goes is left
 * half done. Erase and program are callbacks of struct linnet_port; their context is this struct.
 *
 * It is as strict as a part whose units carry an ECC: a unit is programmed once between two erases.
 */
#ifndef LINNET_NOR_FLASH_H
#define LINNET_NOR_FLASH_H

#include <stdbool.h>
#include "linnet_port.h"

#define NOR_FLASH_NEVER UINT32_MAX

struct nor_flash {
    uint8_t *memory;
    uint32_t bytes;
    uint32_t sector_bytes; /* erase unit */
    uint32_t write_bytes;  /* program unit */

    uint32_t operations; /* erases and programs since the power came */
    uint32_t cut_at;     /* the operation, from 0, during which it goes; or NEVER */
    uint32_t seed;       /* how far that one gets */
    bool has_power;
    uint32_t misuses; /* operations no such part would have done */

    uint32_t *erases;  /* of every sector, ever; NULL = not counted */
    uint32_t stuck_at; /* an address whose bits stay set; or NEVER */
    int32_t refusal;   /* status of every operation if negative */
};

/* memory [bytes]: what the flash holds; it is not changed. The power is on and stays on. */
void nor_flash_init(struct nor_flash *flash, uint8_t *memory, uint32_t bytes, uint32_t sector_bytes,
                    uint32_t write_bytes);
/* The power comes back, and goes again during operation `cut_at`. */
void nor_flash_restart(struct nor_flash *flash, uint32_t cut_at, uint32_t seed);

struct linnet_flash nor_flash_describe(const struct nor_flash *flash);

/*
 * Both return LINNET_OK, the status `refusal`, or ERR_FLASH: for what is no sector, no whole unit
 * or not blank, in the operation that is cut, and from then on.
 */
int32_t nor_flash_erase(void *flash, uint32_t offset);
int32_t nor_flash_program(void *flash, uint32_t offset, const uint8_t *data, uint32_t length);

#endif
