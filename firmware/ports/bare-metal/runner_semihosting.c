/* Surroundings of a runner on a board: files through semihosting, memory from the linker.
 */
#include "image.h"
#include "runner_core.h"
#include "runner_host.h"
#include "semihosting.h"

#define MAX_ARGUMENTS 6u

int32_t runner_open(const char *path, enum runner_mode mode) {
    return semihosting_open(path, mode == RUNNER_WRITE ? SEMIHOSTING_WRITE_BINARY
                                                       : SEMIHOSTING_READ_BINARY);
}

int32_t runner_read(int32_t file, uint8_t *out, uint32_t capacity) {
    return semihosting_read(file, out, capacity);
}

int32_t runner_write(int32_t file, const uint8_t *data, uint32_t length) {
    return semihosting_write(file, data, length);
}

int32_t runner_close(int32_t file) {
    return semihosting_close(file);
}

/* STORE is flash on a board that has some: QEMU's semihosting writes there, like a programmer. */
struct runner_memory runner_wasm_memory(void) {
    return (struct runner_memory){linnet_store_start,
                                  (uint32_t)(linnet_store_end - linnet_store_start)};
}

struct runner_memory runner_heap_memory(void) {
    return (struct runner_memory){linnet_heap_start,
                                  (uint32_t)(linnet_heap_end - linnet_heap_start)};
}

uint32_t runner_ticks(void) {
    return runner_core_ticks();
}

uint32_t runner_instructions(uint32_t ticks) {
    return runner_core_instructions(ticks);
}

uint32_t runner_stack_high_water(void) {
    return linnet_stack_high_water();
}

void runner_print(const char *text) {
    semihosting_print(text);
}

void linnet_fault(void) {
    semihosting_print("processor fault\n");
    semihosting_exit(RUNNER_FAULT);
}

/* Splits at spaces, in place. */
static uint32_t split(char *line, const char **words) {
    uint32_t count = 0;
    for (char *at = line; *at != 0 && count < MAX_ARGUMENTS; count++) {
        words[count] = at;
        while (*at != 0 && *at != ' ') {
            at++;
        }
        if (*at == ' ') {
            *at++ = 0;
        }
    }
    return count;
}

int main(void) {
    static char line[96];
    const char *arguments[MAX_ARGUMENTS];
    runner_core_start();
    uint32_t count = 0;
    if (semihosting_command_line(line, sizeof line) == 0) {
        count = split(line, arguments);
    }
    semihosting_exit(runner_main(count, arguments));
}
