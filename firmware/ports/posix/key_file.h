/* The key of a node in a file: 64 hex digits, as `linnet fleet add` writes it. */
#ifndef LINNET_POSIX_KEY_FILE_H
#define LINNET_POSIX_KEY_FILE_H

#include "linnet_contract.h"

/* Ends the process with one line if the file holds no key. */
void key_file_read(const char *path, uint8_t key[LINNET_KEY_BYTES]);

#endif
