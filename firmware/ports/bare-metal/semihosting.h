/*
 * Files and exit codes of the host, from inside QEMU or a debugger (Arm IHI 0058, "Semihosting for
 * AArch32 and AArch64"; "RISC-V Semihosting", which has the same calls). Calls fault if no
 * semihosting host listens.
 */
#ifndef LINNET_SEMIHOSTING_H
#define LINNET_SEMIHOSTING_H

#include <stdint.h>

enum semihosting_mode { SEMIHOSTING_READ_BINARY = 1, SEMIHOSTING_WRITE_BINARY = 5 };

/* Returns a handle, or −1. */
int32_t semihosting_open(const char *path, enum semihosting_mode mode);
/* Returns the bytes read, fewer than `capacity` only at the end of the file, or −1. */
int32_t semihosting_read(int32_t file, uint8_t *out, uint32_t capacity);
/* Returns 0, or −1. */
int32_t semihosting_write(int32_t file, const uint8_t *data, uint32_t length);
/* Returns 0, or −1. */
int32_t semihosting_close(int32_t file);
/* The command line of the program, zero-terminated. Returns 0, or −1 if it does not fit. */
int32_t semihosting_command_line(char *out, uint32_t capacity);
/* A line on the host's standard error. */
void semihosting_print(const char *text);
void semihosting_exit(uint32_t code) __attribute__((noreturn));

#endif
