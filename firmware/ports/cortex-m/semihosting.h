/*
 * Files and exit codes of the host, from inside QEMU or a debugger (Arm IHI 0058, "Semihosting for
 * AArch32 and AArch64"). Calls fault if no semihosting host listens.
 */
#ifndef LINNET_SEMIHOSTING_H
#define LINNET_SEMIHOSTING_H

#include <stdint.h>

/* Reads a file whole. Returns its bytes, or −1 if it cannot be read or is longer than capacity. */
int32_t semihosting_read_file(const char *path, uint8_t *out, uint32_t capacity);
/* Returns 0, or −1. */
int32_t semihosting_write_file(const char *path, const uint8_t *data, uint32_t length);
/* The command line of the program, zero-terminated. Returns 0, or −1 if it does not fit. */
int32_t semihosting_command_line(char *out, uint32_t capacity);
/* A line on the host's standard error. */
void semihosting_print(const char *text);
void semihosting_exit(uint32_t code) __attribute__((noreturn));

#endif
