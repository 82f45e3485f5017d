#include "nor_flash.h"
#include "check.h"

static int32_t allow(struct nor_flash *flash, uint32_t *is_cut) {
    uint32_t operation = flash->operations++;
    if (flash->refusal < 0) {
        return flash->refusal;
    }
    if (operation > flash->cut_at) {
        return LINNET_ERR_FLASH; /* without power */
    }
    *is_cut = operation == flash->cut_at;
    return LINNET_OK;
}

static uint8_t noise(struct nor_flash *flash) {
    return (uint8_t)(random_u32(&flash->seed) & random_u32(&flash->seed));
}

static int32_t erase(void *context, uint32_t offset) {
    struct nor_flash *flash = context;
    const struct linnet_flash *geometry = &flash->port.flash;
    uint32_t is_cut = 0;
    CHECK(offset % geometry->sector_bytes == 0 && offset < geometry->bytes);
    int32_t status = allow(flash, &is_cut);
    if (status != LINNET_OK) {
        return status;
    }
    if (!is_cut) {
        memset(flash->bytes + offset, 0xff, geometry->sector_bytes);
        return LINNET_OK;
    }
    /* Every bit is on its way to 1; where and how many arrived differs from cut to cut. */
    uint32_t from =
        random_below(&flash->seed, 2) * random_below(&flash->seed, geometry->sector_bytes);
    uint32_t strength = random_below(&flash->seed, 4);
    for (uint32_t i = from; i < geometry->sector_bytes; i++) {
        for (uint32_t n = 0; n < strength; n++) {
            flash->bytes[offset + i] |= noise(flash);
        }
    }
    return LINNET_ERR_FLASH;
}

static int32_t program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    struct nor_flash *flash = context;
    const struct linnet_flash *geometry = &flash->port.flash;
    uint32_t is_cut = 0;
    CHECK(offset % geometry->write_bytes == 0 && length % geometry->write_bytes == 0);
    CHECK(length > 0 && length <= geometry->bytes && offset <= geometry->bytes - length);
    int32_t status = allow(flash, &is_cut);
    if (status != LINNET_OK) {
        return status;
    }
    uint32_t whole = is_cut ? random_below(&flash->seed, length + 1) : length;
    for (uint32_t i = 0; i < whole; i++) {
        CHECK_EQUAL(flash->bytes[offset + i], 0xff); /* nothing is programmed twice */
        flash->bytes[offset + i] = offset + i == flash->stuck_at ? 0xff : data[i];
    }
    if (is_cut && whole < length) {
        flash->bytes[offset + whole] &= (uint8_t)(data[whole] | noise(flash));
    }
    return is_cut ? LINNET_ERR_FLASH : LINNET_OK;
}

void nor_flash_open(struct nor_flash *flash, uint32_t bytes, uint32_t sector_bytes,
                    uint32_t write_bytes) {
    memset(flash, 0, sizeof *flash);
    flash->bytes = malloc(bytes);
    CHECK(flash->bytes != NULL);
    memset(flash->bytes, 0xff, bytes);
    flash->stuck_at = UINT32_MAX;
    flash->port.context = flash;
    flash->port.flash.base = flash->bytes;
    flash->port.flash.bytes = bytes;
    flash->port.flash.sector_bytes = sector_bytes;
    flash->port.flash.write_bytes = write_bytes;
    flash->port.flash_erase = erase;
    flash->port.flash_program = program;
    nor_flash_restart(flash, UINT32_MAX, 0);
}

void nor_flash_close(struct nor_flash *flash) {
    free(flash->bytes);
}

void nor_flash_restart(struct nor_flash *flash, uint32_t cut_at, uint32_t seed) {
    flash->operations = 0;
    flash->cut_at = cut_at;
    flash->seed = random_stream(seed);
}
