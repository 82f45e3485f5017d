#include "key_file.h"
#include "fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* -1: no hex digit. */
static int digit_of(int c) {
    static const char digits[] = "0123456789abcdef";
    const char *found = c > 0 ? strchr(digits, c) : NULL;
    return found == NULL ? -1 : (int)(found - digits);
}

static int is_end(int c) {
    return c == EOF || c == '\n' || c == '\r';
}

void key_file_read(const char *path, uint8_t key[LINNET_KEY_BYTES]) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail(EXIT_USAGE_ERROR, "give the node.key of the node", "%s: %s", path, strerror(errno));
    }
    int is_good = 1;
    for (uint32_t i = 0; i < LINNET_KEY_BYTES && is_good; i++) {
        int high = digit_of(fgetc(file));
        int low = digit_of(fgetc(file));
        is_good = high >= 0 && low >= 0;
        key[i] = (uint8_t)(is_good ? high << 4 | low : 0);
    }
    is_good = is_good && is_end(fgetc(file));
    fclose(file);
    if (!is_good) {
        fail(EXIT_USAGE_ERROR, "give a file of 64 hex digits", "%s is no key", path);
    }
}
