#include "nor_flash.h"

#include <string.h>

#define ERASED 0xffu
/* What is programmed of a sector lies at its start, as a rule: half of the torn erases end there.
 */
#define EDGE_BYTES 1024u

/* The next number of the seed (Marsaglia 2003, xorshift32). */
static uint32_t draw(struct nor_flash *flash) {
    uint32_t state = flash->seed;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    flash->seed = state;
    return state;
}

/* 0…limit−1 */
static uint32_t draw_below(struct nor_flash *flash, uint32_t limit) {
    return (uint32_t)((uint64_t)draw(flash) * limit >> 32);
}

void nor_flash_init(struct nor_flash *flash, uint8_t *memory, uint32_t bytes, uint32_t sector_bytes,
                    uint32_t write_bytes) {
    memset(flash, 0, sizeof *flash);
    flash->memory = memory;
    flash->bytes = bytes;
    flash->sector_bytes = sector_bytes;
    flash->write_bytes = write_bytes;
    flash->stuck_at = NOR_FLASH_NEVER;
    nor_flash_restart(flash, NOR_FLASH_NEVER, 0);
}

void nor_flash_restart(struct nor_flash *flash, uint32_t cut_at, uint32_t seed) {
    uint32_t state = (seed + 1) * 0x9e3779b1u;
    state = (state ^ state >> 15) * 0x85ebca77u;
    flash->operations = 0;
    flash->cut_at = cut_at;
    flash->seed = (state ^ state >> 13) | 1;
    flash->has_power = true;
}

struct linnet_flash nor_flash_describe(const struct nor_flash *flash) {
    const struct linnet_flash described = {flash->memory, flash->bytes, flash->sector_bytes,
                                           flash->write_bytes};
    return described;
}

/* Counts an operation; has_power is false afterwards if it is the one that is cut. */
static int32_t begin(struct nor_flash *flash) {
    if (flash->refusal < 0) {
        return flash->refusal;
    }
    if (!flash->has_power) {
        return LINNET_ERR_FLASH;
    }
    flash->has_power = flash->operations++ != flash->cut_at;
    return LINNET_OK;
}

static int32_t misuse(struct nor_flash *flash) {
    flash->misuses++;
    return LINNET_ERR_FLASH;
}

/*
 * An erase that is cut. A part programs a sector to 0 before it sets it, so some of the sector, up
 * to an edge or from there on, may be zeros, bits that are on their way to 1, or ff.
 */
static void tear_erase(struct nor_flash *flash, uint8_t *sector) {
    uint32_t bytes = flash->sector_bytes;
    bool is_near = draw_below(flash, 2) == 1 && bytes > EDGE_BYTES;
    uint32_t edge = draw_below(flash, (is_near ? EDGE_BYTES : bytes) + 1);
    bool is_from_the_end = draw_below(flash, 2) == 1;
    uint32_t manner = draw_below(flash, 4);
    for (uint32_t i = is_from_the_end ? edge : 0; i < (is_from_the_end ? bytes : edge); i++) {
        uint8_t *byte = &sector[i];
        switch (manner) {
        case 0:
            *byte = 0;
            break;
        case 1:
            *byte = ERASED;
            break;
        case 2:
            *byte = (uint8_t)(*byte | draw(flash));
            break;
        default:
            *byte = (uint8_t)(draw(flash) & draw(flash));
        }
    }
}

int32_t nor_flash_erase(void *context, uint32_t offset) {
    struct nor_flash *flash = context;
    if (offset % flash->sector_bytes != 0 || offset >= flash->bytes ||
        flash->bytes - offset < flash->sector_bytes) {
        return misuse(flash);
    }
    int32_t status = begin(flash);
    if (status < 0) {
        return status;
    }
    if (flash->erases != NULL) {
        flash->erases[offset / flash->sector_bytes]++;
    }
    if (!flash->has_power) {
        tear_erase(flash, flash->memory + offset);
        return LINNET_ERR_FLASH;
    }
    memset(flash->memory + offset, ERASED, flash->sector_bytes);
    return LINNET_OK;
}

static bool is_blank(const uint8_t *memory, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        if (memory[i] != ERASED) {
            return false;
        }
    }
    return true;
}

/* Whole units up to a drawn one, and of that one some of the bits, down to none or all of them. */
static void tear_program(struct nor_flash *flash, uint8_t *memory, const uint8_t *data,
                         uint32_t length) {
    uint32_t whole = draw_below(flash, length / flash->write_bytes) * flash->write_bytes;
    uint32_t strength = draw_below(flash, 4);
    memcpy(memory, data, whole);
    for (uint32_t i = whole; i < whole + flash->write_bytes; i++) {
        uint32_t stays = strength == 0 ? ERASED : 0;
        for (uint32_t n = 1; n < strength; n++) {
            stays |= draw(flash);
        }
        memory[i] = (uint8_t)(data[i] | stays);
    }
}

int32_t nor_flash_program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    struct nor_flash *flash = context;
    if (offset % flash->write_bytes != 0 || length % flash->write_bytes != 0 || length == 0 ||
        length > flash->bytes || offset > flash->bytes - length) {
        return misuse(flash);
    }
    int32_t status = begin(flash);
    if (status < 0) {
        return status;
    }
    uint8_t *memory = flash->memory + offset;
    if (!is_blank(memory, length)) {
        return misuse(flash);
    }
    if (!flash->has_power) {
        tear_program(flash, memory, data, length);
        return LINNET_ERR_FLASH;
    }
    memcpy(memory, data, length);
    if (flash->stuck_at - offset < length) {
        flash->memory[flash->stuck_at] = ERASED;
    }
    return LINNET_OK;
}
