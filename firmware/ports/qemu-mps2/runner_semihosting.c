/* Surroundings of the vector runner in QEMU: files through semihosting, instructions counted. */
#include "cortex_m.h"
#include "runner_host.h"
#include "semihosting.h"

/* CMSDK timer 0: counts down at 25 MHz (Arm DDI 0479, 4.2). */
#define TIMER_CONTROL LINNET_REGISTER(0x40000000u)
#define TIMER_VALUE LINNET_REGISTER(0x40000004u)
#define TIMER_RELOAD LINNET_REGISTER(0x40000008u)

/* With -icount shift=0 an instruction takes 1 ns, a tick of the timer 40 ns. */
#define INSTRUCTIONS_PER_TICK 40u

#define MAX_ARGUMENTS 5u

int32_t runner_read_file(const char *path, uint8_t *out, uint32_t capacity) {
    return semihosting_read_file(path, out, capacity);
}

int32_t runner_write_file(const char *path, const uint8_t *data, uint32_t length) {
    return semihosting_write_file(path, data, length);
}

uint32_t runner_instructions(void) {
    return (0u - TIMER_VALUE) * INSTRUCTIONS_PER_TICK;
}

uint32_t runner_stack_high_water(void) {
    return linnet_stack_high_water();
}

void runner_print(const char *text) {
    semihosting_print(text);
}

void linnet_systick(void) {
}

void linnet_fault(void) {
    semihosting_print("vector_runner: processor fault\n");
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
    static char line[256];
    const char *arguments[MAX_ARGUMENTS];
    TIMER_RELOAD = 0xffffffffu;
    TIMER_VALUE = 0xffffffffu;
    TIMER_CONTROL = 1u;
    uint32_t count = 0;
    if (semihosting_command_line(line, sizeof line) == 0) {
        count = split(line, arguments);
    }
    semihosting_exit(runner_main(count, arguments));
}
