#include "runner_host.h"

#include <stdio.h>

#define WASM_BYTES (256u * 1024u)
#define HEAP_BYTES (6u * 1024u * 1024u)
#define MAX_FILES 4

static FILE *files[MAX_FILES];

int32_t runner_open(const char *path, enum runner_mode mode) {
    for (int32_t handle = 0; handle < MAX_FILES; handle++) {
        if (files[handle] == NULL) {
            files[handle] = fopen(path, mode == RUNNER_WRITE ? "wb" : "rb");
            return files[handle] == NULL ? -1 : handle;
        }
    }
    return -1;
}

int32_t runner_read(int32_t file, uint8_t *out, uint32_t capacity) {
    size_t length = fread(out, 1, capacity, files[file]);
    return ferror(files[file]) == 0 ? (int32_t)length : -1;
}

int32_t runner_write(int32_t file, const uint8_t *data, uint32_t length) {
    return fwrite(data, 1, length, files[file]) == length ? 0 : -1;
}

int32_t runner_close(int32_t file) {
    int status = fclose(files[file]);
    files[file] = NULL;
    return status == 0 ? 0 : -1;
}

struct runner_memory runner_wasm_memory(void) {
    static uint64_t memory[WASM_BYTES / 8u];
    return (struct runner_memory){(uint8_t *)memory, sizeof memory};
}

struct runner_memory runner_heap_memory(void) {
    static uint64_t memory[HEAP_BYTES / 8u];
    return (struct runner_memory){(uint8_t *)memory, sizeof memory};
}

uint32_t runner_ticks(void) {
    return 0;
}

uint32_t runner_instructions(uint32_t ticks) {
    (void)ticks;
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
