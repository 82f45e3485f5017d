#include "store_cell.h"

#include <string.h>
#include "bytes.h"
#include "crc32.h"

#define DATA_AT 16u
#define NOTE_AT (DATA_AT + LINNET_CELL_DATA_BYTES)
#define CRC_AT (LINNET_CELL_BYTES - 4u)
#define ERASED 0xffu

linnet_status_t linnet_flash_program(const struct linnet_port *port, uint32_t offset,
                                     const uint8_t *data, uint32_t length) {
    int32_t status = port->flash_program(port->context, offset, data, length);
    if (status < 0) {
        return (linnet_status_t)status;
    }
    return memcmp(port->flash.base + offset, data, length) == 0 ? LINNET_OK : LINNET_ERR_FLASH;
}

linnet_status_t linnet_flash_erase(const struct linnet_port *port, uint32_t offset) {
    int32_t status = port->flash_erase(port->context, offset);
    return status < 0 ? (linnet_status_t)status : LINNET_OK;
}

bool linnet_cell_read(const struct linnet_port *port, uint32_t offset, uint32_t magic,
                      struct linnet_cell *cell) {
    const uint8_t *bytes = port->flash.base + offset;
    struct linnet_reader head = linnet_reader(bytes, DATA_AT);
    struct linnet_reader tail = linnet_reader(bytes + CRC_AT, LINNET_CELL_BYTES - CRC_AT);
    cell->magic = linnet_get_u32(&head);
    cell->sequence = linnet_get_u32(&head);
    cell->number = linnet_get_u32(&head);
    cell->length = linnet_get_u32(&head);
    cell->data = bytes + DATA_AT;
    cell->note = bytes + NOTE_AT;
    return cell->magic == magic && linnet_get_u32(&tail) == linnet_crc32(bytes, CRC_AT);
}

linnet_status_t linnet_cell_write(const struct linnet_port *port, uint32_t offset,
                                  const struct linnet_cell *cell) {
    uint8_t bytes[LINNET_CELL_BYTES];
    struct linnet_writer head = linnet_writer(bytes, DATA_AT);
    struct linnet_writer tail = linnet_writer(bytes + CRC_AT, LINNET_CELL_BYTES - CRC_AT);
    memset(bytes, ERASED, sizeof bytes);
    linnet_put_u32(&head, cell->magic);
    linnet_put_u32(&head, cell->sequence);
    linnet_put_u32(&head, cell->number);
    linnet_put_u32(&head, cell->length);
    memcpy(bytes + DATA_AT, cell->data, LINNET_CELL_DATA_BYTES);
    if (cell->note != NULL) {
        memcpy(bytes + NOTE_AT, cell->note, LINNET_CELL_NOTE_BYTES);
    }
    linnet_put_u32(&tail, linnet_crc32(bytes, CRC_AT));
    return linnet_flash_program(port, offset, bytes, sizeof bytes);
}

bool linnet_cell_is_blank(const struct linnet_port *port, uint32_t offset) {
    const uint8_t *bytes = port->flash.base + offset;
    for (uint32_t i = 0; i < LINNET_CELL_BYTES; i++) {
        if (bytes[i] != ERASED) {
            return false;
        }
    }
    return true;
}
