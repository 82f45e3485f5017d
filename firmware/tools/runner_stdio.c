#include "runner_host.h"

#include <stdio.h>

int32_t runner_read_file(const char *path, uint8_t *out, uint32_t capacity) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return -1;
    }
    size_t length = fread(out, 1, capacity, file);
    int is_whole = ferror(file) == 0 && fgetc(file) == EOF;
    fclose(file);
    return is_whole ? (int32_t)length : -1;
}

int32_t runner_write_file(const char *path, const uint8_t *data, uint32_t length) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return -1;
    }
    size_t written = fwrite(data, 1, length, file);
    int is_closed = fclose(file) == 0;
    return written == length && is_closed ? 0 : -1;
}

uint32_t runner_instructions(void) {
    return 0;
}

uint32_t runner_stack_high_water(void) {
    return 0;
}

void runner_print(const char *text) {
    fputs(text, stderr);
}

int main(int count, char **arguments) {
    return (int)runner_main((uint32_t)count - 1u, (const char *const *)arguments + 1);
}
