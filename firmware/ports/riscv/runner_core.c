/* Instructions on a RISC-V core: the counter of instructions retired. */
#include "runner_core.h"
#include "riscv.h"

void runner_core_start(void) {
}

uint32_t runner_core_ticks(void) {
    uint32_t retired;
    RISCV_READ("minstret", retired);
    return retired;
}

uint32_t runner_core_instructions(uint32_t ticks) {
    return ticks;
}
