/* The seven 128 KB sectors of the STM32F407's flash (RM0090, 3.6), programmed by words at 3 V. */
#include "board.h"
#include "stm32f4.h"

#define SECTOR_BYTES (128u * 1024u)
#define WRITE_BYTES 4u
#define FIRST_SECTOR 5u

#define KEY_1 0x45670123u
#define KEY_2 0xcdef89abu
#define SR_ERRORS 0xf2u
#define SR_BUSY (1u << 16)
#define CR_PROGRAM (1u << 0)
#define CR_SECTOR_ERASE (1u << 1)
#define CR_SECTOR(number) ((number) << 3)
#define CR_WORDS (2u << 8)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)

#define ACR_DATA_CACHE (1u << 10)
#define ACR_DATA_CACHE_RESET (1u << 12)

struct linnet_flash store_flash_describe(void) {
    const struct linnet_flash flash = {
        .base = linnet_store_start,
        .bytes = store_flash_bytes(),
        .sector_bytes = SECTOR_BYTES,
        .write_bytes = WRITE_BYTES,
    };
    return flash;
}

static void wait(void) {
    while ((FLASH_SR & SR_BUSY) != 0) {
    }
}

/* Unlocks and forgets errors of before. */
static void begin(void) {
    wait();
    FLASH_KEYR = KEY_1;
    FLASH_KEYR = KEY_2;
    FLASH_SR = SR_ERRORS;
}

/* Locks again; ERR_FLASH if the interface saw an error since begin(). */
static int32_t end(void) {
    wait();
    FLASH_CR = CR_LOCK;
    return (FLASH_SR & SR_ERRORS) == 0 ? LINNET_OK : LINNET_ERR_FLASH;
}

/* The data cache may hold what the flash held before. */
static void flush_data_cache(void) {
    FLASH_ACR &= ~ACR_DATA_CACHE;
    FLASH_ACR |= ACR_DATA_CACHE_RESET;
    FLASH_ACR &= ~ACR_DATA_CACHE_RESET;
    FLASH_ACR |= ACR_DATA_CACHE;
}

int32_t store_flash_erase(void *context, uint32_t offset) {
    (void)context;
    int32_t status = store_flash_check(offset, SECTOR_BYTES, SECTOR_BYTES);
    if (status != LINNET_OK) {
        return status;
    }
    begin();
    FLASH_CR = CR_WORDS | CR_SECTOR_ERASE | CR_SECTOR(FIRST_SECTOR + offset / SECTOR_BYTES);
    FLASH_CR |= CR_START;
    status = end();
    flush_data_cache();
    return status;
}

int32_t store_flash_program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    (void)context;
    int32_t status = store_flash_check(offset, length, WRITE_BYTES);
    if (status != LINNET_OK) {
        return status;
    }
    begin();
    FLASH_CR = CR_WORDS | CR_PROGRAM;
    for (uint32_t i = 0; i < length; i += WRITE_BYTES) {
        uint32_t word = (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 |
                        (uint32_t)data[i + 2] << 16 | (uint32_t)data[i + 3] << 24;
        *(volatile uint32_t *)(void *)(linnet_store_start + offset + i) = word;
        wait();
    }
    status = end();
    flush_data_cache();
    return status;
}
