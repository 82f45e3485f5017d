/* The clock of a core, as the vector runner counts instructions with it. */
#ifndef LINNET_RUNNER_CORE_H
#define LINNET_RUNNER_CORE_H

#include <stdint.h>

void runner_core_start(void);
/* Ticks since the start, wrapping at 2^32. */
uint32_t runner_core_ticks(void);
/* Instructions executed in so many ticks, if QEMU runs with `-icount shift=0`: 1 ns each. */
uint32_t runner_core_instructions(uint32_t ticks);

#endif
