/*
 * CRC-32 of IEEE 802.3: reflected polynomial 0xedb88320, start and final value all ones. The check
 * value of "123456789" is 0xcbf43926.
 */
#ifndef LINNET_CRC32_H
#define LINNET_CRC32_H

#include <stdint.h>

uint32_t linnet_crc32(const uint8_t *data, uint32_t length);

#endif
