#include "image.h"

#define STACK_PAINT 0xa5a5a5a5u

extern uint32_t linnet_stack_limit[], linnet_stack_top[];
extern uint32_t linnet_data_start[], linnet_data_end[];
extern const uint32_t linnet_data_load[];
extern uint32_t linnet_bss_start[], linnet_bss_end[];

void abort(void);

void linnet_start(void) {
    /* Below this frame nothing is in use yet, apart from what the loops themselves may spill. */
    uint32_t *frame = (uint32_t *)__builtin_frame_address(0) - 16;
    for (uint32_t *at = linnet_stack_limit; at < frame; at++) {
        *at = STACK_PAINT;
    }
    const uint32_t *from = linnet_data_load;
    for (uint32_t *at = linnet_data_start; at < linnet_data_end; at++) {
        *at = *from++;
    }
    for (uint32_t *at = linnet_bss_start; at < linnet_bss_end; at++) {
        *at = 0;
    }
    main();
    linnet_fault();
}

uint32_t linnet_stack_high_water(void) {
    const uint32_t *at = linnet_stack_limit;
    while (at < linnet_stack_top && *at == STACK_PAINT) {
        at++;
    }
    return (uint32_t)(linnet_stack_top - at) * 4u;
}

/* The C library's would raise a signal; there is nobody to handle it. */
void abort(void) {
    linnet_fault();
    for (;;) {
    }
}
