/*
 * Cells: 128 bytes of flash that are valid as a whole or not at all. The store seals with them its
 * records and the headers of its slots.
 *
 *     0      4           8        12       16                48      124      128
 *     ┌──────┬───────────┬────────┬────────┬─────────────────┬───────┬────────┐
 *     │ u32  │ u32       │ u32    │ u32    │ 32 bytes        │ 76 b. │ u32    │
 *     │ magic│ sequence  │ number │ length │ hash or name    │ note  │ CRC-32 │
 *     └──────┴───────────┴────────┴────────┴─────────────────┴───────┴────────┘
 *
 * The CRC covers the 124 bytes before it; a cell that was cut while it was programmed fails it.
 */
#ifndef LINNET_STORE_CELL_H
#define LINNET_STORE_CELL_H

#include <stdbool.h>
#include "linnet_port.h"

#define LINNET_CELL_BYTES 128u
#define LINNET_CELL_DATA_BYTES 32u
#define LINNET_CELL_NOTE_BYTES 76u

struct linnet_cell {
    uint32_t magic;
    uint32_t sequence; /* greater = newer; from 1 */
    uint32_t number;
    uint32_t length;
    const uint8_t *data; /* [32] */
    const uint8_t *note; /* [76]; written as ff … if NULL */
};

/* Reads the cell at an offset of the flash; false if it is not a valid one of this magic. */
bool linnet_cell_read(const struct linnet_port *port, uint32_t offset, uint32_t magic,
                      struct linnet_cell *cell);
/* Programs a cell where the flash is erased. Status as of linnet_flash_program(). */
linnet_status_t linnet_cell_write(const struct linnet_port *port, uint32_t offset,
                                  const struct linnet_cell *cell);
/* True if a cell at this offset was not programmed since the erase. */
bool linnet_cell_is_blank(const struct linnet_port *port, uint32_t offset);

/*
 * Programs and reads back. Returns ERR_FLASH if other bytes than these are then in the flash, or
 * the status of the port.
 */
linnet_status_t linnet_flash_program(const struct linnet_port *port, uint32_t offset,
                                     const uint8_t *data, uint32_t length);
/* Erases the sector at this offset. Returns the status of the port. */
linnet_status_t linnet_flash_erase(const struct linnet_port *port, uint32_t offset);

#endif
